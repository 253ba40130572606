"""The tensors that the mesh would feed for a trip, at its request and along the way."""

from dataclasses import dataclass

import numpy as np

from .porto import Traces
from .progress import Progress, Rides, SimulatedRides
from .trips import Trips

Feed = dict[str, np.ndarray]
"""One array per input of the contract, all equally long."""


@dataclass(frozen=True)
class Estimates:
    """First estimates in minutes, made without having seen the trip itself."""

    with_distance: np.ndarray
    without_distance: np.ndarray

    def minutes(self, distance_known: bool) -> np.ndarray:
        return self.with_distance if distance_known else self.without_distance


def ride_feed(trips: Trips, distance_known: bool) -> Feed:
    """The five fields of a ride. Before a real ride the metered distance is not known."""
    distance = trips.trip_distance_miles if distance_known else np.full(len(trips), np.nan)
    return {
        "pickup_zone": trips.pickup_zone,
        "dropoff_zone": trips.dropoff_zone,
        "pickup_local_seconds": trips.pickup_local_seconds,
        "trip_distance_miles": distance.astype(np.float32),
        "passenger_count": trips.passenger_count,
    }


def event_feed(trips: Trips, distance_known: bool, estimates: Estimates, progress: Progress) -> Feed:
    """The ride, its first estimate and one report of progress."""
    return {
        **ride_feed(trips, distance_known),
        "estimated_minutes": estimates.minutes(distance_known).astype(np.float32),
        "elapsed_seconds": progress.elapsed_seconds,
        "share_done": progress.share_done,
        "previous_elapsed_seconds": progress.previous_elapsed_seconds,
        "previous_share_done": progress.previous_share_done,
    }


def trace_feed(traces: Traces, estimates: np.ndarray, progress: Progress) -> Feed:
    """The same for real rides elsewhere: no zone, clock or passengers of New York, but a known length."""
    rides = len(traces)
    nothing = np.zeros(rides, np.int64)
    return {
        "pickup_zone": nothing,
        "dropoff_zone": nothing,
        "pickup_local_seconds": nothing,
        "trip_distance_miles": np.array([ride.miles[-1] for ride in traces.rides], np.float32),
        "passenger_count": np.full(rides, np.nan, np.float32),
        "estimated_minutes": estimates.astype(np.float32),
        "elapsed_seconds": progress.elapsed_seconds,
        "share_done": progress.share_done,
        "previous_elapsed_seconds": progress.previous_elapsed_seconds,
        "previous_share_done": progress.previous_share_done,
    }


def join(feeds: list[Feed]) -> Feed:
    """Feeds one after the other."""
    return {name: np.concatenate([feed[name] for feed in feeds]) for name in feeds[0]}


def training_rides(trips: Trips) -> tuple[np.ndarray, Feed]:
    """Every trip twice, with and without its distance: (trip of each row, feed)."""
    return np.tile(np.arange(len(trips)), 2), join([ride_feed(trips, known) for known in (True, False)])


def training_events(trips: Trips, estimates: Estimates, reports: int, seed: int) -> tuple[np.ndarray, Feed]:
    """Every trip with and without distance: once before it moves, `reports` times on the way, simulated."""
    rides = SimulatedRides(trips.minutes, seed)
    feeds = []
    for known in (True, False):
        feeds.append(event_feed(trips, known, estimates, Progress.none(len(trips))))
        feeds.extend(_reports(trips, known, estimates, rides, reports))
    return np.tile(np.arange(len(trips)), len(feeds)), join(feeds)


def events_along(trips: Trips, estimates: Estimates, rides: Rides, reports: int) -> tuple[np.ndarray, Feed]:
    """Every trip with and without distance, `reports` times on the way, along the given rides."""
    feeds = [feed for known in (True, False) for feed in _reports(trips, known, estimates, rides, reports)]
    return np.tile(np.arange(len(trips)), len(feeds)), join(feeds)


def _reports(trips: Trips, known: bool, estimates: Estimates, rides: Rides, reports: int) -> list[Feed]:
    return [event_feed(trips, known, estimates, rides.report_anywhere()) for _ in range(reports)]
