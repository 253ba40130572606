"""When and how people ride: the shares and spreads that a generator of synthetic trips draws from."""

import numpy as np

from .trips import CARD, Trips

_HOURS_A_WEEK = 168
_SECONDS_AN_HOUR = 3600
_MONDAY_OFFSET_HOURS = 72
_MOST_PASSENGERS = 6
_HOUR_PRIOR_TRIPS = 50.0
"""How many trips of usual length an hour of the week starts with."""


def hour_of_week(trips: Trips) -> np.ndarray:
    """0 is Monday 00:00 to 01:00, on the wall clock at pickup."""
    return (trips.pickup_local_seconds // _SECONDS_AN_HOUR + _MONDAY_OFFSET_HOURS) % _HOURS_A_WEEK


def demand_and_spread(
    trips: Trips,
    *,
    expected_minutes: np.ndarray,
    expected_price_usd: np.ndarray,
    miles: np.ndarray,
    expected_miles: np.ndarray,
) -> dict:
    """Everything besides the zone tables; expectations are per trip, made without that trip."""
    known = ~np.isnan(miles) & ~np.isnan(trips.cost_usd)
    log_minutes = np.log(trips.minutes / expected_minutes)
    hour_factor = _hour_minutes(trips, expected_minutes)
    log_rest = log_minutes - np.log(hour_factor[hour_of_week(trips)])
    log_miles = np.log(miles[known] / expected_miles[known])
    log_price = np.log(trips.cost_usd[known] / expected_price_usd[known])
    days = len(np.unique(trips.pickup_local_seconds // 86400))
    return {
        "tripsPerDay": round(len(trips) / days),
        "hours": _rounded(_hour_weights(trips)),
        "hourMinutes": _rounded(hour_factor),
        "minutesSpread": {"mean": _short(log_rest.mean()), "sd": _short(log_rest.std())},
        "milesSpread": _regression(log_miles, {"perMinutes": log_minutes[known]}),
        "priceSpread": _regression(log_price, {"perMinutes": log_minutes[known], "perMiles": log_miles}),
        "dispatchShare": _short(trips.dispatched.mean()),
        "cardShare": _short((trips.payment_type[~trips.dispatched] == CARD).mean()),
        "passengerShares": _passenger_shares(trips),
        "tipShare": _tip_share(trips),
    }


def _hour_weights(trips: Trips) -> np.ndarray:
    """Pickups by hour of the week over how often that weekday occurs, mean 1."""
    counts = np.bincount(hour_of_week(trips), minlength=_HOURS_A_WEEK).astype(np.float64)
    days = np.unique(trips.pickup_local_seconds // 86400)
    weekdays = np.bincount((days + 3) % 7, minlength=7)
    rate = counts / np.maximum(np.repeat(weekdays, 24), 1)
    return rate / rate.mean()


def _hour_minutes(trips: Trips, expected_minutes: np.ndarray) -> np.ndarray:
    hour = hour_of_week(trips)
    usual = _HOUR_PRIOR_TRIPS * trips.minutes.mean()
    real = np.bincount(hour, trips.minutes, minlength=_HOURS_A_WEEK) + usual
    return real / (np.bincount(hour, expected_minutes, minlength=_HOURS_A_WEEK) + usual)


def _passenger_shares(trips: Trips) -> list[float]:
    passengers = np.clip(trips.passenger_count[~trips.dispatched], 0, _MOST_PASSENGERS).astype(np.int64)
    return _rounded(np.bincount(passengers, minlength=_MOST_PASSENGERS + 1) / max(len(passengers), 1))


def _tip_share(trips: Trips) -> dict[str, float]:
    card = ~np.isnan(trips.tip_usd)
    share = np.minimum(trips.tip_usd[card] / trips.cost_usd[card], 1.0)
    tippers = share[share > 0]
    return {
        "mean": _short(share.mean()),
        "sd": _short(share.std()),
        "zeroShare": _short((share == 0).mean()),
        "tippersMean": _short(tippers.mean()),
        "tippersSd": _short(tippers.std()),
    }


def _regression(values: np.ndarray, causes: dict[str, np.ndarray]) -> dict[str, float]:
    """Least squares with an intercept, and the spread of what is left."""
    design = np.stack([np.ones(len(values)), *causes.values()], axis=1)
    slopes, *_ = np.linalg.lstsq(design, values, rcond=None)
    rest = values - design @ slopes
    return {
        "mean": _short(slopes[0]),
        **{name: _short(slope) for name, slope in zip(causes, slopes[1:], strict=True)},
        "sd": _short(rest.std()),
    }


def _short(value: float) -> float:
    return round(float(value), 4)


def _rounded(values: np.ndarray) -> list[float]:
    return [_short(value) for value in values]
