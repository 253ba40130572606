"""Answers without a model: by pair of zones, else by the two zones, else for the whole city."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .contract import INTERVAL_NOMINAL, LONGEST_DISTANCE_MILES
from .fitting import FOLDS, SEED
from .tables import pair_cost_usd, pair_index, pair_means, pair_minutes, zone_index
from .trips import Trips
from .zones import PAIR_SLOTS, ZONE_SLOTS

_BUCKET_EDGES_MINUTES = (8.0, 12.0, 18.0, 25.0)
"""Short rides spread more around their mean than long ones, relative to it."""
_RARE_TRIPS = 3
"""A pair with at most so many trips stands for the pairs that were never seen."""
_ZONE_PRIOR_PAIRS = 5.0
_TAIL = (1 - INTERVAL_NOMINAL) / 2

VALUES = ("minutes", "lower", "upper", "price_usd", "miles")


@dataclass(frozen=True)
class Level:
    """One way to answer: values by table row, and the trips behind each row."""

    trips: np.ndarray
    minutes: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    price_usd: np.ndarray
    miles: np.ndarray


@dataclass(frozen=True)
class Answers:
    """The tables of all levels."""

    pairs: Level
    pickups: Level
    dropoffs: Level
    overall: dict[str, float]

    def answer(self, trips: Trips) -> dict[str, np.ndarray]:
        """What the table says for these trips, by the rules of the file's description."""
        pair = pair_index(trips)
        pickup, dropoff = zone_index(trips.pickup_zone), zone_index(trips.dropoff_zone)
        return {name: self._value(name, pair, pickup, dropoff) for name in VALUES}

    def _value(self, name: str, pair: np.ndarray, pickup: np.ndarray, dropoff: np.ndarray) -> np.ndarray:
        by_pair, by_pickup, by_dropoff = (
            np.where(level.trips[row] > 0, getattr(level, name)[row], np.nan)
            for level, row in ((self.pairs, pair), (self.pickups, pickup), (self.dropoffs, dropoff))
        )
        by_zones = (_or_else(by_pickup, by_dropoff) + _or_else(by_dropoff, by_pickup)) / 2
        return _or_else(_or_else(by_pair, by_zones), self.overall[name])


def _or_else(values: np.ndarray, others: np.ndarray | float) -> np.ndarray:
    return np.where(np.isnan(values), others, values)


def learn(trips: Trips) -> Answers:
    """The tables of the training months."""
    miles = known_miles(trips)
    low, high = np.quantile(trips.minutes, [_TAIL, 1 - _TAIL])
    pickup, dropoff = zone_index(trips.pickup_zone), zone_index(trips.dropoff_zone)
    by_zone = [
        {"trips": np.bincount(zone, minlength=ZONE_SLOTS)}
        | {
            name: rare_zone_mean(trips, zone, values)
            for name, values in (("minutes", trips.minutes), ("price_usd", trips.cost_usd), ("miles", miles))
        }
        for zone in (pickup, dropoff)
    ]
    rare = np.bincount(pair_index(trips), minlength=PAIR_SLOTS)[pair_index(trips)] <= _RARE_TRIPS
    both = (by_zone[0]["minutes"][pickup] + by_zone[1]["minutes"][dropoff]) / 2
    zone_ratios = _ratio_quantiles(trips.minutes[rare], both[rare])
    minutes = pair_minutes(trips)
    return Answers(
        pairs=Level(
            np.bincount(pair_index(trips), minlength=PAIR_SLOTS),
            minutes,
            *_bounds(minutes, _ratio_quantiles(trips.minutes, unseen_pair_means(trips, pair_minutes))),
            pair_cost_usd(trips),
            pair_miles(trips),
        ),
        pickups=_zone_level(by_zone[0], zone_ratios),
        dropoffs=_zone_level(by_zone[1], zone_ratios),
        overall={
            "minutes": float(trips.minutes.mean()),
            "lower": float(low),
            "upper": float(high),
            "price_usd": float(np.nanmean(trips.cost_usd)),
            "miles": float(np.nanmean(miles)),
        },
    )


def known_miles(trips: Trips) -> np.ndarray:
    """Metered miles, NaN where the meter shows nothing or nonsense."""
    miles = trips.trip_distance_miles.astype(np.float64)
    return np.where((miles > 0) & (miles <= LONGEST_DISTANCE_MILES), miles, np.nan)


def pair_miles(trips: Trips) -> np.ndarray:
    """Expected metered miles by pair of zones."""
    return pair_means(trips, known_miles(trips), 0.5, 30.0)


def unseen_pair_means(trips: Trips, table: Callable[[Trips], np.ndarray]) -> np.ndarray:
    """A pair table's value for each trip, made from the trips of the other folds."""
    fold = np.random.default_rng(SEED).integers(0, FOLDS, len(trips))
    rows = pair_index(trips)
    result = np.empty(len(trips))
    for number in np.unique(fold):
        here = fold == number
        result[here] = table(trips.take(~here))[rows[here]]
    return result


def rare_zone_mean(trips: Trips, zone: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Mean by zone in which every pair counts once, however many trips it has.

    A zone's row is used for pairs never seen. Those are far apart, so the mean over trips, most
    of them between neighbours, was 12 minutes short for them.
    """
    known = ~np.isnan(values)
    rows = pair_index(trips)[known]
    weight = 1.0 / np.bincount(rows, minlength=PAIR_SLOTS)[rows]
    city = np.average(values[known], weights=weight)
    sums = np.bincount(zone[known], weight * values[known], minlength=ZONE_SLOTS)
    pairs = np.bincount(zone[known], weight, minlength=ZONE_SLOTS)
    return (sums + _ZONE_PRIOR_PAIRS * city) / (pairs + _ZONE_PRIOR_PAIRS)


def _zone_level(table: dict[str, np.ndarray], ratios: np.ndarray) -> Level:
    lower, upper = _bounds(table["minutes"], ratios)
    return Level(table["trips"], table["minutes"], lower, upper, table["price_usd"], table["miles"])


def _ratio_quantiles(minutes: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Lower and upper quantile of truth over expectation, a row for each bucket of the expectation."""
    bucket = np.digitize(expected, _BUCKET_EDGES_MINUTES)
    ratio = minutes / expected
    tails = [_TAIL, 1 - _TAIL]
    return np.array(
        [
            np.quantile(ratio[bucket == number] if (bucket == number).any() else ratio, tails)
            for number in range(len(_BUCKET_EDGES_MINUTES) + 1)
        ]
    )


def _bounds(means: np.ndarray, ratios: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    here = ratios[np.digitize(means, _BUCKET_EDGES_MINUTES)]
    return np.minimum(means * here[:, 0], means), np.maximum(means * here[:, 1], means)
