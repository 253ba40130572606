"""Rides of zones nearby count, the less the further away they are."""

import numpy as np
import pytest

from training.near_zones import NEAR_PAIR, near_tables
from training.recency import recency
from training.trips import Trips
from training.zones import ZONE_SLOTS, Zone


def _tables(trips: Trips, zones: list[Zone]) -> dict[str, np.ndarray]:
    boroughs = np.zeros(ZONE_SLOTS)
    boroughs[100:] = 1
    return dict(near_tables(trips, trips, zones, boroughs))


def _rides(city: Trips, pickup: int, dropoff: int, minutes: float) -> Trips:
    """Fifty rides of one pair, three miles each."""
    rides = city.take(np.arange(50))
    rides.pickup_zone[:], rides.dropoff_zone[:] = pickup, dropoff
    rides.minutes[:], rides.trip_distance_miles[:] = minutes, 3.0
    return rides


def test_a_pair_without_rides_takes_after_its_neighbours(city: Trips, zones: list[Zone]) -> None:
    """Zones of the made-up city lie 0.7 miles apart in a row."""
    tables = _tables(_rides(city, 20, 40, 30.0), zones)
    mean = 30.0
    pace = {name: tables[name].reshape(ZONE_SLOTS, ZONE_SLOTS) for name in ("near_pace", "wide_pace")}
    for table in pace.values():
        assert table[20, 40] == pytest.approx(mean / 3, rel=0.01)
    # All rides have one pace, so every pair ends near it; a second, slower pair tells who listens to whom.
    slow, fast = _rides(city, 20, 40, 60.0), _rides(city, 60, 80, 15.0)
    both = Trips(**{name: np.concatenate([getattr(slow, name), getattr(fast, name)]) for name in vars(slow)})
    table = _tables(both, zones)["near_pace"].reshape(ZONE_SLOTS, ZONE_SLOTS)
    assert table[20, 40] > table[21, 40] > table[23, 43]
    assert table[60, 80] < table[61, 80] < table[63, 83]


def test_zones_without_a_place_stand_alone(city: Trips, zones: list[Zone]) -> None:
    """264 and 265 have no centroid: nobody is near them, and they are near nobody."""
    alone, others = _rides(city, 264, 265, 50.0), _rides(city, 20, 40, 10.0)
    both = Trips(**{name: np.concatenate([getattr(alone, name), getattr(others, name)]) for name in vars(alone)})
    minutes = _tables(both, zones)["near_minutes"].reshape(ZONE_SLOTS, ZONE_SLOTS)
    assert minutes[264, 265] == pytest.approx(50, abs=1)
    assert minutes[264, 40] == pytest.approx(30)  # the mean of all rides
    assert all(np.isfinite(table).all() for table in _tables(both, zones).values())


def test_there_is_a_table_for_every_column(city: Trips, zones: list[Zone]) -> None:
    assert set(_tables(city, zones)) == {*NEAR_PAIR, "pickup_near_hour_pace", "dropoff_near_hour_pace"}


def test_later_trips_count_more(city: Trips) -> None:
    weight = recency(city, 7.0)
    last = city.day_of_month.max()
    assert weight[city.day_of_month == last].tolist() == [1.0] * int((city.day_of_month == last).sum())
    np.testing.assert_allclose(weight[city.day_of_month == last - 7], 0.5)
