"""Reading months as they are: other types, strays, cash, nonsense."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from training.trips import TripsError, load_month

WriteMonth = Callable[..., Path]


def test_strays_and_out_of_range_rows_are_dropped(write_month: WriteMonth) -> None:
    pickup = np.array(
        [
            "2021-01-05T10:00:00",
            "2020-12-31T23:57:51",
            "2009-01-01T00:03:25",
            "2021-01-05T10:00:00",
            "2021-01-31T23:50:00",
        ],
        "datetime64[us]",
    )
    length = np.array([600, 600, 600, 59, 3600]).astype("timedelta64[s]")
    month = load_month(
        write_month("2021-01", {"lpep_pickup_datetime": pickup, "lpep_dropoff_datetime": pickup + length}), "2021-01"
    )
    assert month.rows_in_file == 5
    assert month.rows_in_range == 4
    assert month.strays == 2
    assert month.trips.minutes.tolist() == [10.0, 60.0]


def test_cash_tips_are_not_zero_but_unknown(write_month: WriteMonth) -> None:
    folder = write_month(
        "2021-01",
        {
            "payment_type": [1, 2, np.nan, 1, 1],
            "tip_amount": [2.0, 0.0, 0.0, 0.0, 80.0],
            "total_amount": [14.0, 12.0, 12.0, 12.0, 100.0],
        },
    )
    np.testing.assert_array_equal(load_month(folder, "2021-01").trips.tip_usd, [2.0, np.nan, np.nan, 0.0, np.nan])


def test_refunds_have_no_cost(write_month: WriteMonth) -> None:
    folder = write_month("2021-01", {"total_amount": [14.0, -14.0, 280.3, 0.0], "tip_amount": [2.0, 0.0, 0.0, 0.0]})
    np.testing.assert_array_equal(load_month(folder, "2021-01").trips.cost_usd, [12.0, np.nan, np.nan, np.nan])


def test_a_missing_passenger_count_marks_a_dispatched_ride(write_month: WriteMonth) -> None:
    folder = write_month("2021-01", {"passenger_count": [1.0, np.nan, 0.0]})
    assert load_month(folder, "2021-01").trips.dispatched.tolist() == [False, True, False]


def test_column_types_are_cast_on_read(write_month: WriteMonth) -> None:
    columns = {"trip_distance": [2.5, 3.5], "passenger_count": [1, 2]}
    early = load_month(write_month("2021-01", columns), "2021-01").trips
    other = {
        "PULocationID": pa.int32(),
        "DOLocationID": pa.float64(),
        "trip_distance": pa.float32(),
        "passenger_count": pa.int64(),
        "payment_type": pa.string(),
        "lpep_pickup_datetime": pa.timestamp("ns"),
        "lpep_dropoff_datetime": pa.timestamp("ms"),
    }
    late = load_month(write_month("2021-01", columns, other), "2021-01").trips
    for name, values in vars(early).items():
        assert getattr(late, name).dtype == values.dtype, name
        np.testing.assert_array_equal(getattr(late, name), values, name)


def test_a_missing_month_says_which_file_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(TripsError, match=r"green_tripdata_2021-03\.parquet is missing.*--trips"):
        load_month(tmp_path, "2021-03")


def test_another_parquet_file_is_refused_by_its_columns(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"a": [1]}), tmp_path / "green_tripdata_2021-01.parquet")
    with pytest.raises(TripsError, match="has no column DOLocationID"):
        load_month(tmp_path, "2021-01")


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "green_tripdata_2021-01.parquet").write_bytes(b"not parquet")
    with pytest.raises(TripsError, match="green_tripdata_2021-01.parquet cannot be read"):
        load_month(tmp_path, "2021-01")
