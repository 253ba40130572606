"""How a version of a service is made: its features, its trees and how trees become an answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from .contract import INPUTS
from .events import Estimates, Feed, join
from .features import Columns
from .graph import Graph
from .porto import Traces
from .trips import Trips
from .zones import Zone

Tables = Mapping[str, np.ndarray]
"""Look-up tables by name, learned from trips."""


@dataclass(frozen=True)
class Samples:
    """Rows to learn from. Several rows may come from one trip and then share its fold."""

    trip: np.ndarray
    feed: Feed
    targets: Mapping[str, np.ndarray]
    """What each head learns, by target name; NaN leaves the row out for that target."""
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Row weights by target name; absent means all alike."""


def join_samples(parts: Sequence[Samples]) -> Samples:
    """Rows one after the other; all parts name the same targets and weights."""

    def joined(tables: list[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        return {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}

    return Samples(
        np.concatenate([part.trip for part in parts]),
        join([part.feed for part in parts]),
        joined([part.targets for part in parts]),
        joined([part.weights for part in parts]),
    )


@dataclass(frozen=True)
class Head:
    """One ensemble of trees: one column of the raw scores."""

    name: str
    target: str
    columns: tuple[str, ...]
    rounds: int
    settings: Mapping[str, object]
    """LightGBM parameters over the shared ones in `fitting.py`."""
    weighted: bool = False


@dataclass(frozen=True)
class Layout:
    """The part of a graph before the trees, and what to do with their scores."""

    columns: Columns
    answer: Callable[[str, float], None]
    """Takes the raw scores [N, heads] and the interval's offset; names the outputs."""


@dataclass(frozen=True)
class Recipe:
    """A version of a service."""

    service: str
    version: str
    description: str
    heads: tuple[Head, ...]
    tables: Callable[[Trips, list[Zone]], Tables]
    lay_out: Callable[[Graph, Tables], Layout]
    samples: Callable[[Trips, Estimates | None, int], Samples]
    uses_estimates: bool
    limits: tuple[str, ...]
    simulated_progress: bool = False
    real_samples: Callable[[Traces, Trips, Estimates, int], Samples] | None = None
    """More rows to learn from: those that real traces teach."""
    serving: Callable[[Graph, Tables], Layout] | None = None
    """The layout of the served graph where it differs from the one that was trained on: a mistake, on purpose."""
    built_on: "Recipe | None" = None
    """The version whose tables and trees this one serves, so that nothing is fitted twice. Its heads are that
    version's, perhaps with fewer rounds: the first trees of each."""

    def feed(self, feed: Feed) -> Feed:
        """Only the inputs of this service's contract."""
        return {entry.name: feed[entry.name] for entry in INPUTS[self.service]}


def bounded_outputs(
    graph: Graph, names: tuple[str, str, str], value: str, lower: str, upper: str, low: float, high: float
) -> None:
    """Clips a value and its bounds to low..high and puts the bounds on their sides of the value."""
    value = graph.op("Clip", value, low, high)
    graph.output(names[0], value)
    graph.output(names[1], graph.op("Min", graph.op("Clip", lower, low, high), value))
    graph.output(names[2], graph.op("Max", graph.op("Clip", upper, low, high), value))
