"""Monthly files of green taxi trips: read, cast, cleaned.

The files change between months: column types, codecs, null columns. Everything is cast on
read, so that one month trains the same way as the next.
"""

import hashlib
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

SHORTEST_MINUTES = 1.0
LONGEST_MINUTES = 60.0
CARD = 1
"""TLC payment_type of a card. Only these record the tip: cash tips are always 0 in the data."""

HIGHEST_TRUE_COST_USD = 200.0
HIGHEST_TRUE_TIP_USD = 50.0

_COLUMNS: dict[str, pa.DataType] = {
    "lpep_pickup_datetime": pa.timestamp("us"),
    "lpep_dropoff_datetime": pa.timestamp("us"),
    "PULocationID": pa.int64(),
    "DOLocationID": pa.int64(),
    "trip_distance": pa.float64(),
    "passenger_count": pa.float64(),
    "payment_type": pa.float64(),
    "tip_amount": pa.float64(),
    "total_amount": pa.float64(),
}


class TripsError(Exception):
    """The trip files cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Trips:
    """Columns of one or more months, equally long, one entry a trip."""

    pickup_zone: np.ndarray
    dropoff_zone: np.ndarray
    pickup_local_seconds: np.ndarray
    trip_distance_miles: np.ndarray
    """As metered, known only after the ride; absurd values are left in, the graph treats them."""
    passenger_count: np.ndarray
    """NaN: dispatched, a population of its own (about half of 2021)."""
    payment_type: np.ndarray
    minutes: np.ndarray
    cost_usd: np.ndarray
    """Total amount without the tip; NaN for refunds and other totals outside 0 to 200 USD."""
    tip_usd: np.ndarray
    """NaN unless the trip was paid by card and the amount is plausible."""

    def __len__(self) -> int:
        return len(self.minutes)

    def take(self, rows: np.ndarray) -> "Trips":
        """The trips at these positions, or where this mask is true."""
        return replace(self, **{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    @property
    def dispatched(self) -> np.ndarray:
        return np.isnan(self.passenger_count)

    @property
    def day_of_month(self) -> np.ndarray:
        """1 for the first day."""
        days = self.pickup_local_seconds.astype("datetime64[s]").astype("datetime64[D]")
        return (days - days.astype("datetime64[M]")).astype(np.int64) + 1


@dataclass(frozen=True)
class Month:
    """One monthly file after cleaning, with what the card says about it."""

    name: str
    file_name: str
    sha256: str
    rows_in_file: int
    rows_in_range: int
    """Rows of 1 to 60 minutes, before strays are dropped."""
    trips: Trips

    @property
    def strays(self) -> int:
        """Rows of 1 to 60 minutes whose pickup lies outside the month of the file."""
        return self.rows_in_range - len(self.trips)


def load_month(folder: Path, month: str) -> Month:
    """Reads `green_tripdata_<month>.parquet`; keeps 1 to 60 minutes and the file's own month."""
    path = folder / f"green_tripdata_{month}.parquet"
    if not path.is_file():
        raise TripsError(
            f"{path} is missing: download green_tripdata_{month}.parquet from the TLC trip record page "
            "(https://www.nyc.gov/site/tlc/about/tlc-trip-record-data.page) or name its folder with --trips"
        )
    table = _read(path)
    pickup = _seconds(table, "lpep_pickup_datetime")
    minutes = (_seconds(table, "lpep_dropoff_datetime") - pickup) / 60.0
    in_range = (minutes >= SHORTEST_MINUTES) & (minutes <= LONGEST_MINUTES)
    own_month = pickup.astype("datetime64[s]").astype("datetime64[M]") == np.datetime64(month, "M")
    trips = Trips(
        pickup_zone=_numbers(table, "PULocationID", -1).astype(np.int64),
        dropoff_zone=_numbers(table, "DOLocationID", -1).astype(np.int64),
        pickup_local_seconds=pickup,
        trip_distance_miles=_numbers(table, "trip_distance", np.nan).astype(np.float32),
        passenger_count=_numbers(table, "passenger_count", np.nan).astype(np.float32),
        payment_type=_numbers(table, "payment_type", np.nan),
        minutes=minutes,
        cost_usd=_true_cost(table),
        tip_usd=_true_tip(table),
    )
    return Month(
        name=month,
        file_name=path.name,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        rows_in_file=table.num_rows,
        rows_in_range=int(in_range.sum()),
        trips=trips.take(in_range & own_month),
    )


def _read(path: Path) -> pa.Table:
    try:
        present = set(pq.read_schema(path).names)
        missing = sorted(set(_COLUMNS) - present)
        if missing:
            raise TripsError(f"{path.name} has no column {', '.join(missing)}: is it a green taxi file?")
        table = pq.read_table(path, columns=list(_COLUMNS))
        # safe=False: nanosecond clocks lose digits that no trip needs.
        return pa.table({name: table[name].cast(kind, safe=False) for name, kind in _COLUMNS.items()})
    except pa.ArrowException as error:
        raise TripsError(f"{path.name} cannot be read as a trip file: {error}") from error


def _seconds(table: pa.Table, column: str) -> np.ndarray:
    """Wall-clock seconds; a row without a time becomes second 0, outside every month."""
    microseconds = pc.fill_null(table[column].cast(pa.int64()), 0)
    return microseconds.to_numpy() // 1_000_000


def _numbers(table: pa.Table, column: str, null: float) -> np.ndarray:
    return pc.fill_null(table[column].cast(pa.float64()), null).to_numpy()


def _true_cost(table: pa.Table) -> np.ndarray:
    total = _numbers(table, "total_amount", np.nan)
    cost = total - _numbers(table, "tip_amount", 0.0)
    plausible = (total > 0) & (total < HIGHEST_TRUE_COST_USD) & (cost > 0)
    return np.where(plausible, cost, np.nan)


def _true_tip(table: pa.Table) -> np.ndarray:
    tip = _numbers(table, "tip_amount", np.nan)
    recorded = (_numbers(table, "payment_type", np.nan) == CARD) & ~np.isnan(_true_cost(table))
    plausible = (tip >= 0) & (tip <= HIGHEST_TRUE_TIP_USD)
    return np.where(recorded & plausible, tip, np.nan)
