"""Real progress along real rides: taxi traces of Porto, one position every 15 seconds.

The file is that of the ECML/PKDD 2015 challenge. Its rides teach how far the pace so far tells the
rest; nothing else of them is used, no place, no clock and no length in miles.
"""

import csv
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .progress import Progress
from .trips import TripsError

SECONDS_A_POSITION = 15.0

FEWEST_POSITIONS = 20
"""Under five minutes a ride has too few positions for a share of its route to mean much."""
MOST_POSITIONS = 240
"""An hour, the longest ride that the trip records are trained on."""
SHORTEST_MILES = 0.5
"""Less is a taxi that stood or circled."""
LONGEST_STEP_MILES = 1.2
"""More within 15 seconds (288 miles an hour) is a lost position, not a ride."""

TAXI_FOLDS = 5
SEGMENTS = 200
"""Points of a pace that is lent to other rides."""

_CRAWL = 1e-9
_MILES_A_DEGREE = 111.32 / 1.609344
_LATITUDE = np.radians(41.15)
_COLUMNS = {"TAXI_ID", "MISSING_DATA", "POLYLINE"}


@dataclass(frozen=True)
class Trace:
    """One ride: which taxi, and the miles driven at each position."""

    taxi: int
    miles: np.ndarray

    @property
    def minutes(self) -> float:
        return (len(self.miles) - 1) * SECONDS_A_POSITION / 60

    def time_share(self, route_share: np.ndarray) -> np.ndarray:
        """Share of the time that has passed at each share of the route; a taxi that stands is said to crawl."""
        time = np.linspace(0, 1, len(self.miles))
        crawled = self.miles / self.miles[-1] + _CRAWL * time
        return np.interp(route_share, crawled / crawled[-1], time)

    def position_at(self, share: float) -> int:
        """The first position at which `share` of the route is done."""
        return int(np.searchsorted(self.miles, share * self.miles[-1]))


@dataclass(frozen=True)
class Traces:
    """The usable rides of one file."""

    file_name: str
    sha256: str
    rows_in_file: int
    rides: tuple[Trace, ...]

    def __len__(self) -> int:
        return len(self.rides)

    @property
    def minutes(self) -> np.ndarray:
        return np.array([ride.minutes for ride in self.rides])

    @property
    def fold(self) -> np.ndarray:
        """A number from 0 to 4 for each ride; rides of one taxi share it."""
        return np.array([ride.taxi % TAXI_FOLDS for ride in self.rides])

    def time_shares(self) -> np.ndarray:
        """Share of each ride's time that has passed at evenly spaced shares of its route, a row a ride."""
        return np.array([ride.time_share(np.linspace(0, 1, SEGMENTS + 1)) for ride in self.rides])

    def take(self, mask: np.ndarray) -> "Traces":
        """The rides where this mask is true."""
        rides = tuple(ride for ride, wanted in zip(self.rides, mask, strict=True) if wanted)
        return Traces(self.file_name, self.sha256, self.rows_in_file, rides)

    def first_estimates(self) -> np.ndarray:
        """Minutes expected from the length alone, log on log, each by the rides of other taxis."""
        log_miles = np.log([ride.miles[-1] for ride in self.rides])
        log_minutes = np.log(self.minutes)
        result = np.empty(len(self))
        for number in np.unique(self.fold):
            others = self.fold != number
            line = np.polyfit(log_miles[others], log_minutes[others], 1)
            result[~others] = np.exp(np.polyval(line, log_miles[~others]))
        return result

    def report_at(self, share: np.ndarray, gap: np.ndarray) -> Progress:
        """The position at `share` of each route, and the one `gap` of the route before it."""
        reports = []
        for ride, at, back in zip(self.rides, share, gap, strict=True):
            here, before = ride.position_at(at), ride.position_at(max(at - back, 0))
            reports.append(
                (
                    ride.miles[here] / ride.miles[-1],
                    here * SECONDS_A_POSITION,
                    ride.miles[before] / ride.miles[-1],
                    before * SECONDS_A_POSITION,
                )
            )
        return Progress(*np.array(reports, np.float32).reshape(-1, 4).T)


def read_traces(path: Path) -> Traces:
    """Reads the challenge's CSV and keeps the rides that the rules above allow."""
    if not path.is_file():
        raise TripsError(
            f"{path} is missing: it holds real taxi traces (Porto, ECML/PKDD 2015, with a POLYLINE column); "
            "name the file with --gps"
        )
    with path.open(newline="") as file:
        reader = csv.DictReader(file)
        if not set(reader.fieldnames or ()) >= _COLUMNS:
            raise TripsError(f"{path.name} has no columns {', '.join(sorted(_COLUMNS))}: is it the Porto file?")
        rows = list(reader)
    found = [_trace(row) for row in rows]
    rides = tuple(trace for trace in found if trace is not None)
    if len({ride.taxi % TAXI_FOLDS for ride in rides}) < TAXI_FOLDS:
        raise TripsError(f"{path.name} has too few usable rides: {len(rides)} of {len(rows)}")
    return Traces(path.name, hashlib.sha256(path.read_bytes()).hexdigest(), len(rows), rides)


def _trace(row: dict[str, str]) -> Trace | None:
    """The ride of a row, or nothing where a rule forbids it."""
    positions = np.array(json.loads(row["POLYLINE"]), np.float64).reshape(-1, 2)
    if row["MISSING_DATA"] == "True" or not FEWEST_POSITIONS <= len(positions) <= MOST_POSITIONS:
        return None
    east, north = np.diff(positions, axis=0).T * _MILES_A_DEGREE
    steps = np.hypot(east * np.cos(_LATITUDE), north)
    miles = np.concatenate([[0.0], np.cumsum(steps)])
    if miles[-1] < SHORTEST_MILES or steps.max() > LONGEST_STEP_MILES:
        return None
    return Trace(int(row["TAXI_ID"]), miles)
