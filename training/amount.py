"""What tip and cost share: an amount in USD, told at the request and along the way.

The first versions see the pair of zones, what each zone usually brings and the clock; the second
ones the rich tables of `rich_ride.py`. Both see the first estimate and the progress.
"""

from collections.abc import Callable, Sequence

import numpy as np

from .features import Columns, ProgressInputs, RideInputs
from .graph import Graph
from .recipe import Layout, Tables, bounded_outputs
from .rich_ride import Target, add_ride, ride_columns, ride_tables
from .tables import pair_cost_usd, pair_minutes, zone_means
from .trips import Trips
from .zones import Zone, straight_line_miles

REPORTS_A_TRIP = 1

_PAIR = ("pair_cost_usd", "pair_minutes", "straight_line_miles")
_PROGRESS = ("estimated_minutes", "share_done", "current_minutes")

SIMULATED_PROGRESS_LIMIT = (
    "Progress is simulated: trip records hold no positions, so a wandering pace was made up between the true "
    "start and end; the numbers along the way partly measure that process."
)


def plain_tables(trips: Trips, zones: list[Zone], amount: str, values: np.ndarray) -> Tables:
    """Tables of a first version; `values` is the amount of each trip, named `amount`."""
    by_pickup, by_dropoff = zone_means(trips, values)
    return {
        "pair_cost_usd": pair_cost_usd(trips),
        "pair_minutes": pair_minutes(trips),
        "straight_line_miles": straight_line_miles(zones),
        f"pickup_{amount}": by_pickup,
        f"dropoff_{amount}": by_dropoff,
    }


def plain_columns(amount: str) -> tuple[str, ...]:
    """Columns of a first version."""
    return (
        *_PAIR,
        f"pickup_{amount}",
        f"dropoff_{amount}",
        "minute_of_day",
        "day_of_week",
        "trip_distance_miles",
        "passenger_count",
        *_PROGRESS,
    )


def lay_out_plain(graph: Graph, tables: Tables, amount: str, answer: Callable[[str, float], None]) -> Layout:
    """The layout of a first version."""
    ride = RideInputs(graph)
    columns = Columns(graph)
    pair = columns.look_up(_PAIR, [tables[name] for name in _PAIR], ride.pair)
    columns.look_up((f"pickup_{amount}",), [tables[f"pickup_{amount}"]], ride.pickup)
    columns.look_up((f"dropoff_{amount}",), [tables[f"dropoff_{amount}"]], ride.dropoff)
    columns.add_clock(ride)
    progress = ProgressInputs(graph, graph.column_of(pair, _PAIR.index("pair_minutes")))
    columns.add("trip_distance_miles", ride.distance_miles)
    columns.add("passenger_count", "passenger_count")
    _add_progress(columns, progress)
    return Layout(columns, answer)


def rich_tables(trips: Trips, zones: list[Zone], targets: dict[str, tuple[np.ndarray, Target]]) -> Tables:
    """Tables of a second version; the minutes of a pair stand in for an estimate that is not given."""
    return {**ride_tables(trips, zones, targets), "pair_minutes": pair_minutes(trips)}


def rich_columns(targets: Sequence[str]) -> tuple[str, ...]:
    """Columns of a second version, given the targets whose means are among them."""
    return (*ride_columns(targets), *_PROGRESS)


def lay_out_rich(
    ride: RideInputs, graph: Graph, tables: Tables, targets: Sequence[str], answer: Callable[[str, float], None]
) -> Layout:
    """The layout of a second version."""
    columns = Columns(graph)
    add_ride(graph, columns, ride, tables, targets)
    usual_minutes = graph.op("Gather", graph.constant(tables["pair_minutes"]), ride.pair, axis=0)
    _add_progress(columns, ProgressInputs(graph, usual_minutes))
    return Layout(columns, answer)


def _add_progress(columns: Columns, progress: ProgressInputs) -> None:
    columns.add("estimated_minutes", progress.estimated_minutes)
    columns.add("share_done", progress.share)
    columns.add("current_minutes", progress.current_minutes)


def answer_amount(graph: Graph, amount: str, highest_usd: float) -> Callable[[str, float], None]:
    """Names the first three outputs: the heads value, lower and upper, in this order, within 0..`highest_usd`."""

    def answer(scores: str, offset: float) -> None:
        bounded_outputs(
            graph,
            (amount, "lower_usd", "upper_usd"),
            graph.column_of(scores, 0),
            graph.op("Sub", graph.column_of(scores, 1), offset),
            graph.op("Add", graph.column_of(scores, 2), offset),
            0.0,
            highest_usd,
        )

    return answer
