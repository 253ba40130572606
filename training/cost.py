"""cost: the total without the tip, at the request and along the way."""

from dataclasses import replace

from .amount import (
    REPORTS_A_TRIP,
    SIMULATED_PROGRESS_LIMIT,
    answer_amount,
    lay_out_plain,
    lay_out_rich,
    plain_columns,
    plain_tables,
    rich_columns,
    rich_tables,
)
from .broken import ZONES_MISTAKE, broken, ride_to_the_next_zone
from .contract import HIGHEST_PRICE_USD
from .events import Estimates, training_events
from .features import RideInputs
from .fitting import LOWER, POINT, UPPER
from .graph import Graph
from .recency import recency
from .recipe import Head, Layout, Recipe, Samples, Tables
from .trips import Trips
from .zones import Zone

HALF_LIFE_DAYS = 14.0
"""After so many days a trip counts half in v2's training, as in duration's."""

_AMOUNT = "cost_usd"
_TARGETS = (_AMOUNT,)
_PLAIN = plain_columns(_AMOUNT)
_RICH = rich_columns(_TARGETS)
_RICH_SETTINGS = {"num_leaves": 63, "learning_rate": 0.09, "feature_fraction": 0.5, "max_bin": 127}


def _samples(trips: Trips, estimates: Estimates | None, seed: int) -> Samples:
    if estimates is None:
        raise ValueError("cost learns from first estimates")
    trip, feed = training_events(trips, estimates, REPORTS_A_TRIP, seed)
    return Samples(trip, feed, {_AMOUNT: trips.cost_usd[trip]})


def _samples_v2(trips: Trips, estimates: Estimates | None, seed: int) -> Samples:
    """As v1's, later trips counting more."""
    samples = _samples(trips, estimates, seed)
    return replace(samples, weights={_AMOUNT: recency(trips, HALF_LIFE_DAYS)[samples.trip]})


def _tables(trips: Trips, zones: list[Zone]) -> Tables:
    return plain_tables(trips, zones, _AMOUNT, trips.cost_usd)


def _lay_out(graph: Graph, tables: Tables) -> Layout:
    return lay_out_plain(graph, tables, _AMOUNT, answer_amount(graph, _AMOUNT, HIGHEST_PRICE_USD))


def _tables_v2(trips: Trips, zones: list[Zone]) -> Tables:
    return rich_tables(trips, zones, {_AMOUNT: (trips.cost_usd, (5.0, 90.0))})


def _lay_out_with(ride: RideInputs, graph: Graph, tables: Tables) -> Layout:
    return lay_out_rich(ride, graph, tables, _TARGETS, answer_amount(graph, _AMOUNT, HIGHEST_PRICE_USD))


def _lay_out_v2(graph: Graph, tables: Tables) -> Layout:
    return _lay_out_with(RideInputs(graph), graph, tables)


def _lay_out_zone_off_by_one(graph: Graph, tables: Tables) -> Layout:
    return _lay_out_with(ride_to_the_next_zone(graph), graph, tables)


V1 = Recipe(
    service="cost",
    version="v1",
    description="Total amount of a ride without the tip, from the ride, its first estimate and its progress.",
    heads=(
        Head("value", _AMOUNT, _PLAIN, 150, {**POINT, "num_leaves": 31}),
        Head("lower", _AMOUNT, _PLAIN, 60, {**LOWER, "num_leaves": 31}),
        Head("upper", _AMOUNT, _PLAIN, 60, {**UPPER, "num_leaves": 31}),
    ),
    tables=_tables,
    lay_out=_lay_out,
    samples=_samples,
    uses_estimates=True,
    simulated_progress=True,
    limits=(
        SIMULATED_PROGRESS_LIMIT,
        "The metered distance is known only after a ride; the numbers with distance are not those of a quote.",
        "Refunds and totals outside 0 to 200 USD are left out of training and measurement.",
        "Fares of 2021-01: later fare rises are not in it.",
    ),
)

V2 = Recipe(
    service="cost",
    version="v2",
    description="Total amount of a ride without the tip, from zones, places, clock, first estimate and progress.",
    heads=(
        Head("value", _AMOUNT, _RICH, 200, {**POINT, **_RICH_SETTINGS}, weighted=True),
        Head("lower", _AMOUNT, _RICH, 60, {**LOWER, "num_leaves": 31, "feature_fraction": 0.5}, weighted=True),
        Head("upper", _AMOUNT, _RICH, 60, {**UPPER, "num_leaves": 31, "feature_fraction": 0.5}, weighted=True),
    ),
    tables=_tables_v2,
    lay_out=_lay_out_v2,
    samples=_samples_v2,
    uses_estimates=True,
    simulated_progress=True,
    limits=V1.limits,
)

V3_ZONES = broken(V2, "v3-zones", *ZONES_MISTAKE, _lay_out_zone_off_by_one, rounds=60)
