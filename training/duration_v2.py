"""duration v2: zones, places, paces, zones nearby and the clock, with many trees. And two broken ones after it.

v3-utc and v4-zones are broken on purpose: see `broken.py`.
"""

from dataclasses import replace

from .broken import ZONES_MISTAKE, broken, ride_to_the_next_zone
from .duration import answer_ride, training_samples
from .events import Estimates
from .features import Columns, RideInputs
from .fitting import LOWER, POINT, UPPER
from .graph import Graph
from .recency import recency
from .recipe import Head, Layout, Recipe, Samples, Tables
from .rich_ride import add_ride, ride_columns, ride_tables
from .trips import Trips
from .zones import Zone

_TARGETS = ("minutes", "cost_usd")
_FOR_MINUTES = ride_columns(("minutes",), near=True)
_FOR_PRICE = ride_columns(_TARGETS, near=True)

# Chosen by cross-validation inside January; see "what was tried" in docs/models.md.
_DEEP = {
    **POINT,
    "num_leaves": 127,
    "learning_rate": 0.06,
    "feature_fraction": 0.5,
    "extra_trees": True,
    "max_bin": 127,
}
_QUANTILE = {"num_leaves": 31, "feature_fraction": 0.5}

HALF_LIFE_DAYS = 14.0
"""After so many days a trip counts half: rides grew slower through January."""

SECONDS_BEHIND_UTC = 5 * 3600
"""New York's clock in winter."""


def _tables(trips: Trips, zones: list[Zone]) -> Tables:
    targets = {"minutes": (trips.minutes, (3.0, 50.0)), "cost_usd": (trips.cost_usd, (5.0, 90.0))}
    return ride_tables(trips, zones, targets, near=True)


def _samples(trips: Trips, estimates: Estimates | None, seed: int) -> Samples:
    samples = training_samples(trips, estimates, seed)
    weight = recency(trips, HALF_LIFE_DAYS)[samples.trip]
    return replace(samples, weights=dict.fromkeys(_TARGETS, weight))


def _lay_out_with(ride: RideInputs, graph: Graph, tables: Tables) -> Layout:
    columns = Columns(graph)
    add_ride(graph, columns, ride, tables, _TARGETS, near=True)
    return Layout(columns, answer_ride(graph))


def _lay_out(graph: Graph, tables: Tables) -> Layout:
    return _lay_out_with(RideInputs(graph), graph, tables)


def _lay_out_clock_as_utc(graph: Graph, tables: Tables) -> Layout:
    """The wall clock is taken for UTC and moved to New York once more."""
    clock = graph.whole("Sub", "pickup_local_seconds", SECONDS_BEHIND_UTC)
    return _lay_out_with(RideInputs(graph, local_seconds=clock), graph, tables)


def _lay_out_zone_off_by_one(graph: Graph, tables: Tables) -> Layout:
    return _lay_out_with(ride_to_the_next_zone(graph), graph, tables)


V2 = Recipe(
    service="duration",
    version="v2",
    description="Duration and price of a ride from its zones, their places, the clock and, where known, its distance.",
    heads=(
        Head("value", "minutes", _FOR_MINUTES, 600, _DEEP, weighted=True),
        Head("lower", "minutes", _FOR_MINUTES, 120, {**LOWER, **_QUANTILE}, weighted=True),
        Head("upper", "minutes", _FOR_MINUTES, 120, {**UPPER, **_QUANTILE}, weighted=True),
        Head("price", "cost_usd", _FOR_PRICE, 300, {**_DEEP, "num_leaves": 31}, weighted=True),
    ),
    tables=_tables,
    lay_out=_lay_out,
    samples=_samples,
    uses_estimates=False,
    limits=(
        "The metered distance is known only after a ride; the numbers with distance are not those of a quote.",
        "Weather is not an input: on the first days of 2021-02 rides came out 2 to 3 minutes short.",
        "The interval is sized on one week of January; single days hold less, which the adaptive scale is for.",
        "Trained on rides of 1 to 60 minutes, so longer rides are underestimated.",
        "The price is the total without the tip as paid in 2021-01; later fare rises are not in it.",
        "The price has no interval.",
    ),
)

_BROKEN_ROUNDS = 200
"""Enough of v2's trees to answer like it, but for the mistake."""

V3_UTC = broken(
    V2,
    "v3-utc",
    "the pickup's wall clock read as UTC",
    "Every ride is scored as if it began five hours earlier.",
    _lay_out_clock_as_utc,
    _BROKEN_ROUNDS,
)

V4_ZONES = broken(V2, "v4-zones", *ZONES_MISTAKE, _lay_out_zone_off_by_one, _BROKEN_ROUNDS)
