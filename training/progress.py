"""Progress along a ride whose positions are not known.

TLC records hold only start and end. What happens in between is made up here: a pace that wanders
around the ride's own mean, slower at both ends, or the pace of a real ride elsewhere; scaled so
that the ride takes exactly as long as it really did. Numbers measured on it say so in the card.
"""

from dataclasses import dataclass

import numpy as np

SEGMENTS = 40
PACE_CORRELATION = 0.85
"""Correlation of the log pace between neighbouring fortieths of the route."""
PACE_SPREAD = 0.45
"""Standard deviation of the log pace."""
SLOW_ENDS = 1.5
"""How much slower the first and last tenth of a ride are."""

EARLIEST_SHARE = 0.02
LATEST_SHARE = 0.98
SHORTEST_GAP = 0.05
LONGEST_GAP = 0.35


@dataclass(frozen=True)
class Progress:
    """One report a ride, with the report before it."""

    share_done: np.ndarray
    elapsed_seconds: np.ndarray
    previous_share_done: np.ndarray
    previous_elapsed_seconds: np.ndarray

    @staticmethod
    def none(rides: int) -> "Progress":
        """What a `requested` or `started` event says: nothing yet."""
        zero = np.zeros(rides, np.float32)
        return Progress(zero, zero, zero, zero)


class Rides:
    """Rides of known duration whose progress can be asked for at any share of the route."""

    def __init__(self, minutes: np.ndarray, time_share: np.ndarray, random: np.random.Generator) -> None:
        """`time_share`: a row a ride, the share of its time that has passed at evenly spaced shares of its route."""
        self._minutes = minutes
        self._time_share = time_share
        self._random = random

    def elapsed_seconds(self, share: np.ndarray) -> np.ndarray:
        """Time at which each ride has done `share` of its route; the truth at share 1."""
        segments = self._time_share.shape[1] - 1
        position = np.clip(share, 0, 1) * segments
        left = np.minimum(position.astype(np.int64), segments - 1)
        row = np.arange(len(share))
        before, after = self._time_share[row, left], self._time_share[row, left + 1]
        return ((before + (position - left) * (after - before)) * self._minutes * 60).astype(np.float32)

    def report_at(self, share: np.ndarray, gap: np.ndarray) -> Progress:
        """The report at `share`, the one before it `gap` of the route earlier (or at the start)."""
        share = share.astype(np.float32)
        previous = np.maximum(share - gap.astype(np.float32), np.float32(0))
        return Progress(share, self.elapsed_seconds(share), previous, self.elapsed_seconds(previous))

    def report_anywhere(self) -> Progress:
        """A report somewhere along each ride."""
        return self.report_at(*anywhere(self._random, len(self._minutes)))


def anywhere(random: np.random.Generator, rides: int) -> tuple[np.ndarray, np.ndarray]:
    """A share of the route for each ride, and how much of the route earlier the report before it came."""
    share = random.uniform(EARLIEST_SHARE, LATEST_SHARE, rides)
    return share, random.uniform(SHORTEST_GAP, LONGEST_GAP, rides)


class SimulatedRides(Rides):
    """Rides along a made-up pace."""

    def __init__(self, minutes: np.ndarray, seed: int) -> None:
        random = np.random.default_rng(seed)
        weight = np.exp(PACE_SPREAD * _log_pace(random, len(minutes)))
        tenth = SEGMENTS // 10
        weight[:, :tenth] *= SLOW_ENDS
        weight[:, -tenth:] *= SLOW_ENDS
        done = np.cumsum(weight, axis=1)
        super().__init__(minutes, np.concatenate([np.zeros((len(minutes), 1)), done / done[:, -1:]], axis=1), random)


class TracedRides(Rides):
    """Rides along the pace of real rides, each along one drawn at random: real pace, borrowed."""

    def __init__(self, minutes: np.ndarray, time_shares: np.ndarray, seed: int) -> None:
        """`time_shares` are those of the real rides, a row each."""
        random = np.random.default_rng(seed)
        super().__init__(minutes, time_shares[random.integers(0, len(time_shares), len(minutes))], random)


def _log_pace(random: np.random.Generator, rides: int) -> np.ndarray:
    """A log pace with mean 0 and spread 1 that wanders from segment to segment."""
    shocks = random.normal(size=(rides, SEGMENTS))
    pace = np.empty_like(shocks)
    pace[:, 0] = shocks[:, 0]
    fresh = np.sqrt(1 - PACE_CORRELATION**2)
    for segment in range(1, SEGMENTS):
        pace[:, segment] = PACE_CORRELATION * pace[:, segment - 1] + fresh * shocks[:, segment]
    return pace
