"""tip v1: what a rider who pays by card is likely to give.

Cash tips are not recorded (the data says 0 for all of them), so only card trips teach and
measure this model.
"""

from .contract import HIGHEST_TIP_USD
from .events import Estimates, training_events
from .features import Columns, ProgressInputs, RideInputs
from .fitting import LOWER, POINT, UPPER
from .graph import Graph
from .recipe import Head, Layout, Recipe, Samples, Tables, bounded_outputs
from .tables import pair_cost_usd, pair_minutes, zone_means
from .trips import Trips
from .zones import Zone, straight_line_miles

REPORTS_A_TRIP = 1

_PAIR_COLUMNS = ("pair_cost_usd", "pair_minutes", "straight_line_miles")
_COLUMNS = (
    "pair_cost_usd",
    "straight_line_miles",
    "pickup_tip_usd",
    "dropoff_tip_usd",
    "minute_of_day",
    "day_of_week",
    "trip_distance_miles",
    "estimated_minutes",
    "share_done",
    "current_minutes",
)
"""No passenger count: it is missing for dispatched rides, none of which is in the training rows."""


def _tables(trips: Trips, zones: list[Zone]) -> Tables:
    by_pickup, by_dropoff = zone_means(trips, trips.tip_usd)
    return {
        "pair_cost_usd": pair_cost_usd(trips),
        "pair_minutes": pair_minutes(trips),
        "straight_line_miles": straight_line_miles(zones),
        "pickup_tip_usd": by_pickup,
        "dropoff_tip_usd": by_dropoff,
    }


def _lay_out(graph: Graph, tables: Tables) -> Layout:
    ride = RideInputs(graph)
    columns = Columns(graph)
    pair = columns.look_up(_PAIR_COLUMNS, [tables[name] for name in _PAIR_COLUMNS], ride.pair)
    columns.look_up(("pickup_tip_usd",), [tables["pickup_tip_usd"]], ride.pickup)
    columns.look_up(("dropoff_tip_usd",), [tables["dropoff_tip_usd"]], ride.dropoff)
    columns.add_clock(ride)
    progress = ProgressInputs(graph, graph.column_of(pair, _PAIR_COLUMNS.index("pair_minutes")))
    columns.add("trip_distance_miles", ride.distance_miles)
    columns.add("estimated_minutes", progress.estimated_minutes)
    columns.add("share_done", progress.share)
    columns.add("current_minutes", progress.current_minutes)

    def answer(scores: str, offset: float) -> None:
        bounded_outputs(
            graph,
            ("tip_usd", "lower_usd", "upper_usd"),
            graph.column_of(scores, 0),
            graph.op("Sub", graph.column_of(scores, 1), offset),
            graph.op("Add", graph.column_of(scores, 2), offset),
            0.0,
            HIGHEST_TIP_USD,
        )

    return Layout(columns, answer)


def _samples(trips: Trips, estimates: Estimates | None, seed: int) -> Samples:
    if estimates is None:
        raise ValueError("tip learns from first estimates")
    trip, feed = training_events(trips, estimates, REPORTS_A_TRIP, seed)
    return Samples(trip, feed, {"tip_usd": trips.tip_usd[trip]})


V1 = Recipe(
    service="tip",
    version="v1",
    description="Tip of a ride paid by card, from the ride, its first estimate and its progress.",
    heads=(
        Head("value", "tip_usd", _COLUMNS, 120, POINT),
        Head("lower", "tip_usd", _COLUMNS, 40, LOWER),
        Head("upper", "tip_usd", _COLUMNS, 60, UPPER),
    ),
    tables=_tables,
    lay_out=_lay_out,
    samples=_samples,
    uses_estimates=True,
    simulated_progress=True,
    limits=(
        "Trained and measured on card trips only: cash tips are not recorded.",
        "Dispatched rides have no payment type and are not in training; their answer is that of a card trip.",
        "Progress is simulated: trip records hold no positions, so a wandering pace was made up between the true "
        "start and end; the numbers along the way partly measure that process.",
        "A fifth of card riders tip nothing, so the lower bound is often 0 and the interval is one-sided.",
    ),
)
