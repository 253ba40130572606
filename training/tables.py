"""Smoothed means by zone and by pair of zones, learned from trips.

A pair seen twice says little, so every mean is pulled towards a coarser one: a pair towards
its pickup and drop-off zones, a zone towards the whole city.
"""

import numpy as np

from .trips import Trips
from .zones import PAIR_SLOTS, ZONE_SLOTS

ZONE_PRIOR_TRIPS = 20.0
"""How many trips of the whole city a zone's mean starts with."""
PAIR_PRIOR_TRIPS = 4.0
"""How many trips at the expected mean a pair starts with."""
REVERSE_PRIOR_TRIPS = 3.0
"""The same for the way back, which serves as the expectation of the way there."""


def zone_index(zone: np.ndarray) -> np.ndarray:
    """Table row of a zone id; the graph clips in the same way."""
    return np.clip(zone, 0, ZONE_SLOTS - 1)


def pair_index(trips: Trips) -> np.ndarray:
    """Table row of a pair of zones."""
    return zone_index(trips.pickup_zone) * ZONE_SLOTS + zone_index(trips.dropoff_zone)


def smoothed_mean(
    rows: np.ndarray, values: np.ndarray, slots: int, prior: float | np.ndarray, prior_trips: float
) -> np.ndarray:
    """Mean of `values` by table row, as if `prior_trips` more trips had shown `prior`. NaN values are left out."""
    known = ~np.isnan(values)
    sums = np.bincount(rows[known], values[known], minlength=slots)
    counts = np.bincount(rows[known], minlength=slots)
    return (sums + prior_trips * prior) / (counts + prior_trips)


def zone_means(trips: Trips, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Smoothed means by pickup zone and by drop-off zone."""
    city = float(np.nanmean(values))
    return (
        smoothed_mean(zone_index(trips.pickup_zone), values, ZONE_SLOTS, city, ZONE_PRIOR_TRIPS),
        smoothed_mean(zone_index(trips.dropoff_zone), values, ZONE_SLOTS, city, ZONE_PRIOR_TRIPS),
    )


def pair_means(trips: Trips, values: np.ndarray, floor: float, ceiling: float) -> np.ndarray:
    """Smoothed means by pair, [PAIR_SLOTS]; the expectation before any trip lies in floor..ceiling.

    The expectation of a pair adds what its two zones say; the way back then corrects it.
    """
    city = float(np.nanmean(values))
    by_pickup, by_dropoff = zone_means(trips, values)
    expected = np.clip(by_pickup[:, None] + by_dropoff[None, :] - city, floor, ceiling)
    rows = pair_index(trips)
    known = ~np.isnan(values)
    square = (ZONE_SLOTS, ZONE_SLOTS)
    sums = np.bincount(rows[known], values[known], minlength=PAIR_SLOTS).reshape(square)
    counts = np.bincount(rows[known], minlength=PAIR_SLOTS).reshape(square)
    way_back = (sums.T + REVERSE_PRIOR_TRIPS * expected) / (counts.T + REVERSE_PRIOR_TRIPS)
    return ((sums + PAIR_PRIOR_TRIPS * way_back) / (counts + PAIR_PRIOR_TRIPS)).ravel()


def pair_minutes(trips: Trips) -> np.ndarray:
    """Expected minutes by pair of zones."""
    return pair_means(trips, trips.minutes, 3.0, 50.0)


def pair_cost_usd(trips: Trips) -> np.ndarray:
    """Expected total without the tip by pair of zones."""
    return pair_means(trips, trips.cost_usd, 5.0, 90.0)
