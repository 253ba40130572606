"""Data is looked at before it is learned from."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from training.data_check import check, describe
from training.trips import TripsError, load_month

WriteMonth = Callable[..., Path]
ROWS = 300


def test_a_sound_month_is_described_and_accepted(write_month: WriteMonth) -> None:
    miles = np.full(ROWS, 2.5)
    miles[0], miles[1:4] = 244152.0, 0.0
    passengers = np.where(np.arange(ROWS) < 100, np.nan, 1.0)
    month = load_month(write_month("2021-01", {"trip_distance": miles, "passenger_count": passengers}), "2021-01")
    check(month)
    line = describe(month)
    assert "300 rows, 300 of 1 to 60 minutes, 0 strays dropped; 100 dispatched" in line
    assert "3 distances of zero and 1 above 100 miles" in line


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"payment_type": [2] * ROWS}, "only 0 trips with a recorded tip"),
        ({"trip_distance": [0.0] * ROWS}, "not one usable distance"),
        ({"PULocationID": [9999] * ROWS}, "not one zone from 1 to 265"),
        ({"payment_type": [1] * 20}, "only 20 rides"),
        (
            {"lpep_dropoff_datetime": np.full(ROWS, "2021-01-10T20:00:00", "datetime64[us]")},
            "only 0 of 300 rows last 1 to 60 minutes",
        ),
    ],
)
def test_a_month_that_cannot_teach_is_refused_with_the_reason(
    write_month: WriteMonth, columns: dict, problem: str
) -> None:
    with pytest.raises(TripsError, match=problem):
        check(load_month(write_month("2021-01", columns), "2021-01"))
