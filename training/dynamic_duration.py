"""dynamic-duration v1: the total duration, corrected while the ride goes on.

The plain update is `elapsed + (1 - share) * estimate`. The trees say by how many per cent the
remaining time differs from its share of that. They see only ratios and the estimate itself, no
hour and no zone, so that v1 can follow any version of the duration service without correcting
what that version already knows.
"""

from collections.abc import Callable

import numpy as np

from .contract import LONGEST_ESTIMATE_MINUTES, LONGEST_RIDE_MINUTES
from .events import Estimates, training_events
from .features import Columns, ProgressInputs, RideInputs
from .fitting import LOWER, POINT, UPPER
from .graph import Graph
from .recipe import Head, Layout, Recipe, Samples, Tables, bounded_outputs
from .tables import pair_minutes
from .trips import Trips
from .zones import Zone

REPORTS_A_TRIP = 2
LOWEST_PERCENT = -100.0
HIGHEST_PERCENT = 400.0

_COLUMNS = (
    "estimated_minutes",
    "trip_distance_miles",
    "passenger_count",
    "share_done",
    "pace",
    "recent_pace",
    "current_over_estimate",
)


def _tables(trips: Trips, zones: list[Zone]) -> Tables:
    return {"pair_minutes": pair_minutes(trips)}


def answer_corrected(graph: Graph, progress: ProgressInputs, usual_rest: str) -> Callable[[str, float], None]:
    """Total durations from scores that say by how many per cent the remaining time differs from the usual."""

    def total(percent: str) -> str:
        """Elapsed time plus the remaining time, which is never negative."""
        factor = graph.op("Add", 1.0, graph.op("Div", percent, 100.0))
        rest = graph.op("Mul", usual_rest, graph.op("Max", factor, 0.0))
        limited = graph.op("Min", rest, LONGEST_ESTIMATE_MINUTES)
        return graph.op("Add", progress.elapsed_minutes, limited)

    def answer(scores: str, offset: float) -> None:
        bounded_outputs(
            graph,
            ("duration_minutes", "lower_minutes", "upper_minutes"),
            total(graph.column_of(scores, 0)),
            total(graph.op("Sub", graph.column_of(scores, 1), offset)),
            total(graph.op("Add", graph.column_of(scores, 2), offset)),
            1.0,
            LONGEST_RIDE_MINUTES,
        )

    return answer


def _lay_out(graph: Graph, tables: Tables) -> Layout:
    ride = RideInputs(graph)
    usual_minutes = graph.op("Gather", graph.constant(tables["pair_minutes"]), ride.pair, axis=0)
    progress = ProgressInputs(graph, usual_minutes)
    columns = Columns(graph)
    columns.add("estimated_minutes", progress.estimated_minutes)
    columns.add("trip_distance_miles", ride.distance_miles)
    columns.add("passenger_count", "passenger_count")
    columns.add("share_done", progress.share)
    columns.add("pace", progress.pace)
    columns.add("recent_pace", progress.recent_pace)
    columns.add("current_over_estimate", graph.op("Div", progress.current_minutes, progress.estimated_minutes))
    usual_rest = graph.op("Mul", progress.share_left, progress.current_minutes)
    return Layout(columns, answer_corrected(graph, progress, usual_rest))


def _samples(trips: Trips, estimates: Estimates | None, seed: int) -> Samples:
    if estimates is None:
        raise ValueError("dynamic-duration learns from first estimates")
    trip, feed = training_events(trips, estimates, REPORTS_A_TRIP, seed)
    elapsed = feed["elapsed_seconds"] / 60.0
    share_left = 1.0 - feed["share_done"]
    usual_rest = share_left * (elapsed + share_left * feed["estimated_minutes"])
    percent = 100.0 * ((trips.minutes[trip] - elapsed) / usual_rest - 1.0)
    # Weighted by the square of the remaining time, the squared error is one of minutes again.
    return Samples(
        trip, feed, {"percent": np.clip(percent, LOWEST_PERCENT, HIGHEST_PERCENT)}, {"percent": usual_rest**2}
    )


V1 = Recipe(
    service="dynamic-duration",
    version="v1",
    description="Total duration of a ride under way, from its first estimate and its progress.",
    heads=(
        Head("value", "percent", _COLUMNS, 120, {**POINT, "num_leaves": 31}, weighted=True),
        Head("lower", "percent", _COLUMNS, 60, {**LOWER, "num_leaves": 31}),
        Head("upper", "percent", _COLUMNS, 60, {**UPPER, "num_leaves": 31}),
    ),
    tables=_tables,
    lay_out=_lay_out,
    samples=_samples,
    uses_estimates=True,
    simulated_progress=True,
    limits=(
        "Progress is simulated: trip records hold no positions, so a wandering pace was made up between the true "
        "start and end; training and measurement share that process, and part of the gain measures it.",
        "Not checked on real positions: a model trained on simulated progress alone can be worse there than the "
        "plain update, elapsed + (1 - share) * estimate.",
        "The share of the route that is done is taken as known exactly.",
        "Rides over 24 hours are read as 24 hours.",
        "At share_done 1 the answer is the elapsed time and the interval has no width.",
    ),
)
