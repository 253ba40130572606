"""duration v1: the course's idea. The mean of the zone pair and the distance, and few small trees.

It ignores the clock and the passengers on purpose: it is the plain model that a richer
version is released against.
"""

from collections.abc import Callable

import numpy as np

from .contract import HIGHEST_PRICE_USD, LONGEST_ESTIMATE_MINUTES
from .events import Estimates, Feed, ride_feed, training_rides
from .features import Columns, RideInputs
from .fitting import LOWER, POINT, UPPER, build, fit, session
from .graph import Graph
from .recipe import Head, Layout, Recipe, Samples, Tables, bounded_outputs
from .tables import pair_cost_usd, pair_minutes
from .trips import Trips
from .zones import Zone

ESTIMATE_FOLDS = 5

_FOR_MINUTES = ("pair_minutes", "trip_distance_miles")
_FOR_PRICE = ("pair_cost_usd", "trip_distance_miles")


def _tables(trips: Trips, zones: list[Zone]) -> Tables:
    return {"pair_minutes": pair_minutes(trips), "pair_cost_usd": pair_cost_usd(trips)}


def answer_ride(graph: Graph) -> Callable[[str, float], None]:
    """Duration with its bounds from the first three heads, the price from the fourth."""

    def answer(scores: str, offset: float) -> None:
        bounded_outputs(
            graph,
            ("duration_minutes", "lower_minutes", "upper_minutes"),
            graph.column_of(scores, 0),
            graph.op("Sub", graph.column_of(scores, 1), offset),
            graph.op("Add", graph.column_of(scores, 2), offset),
            1.0,
            LONGEST_ESTIMATE_MINUTES,
        )
        graph.output("price_usd", graph.op("Clip", graph.column_of(scores, 3), 0.0, HIGHEST_PRICE_USD))

    return answer


def _lay_out(graph: Graph, tables: Tables) -> Layout:
    ride = RideInputs(graph)
    columns = Columns(graph)
    pair_columns = ("pair_minutes", "pair_cost_usd")
    columns.look_up(pair_columns, [tables[name] for name in pair_columns], ride.pair)
    columns.add("trip_distance_miles", ride.distance_miles)

    return Layout(columns, answer_ride(graph))


def training_samples(trips: Trips, estimates: Estimates | None, seed: int) -> Samples:
    trip, feed = training_rides(trips)
    return Samples(trip, feed, {"minutes": trips.minutes[trip], "cost_usd": trips.cost_usd[trip]})


V1 = Recipe(
    service="duration",
    version="v1",
    description="Duration and price of a ride from its zone pair and, where known, its distance.",
    heads=(
        Head("value", "minutes", _FOR_MINUTES, 120, POINT),
        Head("lower", "minutes", _FOR_MINUTES, 60, LOWER),
        Head("upper", "minutes", _FOR_MINUTES, 60, UPPER),
        Head("price", "cost_usd", _FOR_PRICE, 120, POINT),
    ),
    tables=_tables,
    lay_out=_lay_out,
    samples=training_samples,
    uses_estimates=False,
    limits=(
        "The metered distance is known only after a ride; the numbers with distance are not those of a quote.",
        "The hour is ignored: on 2021-02, with distance, rides from 14 to 18 h came out 3 to 4 minutes short and "
        "rides at night 2 to 5 minutes long.",
        "Dispatched rides are not told from metered ones: their durations and prices come out low.",
        "The interval is sized on one week of January: on single days of 2021-02 it held 65 to 84 % of rides.",
        "Trained on rides of 1 to 60 minutes, so longer rides are underestimated.",
        "The price is the total without the tip as paid in 2021-01; later fare rises are not in it.",
        "The price has no interval.",
    ),
)


def _quick_estimator(trips: Trips, zones: list[Zone]):
    """The duration head of v1 alone, as a function from a feed to minutes."""
    fitted = fit(V1, trips, zones, training_samples(trips, None, 0))
    runtime = session(build(V1, fitted, 0.0))

    def estimate(feed: Feed) -> np.ndarray:
        return runtime.run(["duration_minutes"], V1.feed(feed))[0]

    return estimate


def estimates_for(trips: Trips, learned_from: Trips, zones: list[Zone]) -> Estimates:
    """First estimates for trips, by v1's idea trained on other trips."""
    estimate = _quick_estimator(learned_from, zones)
    return Estimates(estimate(ride_feed(trips, True)), estimate(ride_feed(trips, False)))


def cross_fitted_estimates(trips: Trips, zones: list[Zone], seed: int) -> Estimates:
    """First estimates for trips, each by a model that has not seen it.

    An estimate that knew the truth would teach the later services to trust it too much.
    """
    fold = np.random.default_rng(seed).integers(0, ESTIMATE_FOLDS, len(trips))
    result = Estimates(np.empty(len(trips), np.float32), np.empty(len(trips), np.float32))
    for number in range(ESTIMATE_FOLDS):
        rows = fold == number
        part = estimates_for(trips.take(rows), trips.take(~rows), zones)
        result.with_distance[rows] = part.with_distance
        result.without_distance[rows] = part.without_distance
    return result
