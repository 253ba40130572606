"""The months, the zones and the first estimates that several services need, made once."""

import hashlib
from functools import cached_property
from pathlib import Path

from .duration import cross_fitted_estimates, estimates_for
from .events import Estimates
from .fitting import SEED, Learned
from .porto import Traces, read_traces
from .trips import Month, Trips, TripsError, load_month
from .zones import Zone, read_zones

TRAINING_MONTH = "2021-01"
TEST_MONTH = "2021-02"
GPS_FILE = "porto_pkdd15_train_1k.csv"

LAST_EARLY_DAY = 24
"""Intervals are widened until models of days 1 to 24 hold on the days after."""


class Workbench:
    """Everything is loaded or trained when first asked for."""

    def __init__(self, trips_folder: Path, zones_file: Path, gps_file: Path | None = None) -> None:
        """Real traces lie in `gps_file`, or in the folder `gps` beside that of the trips."""
        if not zones_file.is_file():
            raise TripsError(f"{zones_file} is missing: make it with `python -m training zones --zones DIR`")
        self._folder = trips_folder
        self._gps_file = gps_file or trips_folder.parent / "gps" / GPS_FILE
        self.zones: list[Zone] = read_zones(zones_file)
        self.learned: dict[tuple[str, str], Learned] = {}
        """By service and version, for versions that are built on one another."""
        self.zones_sha256 = hashlib.sha256(zones_file.read_bytes()).hexdigest()

    @cached_property
    def training(self) -> Month:
        return load_month(self._folder, TRAINING_MONTH)

    @cached_property
    def test(self) -> Month:
        return load_month(self._folder, TEST_MONTH)

    @cached_property
    def traces(self) -> Traces:
        return read_traces(self._gps_file)

    @cached_property
    def early(self) -> Trips:
        return self.training.trips.take(self.training.trips.day_of_month <= LAST_EARLY_DAY)

    @cached_property
    def late(self) -> Trips:
        return self.training.trips.take(self.training.trips.day_of_month > LAST_EARLY_DAY)

    @cached_property
    def training_estimates(self) -> Estimates:
        return cross_fitted_estimates(self.training.trips, self.zones, SEED)

    @cached_property
    def early_estimates(self) -> Estimates:
        return cross_fitted_estimates(self.early, self.zones, SEED)

    @cached_property
    def late_estimates(self) -> Estimates:
        return estimates_for(self.late, self.early, self.zones)

    @cached_property
    def test_estimates(self) -> Estimates:
        return estimates_for(self.test.trips, self.training.trips, self.zones)
