"""Simulated progress along a ride.

TLC records hold no positions, only start and end. What happens in between is made up here:
a pace that wanders around the ride's own mean, slower at both ends, scaled so that the ride
takes exactly as long as it really did. Numbers measured on it say so in the card.
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


class SimulatedRides:
    """Rides of known duration whose progress can be asked for at any share of the route."""

    def __init__(self, minutes: np.ndarray, seed: int) -> None:
        self._minutes = minutes
        self._random = np.random.default_rng(seed)
        weight = np.exp(PACE_SPREAD * self._log_pace())
        tenth = SEGMENTS // 10
        weight[:, :tenth] *= SLOW_ENDS
        weight[:, -tenth:] *= SLOW_ENDS
        done = np.cumsum(weight, axis=1)
        self._time_share = np.concatenate([np.zeros((len(minutes), 1)), done / done[:, -1:]], axis=1)

    def _log_pace(self) -> np.ndarray:
        shocks = self._random.normal(size=(len(self._minutes), SEGMENTS))
        pace = np.empty_like(shocks)
        pace[:, 0] = shocks[:, 0]
        fresh = np.sqrt(1 - PACE_CORRELATION**2)
        for segment in range(1, SEGMENTS):
            pace[:, segment] = PACE_CORRELATION * pace[:, segment - 1] + fresh * shocks[:, segment]
        return pace

    def elapsed_seconds(self, share: np.ndarray) -> np.ndarray:
        """Time at which each ride has done `share` of its route; the truth at share 1."""
        position = np.clip(share, 0, 1) * SEGMENTS
        left = np.minimum(position.astype(np.int64), SEGMENTS - 1)
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
        rides = len(self._minutes)
        share = self._random.uniform(EARLIEST_SHARE, LATEST_SHARE, rides)
        return self.report_at(share, self._random.uniform(SHORTEST_GAP, LONGEST_GAP, rides))
