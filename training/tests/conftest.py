"""Made-up months: small, and wrong in the ways in which the real ones are."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from training.trips import Trips, load_month
from training.zones import Zone

Columns = dict[str, list | np.ndarray]


@pytest.fixture
def write_month(tmp_path: Path) -> Callable[..., Path]:
    """Writes a monthly file with the given columns and returns its folder; the rest is one ordinary trip a row."""

    def write(month: str, columns: Columns, types: dict[str, pa.DataType] | None = None) -> Path:
        rows = len(next(iter(columns.values())))
        ordinary: Columns = {
            "lpep_pickup_datetime": np.full(rows, f"{month}-10T08:00:00", "datetime64[us]"),
            "lpep_dropoff_datetime": np.full(rows, f"{month}-10T08:10:00", "datetime64[us]"),
            "PULocationID": [74] * rows,
            "DOLocationID": [236] * rows,
            "trip_distance": [2.5] * rows,
            "passenger_count": [1] * rows,
            "payment_type": [1] * rows,
            "tip_amount": [2.0] * rows,
            "total_amount": [14.0] * rows,
        }
        arrays = {name: pa.array(values, from_pandas=True) for name, values in {**ordinary, **columns}.items()}
        for name, kind in (types or {}).items():
            arrays[name] = arrays[name].cast(kind)
        pq.write_table(pa.table(arrays), tmp_path / f"green_tripdata_{month}.parquet")
        return tmp_path

    return write


@pytest.fixture
def city(write_month: Callable[..., Path]) -> Trips:
    """600 trips over ten zones; minutes follow the distance, half of the rides are dispatched."""
    random = np.random.default_rng(3)
    rows = 600
    miles = random.uniform(0.5, 9, rows)
    minutes = np.clip(3 * miles + random.normal(0, 2, rows), 1.5, 55)
    pickup = np.datetime64("2021-01-01T00:00:00", "us") + random.integers(0, 31 * 86400, rows).astype("timedelta64[s]")
    columns = {
        "lpep_pickup_datetime": pickup,
        "lpep_dropoff_datetime": pickup + (minutes * 60).astype("timedelta64[s]"),
        "PULocationID": random.integers(1, 11, rows),
        "DOLocationID": random.integers(1, 11, rows),
        "trip_distance": np.where(random.random(rows) < 0.03, 244152.0, miles),
        "passenger_count": np.where(random.random(rows) < 0.5, np.nan, 1.0),
        "tip_amount": np.where(random.random(rows) < 0.2, 0.0, 0.5 * miles),
        "total_amount": 3 + 3 * miles + np.where(random.random(rows) < 0.2, 0.0, 0.5 * miles) + 5,
    }
    return load_month(write_month("2021-01", columns), "2021-01").trips


@pytest.fixture
def zones() -> list[Zone]:
    return [Zone(number, f"Zone {number}", "Queens", 40.6 + number / 100, -73.9) for number in range(1, 264)]
