"""cost v1: the total without the tip, at the request and along the way."""

from .contract import HIGHEST_PRICE_USD
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
    *_PAIR_COLUMNS,
    "pickup_cost_usd",
    "dropoff_cost_usd",
    "minute_of_day",
    "day_of_week",
    "trip_distance_miles",
    "passenger_count",
    "estimated_minutes",
    "share_done",
    "current_minutes",
)


def _tables(trips: Trips, zones: list[Zone]) -> Tables:
    by_pickup, by_dropoff = zone_means(trips, trips.cost_usd)
    return {
        "pair_cost_usd": pair_cost_usd(trips),
        "pair_minutes": pair_minutes(trips),
        "straight_line_miles": straight_line_miles(zones),
        "pickup_cost_usd": by_pickup,
        "dropoff_cost_usd": by_dropoff,
    }


def _lay_out(graph: Graph, tables: Tables) -> Layout:
    ride = RideInputs(graph)
    columns = Columns(graph)
    pair = columns.look_up(_PAIR_COLUMNS, [tables[name] for name in _PAIR_COLUMNS], ride.pair)
    columns.look_up(("pickup_cost_usd",), [tables["pickup_cost_usd"]], ride.pickup)
    columns.look_up(("dropoff_cost_usd",), [tables["dropoff_cost_usd"]], ride.dropoff)
    columns.add_clock(ride)
    progress = ProgressInputs(graph, graph.column_of(pair, _PAIR_COLUMNS.index("pair_minutes")))
    columns.add("trip_distance_miles", ride.distance_miles)
    columns.add("passenger_count", "passenger_count")
    columns.add("estimated_minutes", progress.estimated_minutes)
    columns.add("share_done", progress.share)
    columns.add("current_minutes", progress.current_minutes)

    def answer(scores: str, offset: float) -> None:
        bounded_outputs(
            graph,
            ("cost_usd", "lower_usd", "upper_usd"),
            graph.column_of(scores, 0),
            graph.op("Sub", graph.column_of(scores, 1), offset),
            graph.op("Add", graph.column_of(scores, 2), offset),
            0.0,
            HIGHEST_PRICE_USD,
        )

    return Layout(columns, answer)


def _samples(trips: Trips, estimates: Estimates | None, seed: int) -> Samples:
    if estimates is None:
        raise ValueError("cost learns from first estimates")
    trip, feed = training_events(trips, estimates, REPORTS_A_TRIP, seed)
    return Samples(trip, feed, {"cost_usd": trips.cost_usd[trip]})


V1 = Recipe(
    service="cost",
    version="v1",
    description="Total amount of a ride without the tip, from the ride, its first estimate and its progress.",
    heads=(
        Head("value", "cost_usd", _COLUMNS, 150, {**POINT, "num_leaves": 31}),
        Head("lower", "cost_usd", _COLUMNS, 60, {**LOWER, "num_leaves": 31}),
        Head("upper", "cost_usd", _COLUMNS, 60, {**UPPER, "num_leaves": 31}),
    ),
    tables=_tables,
    lay_out=_lay_out,
    samples=_samples,
    uses_estimates=True,
    simulated_progress=True,
    limits=(
        "Progress is simulated: trip records hold no positions, so a wandering pace was made up between the true "
        "start and end; the numbers along the way partly measure that process.",
        "The metered distance is known only after a ride; the numbers with distance are not those of a quote.",
        "Refunds and totals outside 0 to 200 USD are left out of training and measurement.",
        "Fares of 2021-01: later fare rises are not in it.",
    ),
)
