"""From the raw fields of a ride to the columns that the trees see, inside the graph.

There is no second implementation: training runs this same graph to get its matrix, so a
feature cannot differ between training and serving.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from .contract import LONGEST_DISTANCE_MILES, LONGEST_ESTIMATE_MINUTES, LONGEST_RIDE_MINUTES
from .graph import Graph
from .zones import ZONE_SLOTS

_MINUTES_A_DAY = 1440
_MINUTES_A_WEEK = 10080
_MONDAY_OFFSET_MINUTES = 3 * _MINUTES_A_DAY
"""1970-01-01 was a Thursday; this makes minute 0 of the week Monday 00:00."""

SMALLEST_SHARE = 0.02
"""A pace over less of the route than this is noise, and would divide by almost nothing."""


class RideInputs:
    """The five fields of a ride, cleaned. Each is added to the graph when first used."""

    def __init__(
        self, graph: Graph, *, dropoff_zone: str = "dropoff_zone", local_seconds: str = "pickup_local_seconds"
    ) -> None:
        """The names are those of the inputs, unless something stands before them."""
        self._graph = graph
        self._dropoff_zone = dropoff_zone
        self._local_seconds = local_seconds

    @cached_property
    def pickup(self) -> str:
        """Table row of the pickup zone; unknown ids fall on 0 or 266."""
        return self._graph.whole("Clip", "pickup_zone", 0, ZONE_SLOTS - 1)

    @cached_property
    def dropoff(self) -> str:
        return self._graph.whole("Clip", self._dropoff_zone, 0, ZONE_SLOTS - 1)

    @cached_property
    def pair(self) -> str:
        return self._graph.whole("Add", self._graph.whole("Mul", self.pickup, ZONE_SLOTS), self.dropoff)

    @cached_property
    def minute_of_week(self) -> str:
        """0 is Monday 00:00 on the wall clock. Whole numbers: float32 would lose the minute."""
        minutes = self._graph.whole("Div", self._local_seconds, 60)
        return self._graph.whole("Mod", self._graph.whole("Add", minutes, _MONDAY_OFFSET_MINUTES), _MINUTES_A_WEEK)

    @cached_property
    def distance_miles(self) -> str:
        """NaN unless above 0 and at most 100."""
        graph = self._graph
        above = graph.op("Greater", "trip_distance_miles", 0.0)
        below = graph.op("LessOrEqual", "trip_distance_miles", LONGEST_DISTANCE_MILES)
        return graph.op("Where", graph.op("And", above, below), "trip_distance_miles", float("nan"))


class ProgressInputs:
    """Estimate and progress, cleaned so that nothing a caller sends becomes NaN."""

    def __init__(self, graph: Graph, usual_minutes: str) -> None:
        """`usual_minutes` stands in for an estimate that is NaN."""
        self._graph = graph
        self._usual_minutes = usual_minutes

    def _within(self, tensor: str, otherwise: str | float, low: float, high: float) -> str:
        graph = self._graph
        known = graph.op("Where", graph.op("IsNaN", tensor), otherwise, tensor)
        return graph.op("Clip", known, low, high)

    @cached_property
    def estimated_minutes(self) -> str:
        return self._within("estimated_minutes", self._usual_minutes, 1.0, LONGEST_ESTIMATE_MINUTES)

    @cached_property
    def elapsed_minutes(self) -> str:
        return self._within(self._graph.op("Div", "elapsed_seconds", 60.0), 0.0, 0.0, LONGEST_RIDE_MINUTES)

    @cached_property
    def previous_elapsed_minutes(self) -> str:
        return self._within(self._graph.op("Div", "previous_elapsed_seconds", 60.0), 0.0, 0.0, LONGEST_RIDE_MINUTES)

    @cached_property
    def share(self) -> str:
        return self._within("share_done", 0.0, 0.0, 1.0)

    @cached_property
    def previous_share(self) -> str:
        return self._within("previous_share_done", 0.0, 0.0, 1.0)

    @cached_property
    def share_left(self) -> str:
        return self._graph.op("Sub", 1.0, self.share)

    @cached_property
    def current_minutes(self) -> str:
        """The plain update of the total: time elapsed, and the estimate for what is left."""
        graph = self._graph
        return graph.op("Add", self.elapsed_minutes, graph.op("Mul", self.share_left, self.estimated_minutes))

    @cached_property
    def pace(self) -> str:
        """Minutes that the whole route takes at the pace so far, over the estimate: 1 is as planned."""
        return self._pace(self.elapsed_minutes, self.share)

    @cached_property
    def recent_pace(self) -> str:
        """The same, since the report before."""
        graph = self._graph
        return self._pace(
            graph.op("Max", graph.op("Sub", self.elapsed_minutes, self.previous_elapsed_minutes), 0.0),
            graph.op("Sub", self.share, self.previous_share),
        )

    def _pace(self, minutes: str, share: str) -> str:
        graph = self._graph
        whole_route = graph.op("Div", minutes, graph.op("Max", share, SMALLEST_SHARE))
        return graph.op("Div", whole_route, self.estimated_minutes)


class Columns:
    """The named columns of the matrix, in the order in which they were added."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._blocks: list[str] = []
        self._names: list[str] = []

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._names)

    def add(self, name: str, tensor: str) -> None:
        """A column from a rank-1 tensor."""
        self._blocks.append(self._graph.op("Unsqueeze", tensor, self._graph.constant([1], np.int64)))
        self._names.append(name)

    def look_up(self, names: Sequence[str], columns: Sequence[np.ndarray], row: str) -> str:
        """Columns read from a table at `row`, one look-up for all of them; returns the block."""
        block = self._graph.op("Gather", self._graph.constant(np.stack(columns, axis=1)), row, axis=0)
        self._blocks.append(block)
        self._names.extend(names)
        return block

    def add_clock(self, ride: RideInputs) -> None:
        """Minute of the day and day of the week (0 is Monday)."""
        minute = np.arange(_MINUTES_A_WEEK)
        self.look_up(
            ("minute_of_day", "day_of_week"), (minute % _MINUTES_A_DAY, minute // _MINUTES_A_DAY), ride.minute_of_week
        )

    def matrix(self) -> str:
        """All columns side by side, [N, columns]."""
        return self._graph.op("Concat", *self._blocks, axis=1)
