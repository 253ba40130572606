"""What rides of the zones nearby say, for pairs and hours that have few rides of their own.

A pair of zones is seen once or never in a month, its neighbours' pairs dozens of times. Each table
is a mean in which the rides of other zones count the less, the further away they are.
"""

import numpy as np

from .recipe import Tables
from .tables import pair_index, zone_index
from .trips import Trips
from .zones import PAIR_SLOTS, ZONE_SLOTS, Zone, straight_line_miles

HOURS_A_DAY = 24
_SECONDS_AN_HOUR = 3600

NEAR_PAIR = ("near_pace", "wide_pace", "near_minutes", "wide_minutes", "pickup_borough_pace", "dropoff_borough_pace")
"""Columns looked up by pair: two widths each, and each end with the borough of the other."""
NEAR_HOUR = "near_hour_pace"
"""Looked up by zone and hour, at either end."""

# Spreads of the weights were tried by cross-validation inside January together with the columns themselves.
_PACE_SPREADS_MILES = (0.6, 1.5)
_MINUTES_SPREADS_MILES = (0.5, 1.2)
_HOUR_SPREAD_MILES = 1.0
_SPREAD_HOURS = 0.8
_PAIR_PRIOR_MILES = 5.0
_PAIR_PRIOR_TRIPS = 1.0
_BOROUGH_PRIOR_MILES = 60.0
_HOUR_PRIOR_MILES = 40.0

_SQUARE = (ZONE_SLOTS, ZONE_SLOTS)


def near_tables(trips: Trips, paced: Trips, zones: list[Zone], boroughs: np.ndarray) -> Tables:
    """All tables; `paced` are the trips whose minutes a mile mean something, `boroughs` a number a zone."""
    distance = straight_line_miles(zones).reshape(_SQUARE)
    pair, miles = pair_index(paced), paced.trip_distance_miles.astype(np.float64)
    city = paced.minutes.sum() / miles.sum()
    minutes_sums, miles_sums = _by_pair(pair, paced.minutes), _by_pair(pair, miles)
    trip_pair = pair_index(trips)
    all_minutes, counts = _by_pair(trip_pair, trips.minutes), _by_pair(trip_pair, np.ones(len(trips)))

    def pace(spread: float) -> np.ndarray:
        near = _weights(distance, spread)
        return _smoothed(_spread(minutes_sums, near), _spread(miles_sums, near), city, _PAIR_PRIOR_MILES)

    def minutes(spread: float) -> np.ndarray:
        near = _weights(distance, spread)
        mean = trips.minutes.mean()
        return _smoothed(_spread(all_minutes, near), _spread(counts, near), mean, _PAIR_PRIOR_TRIPS)

    same_borough = (boroughs[:, None] == boroughs[None, :]).astype(np.float64)
    pair_tables = (
        *(pace(spread) for spread in _PACE_SPREADS_MILES),
        *(minutes(spread) for spread in _MINUTES_SPREADS_MILES),
        _smoothed(minutes_sums @ same_borough, miles_sums @ same_borough, city, _BOROUGH_PRIOR_MILES),
        _smoothed(same_borough @ minutes_sums, same_borough @ miles_sums, city, _BOROUGH_PRIOR_MILES),
    )
    return {
        **{name: table.ravel() for name, table in zip(NEAR_PAIR, pair_tables, strict=True)},
        f"pickup_{NEAR_HOUR}": _hour_pace(paced, paced.pickup_zone, distance, city),
        f"dropoff_{NEAR_HOUR}": _hour_pace(paced, paced.dropoff_zone, distance, city),
    }


def _hour_pace(paced: Trips, zone: np.ndarray, distance: np.ndarray, city: float) -> np.ndarray:
    """Pace by zone and hour, from the zones and hours nearby; it begins at the pace of the hour in the whole city."""
    hour = paced.pickup_local_seconds // _SECONDS_AN_HOUR % HOURS_A_DAY
    row, slots = zone_index(zone) * HOURS_A_DAY + hour, ZONE_SLOTS * HOURS_A_DAY
    miles = paced.trip_distance_miles.astype(np.float64)
    by_hour = _smoothed(
        np.bincount(hour, paced.minutes, minlength=HOURS_A_DAY),
        np.bincount(hour, miles, minlength=HOURS_A_DAY),
        city,
        _BOROUGH_PRIOR_MILES,
    )
    near = _weights(distance, _HOUR_SPREAD_MILES)
    apart = np.abs(np.arange(HOURS_A_DAY)[:, None] - np.arange(HOURS_A_DAY)[None, :])
    soon = np.exp(-0.5 * (np.minimum(apart, HOURS_A_DAY - apart) / _SPREAD_HOURS) ** 2)

    def spread(values: np.ndarray) -> np.ndarray:
        return near @ np.bincount(row, values, minlength=slots).reshape(ZONE_SLOTS, HOURS_A_DAY) @ soon

    return _smoothed(spread(paced.minutes), spread(miles), by_hour[None, :], _HOUR_PRIOR_MILES).ravel()


def _weights(distance: np.ndarray, spread_miles: float) -> np.ndarray:
    """How much the rides of each zone count for each other: 1 for its own, 0 where a zone has no place."""
    weights = np.exp(-0.5 * (np.where(np.isnan(distance), np.inf, distance) / spread_miles) ** 2)
    np.fill_diagonal(weights, 1.0)
    return weights


def _spread(sums: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Sums by pair with those of pairs nearby at both ends."""
    return weights @ sums @ weights.T


def _by_pair(pair: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.bincount(pair, values, minlength=PAIR_SLOTS).reshape(_SQUARE)


def _smoothed(sums: np.ndarray, weight: np.ndarray, prior: float | np.ndarray, prior_weight: float) -> np.ndarray:
    return (sums + prior_weight * prior) / (weight + prior_weight)
