"""tip: what a rider who pays by card is likely to give, and whether there is a tip at all.

Cash tips are not recorded (the data says 0 for all of them), so only card trips teach and
measure these models.
"""

from dataclasses import replace

import numpy as np

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
from .contract import HIGHEST_TIP_USD
from .events import Estimates, training_events
from .features import RideInputs
from .fitting import LOWER, POINT, PROBABILITY, UPPER
from .graph import Graph
from .recency import recency
from .recipe import Head, Layout, Recipe, Samples, Tables
from .trips import Trips
from .zones import Zone

HALF_LIFE_DAYS = 4.0
"""After so many days a trip counts half in v2's training: what riders tip, or what is recorded of it, changed within
January 2021 (from 19 January on every fourth card ride has no tip, before that every seventh)."""

_AMOUNT = "tip_usd"
_TIPS = "tips"
"""1 where there is a tip, 0 where a card rider gave none, NaN where the data does not tell."""
_TARGETS = (_AMOUNT, _TIPS)


def _for_card_trips(columns: tuple[str, ...]) -> tuple[str, ...]:
    """No passenger count: it is missing for dispatched rides, none of which is in the training rows."""
    return tuple(name for name in columns if name != "passenger_count")


_NO_METER = "distance_is_zero"
"""1 where the meter recorded no distance at all: such card rides tip one time in ten."""
_PLAIN = _for_card_trips(plain_columns(_AMOUNT))
_RICH = (*_for_card_trips(rich_columns(_TARGETS)), _NO_METER)


def tips(trips: Trips) -> np.ndarray:
    """Whether each card trip has a tip."""
    return np.where(np.isnan(trips.tip_usd), np.nan, trips.tip_usd > 0)


def _samples(trips: Trips, estimates: Estimates | None, seed: int) -> Samples:
    if estimates is None:
        raise ValueError("tip learns from first estimates")
    trip, feed = training_events(trips, estimates, REPORTS_A_TRIP, seed)
    return Samples(trip, feed, {_AMOUNT: trips.tip_usd[trip], _TIPS: tips(trips)[trip]})


def _answer(graph: Graph):
    """The three of an amount, and the probability from the fourth head."""
    amount = answer_amount(graph, _AMOUNT, HIGHEST_TIP_USD)

    def answer(scores: str, offset: float) -> None:
        amount(scores, offset)
        graph.output("tip_probability", graph.op("Sigmoid", graph.column_of(scores, 3)))

    return answer


def _tables(trips: Trips, zones: list[Zone]) -> Tables:
    return plain_tables(trips, zones, _AMOUNT, trips.tip_usd)


def _lay_out(graph: Graph, tables: Tables) -> Layout:
    return lay_out_plain(graph, tables, _AMOUNT, _answer(graph))


def _tables_v2(trips: Trips, zones: list[Zone]) -> Tables:
    return rich_tables(trips, zones, {_AMOUNT: (trips.tip_usd, (0.0, 15.0)), _TIPS: (tips(trips), (0.05, 1.0))})


def _lay_out_with(ride: RideInputs, graph: Graph, tables: Tables) -> Layout:
    layout = lay_out_rich(ride, graph, tables, _TARGETS, _answer(graph))
    is_zero = graph.op("Equal", "trip_distance_miles", 0.0)
    layout.columns.add(_NO_METER, graph.op("Where", is_zero, 1.0, 0.0))
    return layout


def _lay_out_v2(graph: Graph, tables: Tables) -> Layout:
    return _lay_out_with(RideInputs(graph), graph, tables)


def _lay_out_zone_off_by_one(graph: Graph, tables: Tables) -> Layout:
    return _lay_out_with(ride_to_the_next_zone(graph), graph, tables)


def _samples_v2(trips: Trips, estimates: Estimates | None, seed: int) -> Samples:
    """As v1's, later trips counting more."""
    samples = _samples(trips, estimates, seed)
    weight = recency(trips, HALF_LIFE_DAYS)[samples.trip]
    return replace(samples, weights={_AMOUNT: weight, _TIPS: weight})


V1 = Recipe(
    service="tip",
    version="v1",
    description="Tip of a ride paid by card, from the ride, its first estimate and its progress.",
    heads=(
        Head("value", _AMOUNT, _PLAIN, 120, POINT),
        Head("lower", _AMOUNT, _PLAIN, 40, LOWER),
        Head("upper", _AMOUNT, _PLAIN, 60, UPPER),
        Head("probability", _TIPS, _PLAIN, 80, PROBABILITY),
    ),
    tables=_tables,
    lay_out=_lay_out,
    samples=_samples,
    uses_estimates=True,
    simulated_progress=True,
    limits=(
        "Trained and measured on card trips only: cash tips are not recorded.",
        "Dispatched rides have no payment type and are not in training; their answer is that of a card trip.",
        SIMULATED_PROGRESS_LIMIT,
        "A fifth of card riders tip nothing, so the lower bound is often 0 and the interval is one-sided.",
    ),
)

V2 = Recipe(
    service="tip",
    version="v2",
    description="Tip of a ride paid by card, from zones, places, clock, first estimate and progress.",
    heads=(
        Head("value", _AMOUNT, _RICH, 250, {**POINT, "num_leaves": 31}, weighted=True),
        Head("lower", _AMOUNT, _RICH, 40, LOWER, weighted=True),
        Head("upper", _AMOUNT, _RICH, 60, UPPER, weighted=True),
        Head(
            "probability", _TIPS, _RICH, 150, {**PROBABILITY, "num_leaves": 31, "feature_fraction": 0.5}, weighted=True
        ),
    ),
    tables=_tables_v2,
    lay_out=_lay_out_v2,
    samples=_samples_v2,
    uses_estimates=True,
    simulated_progress=True,
    limits=V1.limits,
)

V3_ZONES = broken(V2, "v3-zones", *ZONES_MISTAKE, _lay_out_zone_off_by_one, rounds=60)
