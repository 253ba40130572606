"""Fits the trees of a recipe and the width of its interval.

Means learned from a trip's own duration would give the answer away, so training rows see
tables made from the other folds; rows of one trip always share a fold.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import lightgbm as lgb
import numpy as np
import onnx
import onnxruntime as ort

from .contract import INPUTS, INTERVAL_NOMINAL
from .events import Feed
from .graph import Graph, to_bytes
from .recipe import Head, Recipe, Samples, Tables
from .trees import EnsembleAttributes, round_leaves
from .trips import Trips
from .zones import Zone

Say = Callable[[str], None]
"""Tells whoever waits what is going on."""

FOLDS = 10
SEED = 1
_ROUNDS_BETWEEN_WORDS = 100
"""A few seconds of fitting: long fits never look hung."""

_SHARED_SETTINGS: dict[str, object] = {
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 40,
    "lambda_l2": 10,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "max_bin": 255,
    "seed": SEED,
    # One thread and a fixed order of rows: the same data always gives the same trees.
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}

POINT = {"objective": "regression"}
LOWER = {"objective": "quantile", "alpha": (1 - INTERVAL_NOMINAL) / 2, "learning_rate": 0.1, "lambda_l2": 0}
UPPER = {**LOWER, "alpha": (1 + INTERVAL_NOMINAL) / 2}
PROBABILITY = {"objective": "binary"}
"""Scores are log odds; the answer puts a Sigmoid on them."""


@dataclass(frozen=True)
class Fitted:
    """Tables and trees, all that a graph needs besides the recipe."""

    tables: Tables
    boosters: tuple[lgb.Booster, ...]


@dataclass(frozen=True)
class Learned:
    """All that training a version finds out."""

    fitted: Fitted
    offset: float
    """How far the bounds of the interval move out."""


def silent(line: str) -> None:
    """Says nothing, for fits that nobody waits for."""


def session(model: onnx.ModelProto | bytes, threads: int = 1) -> ort.InferenceSession:
    """An ONNX Runtime session on the CPU."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    content = model if isinstance(model, bytes) else to_bytes(model)
    return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def feature_names(recipe: Recipe, tables: Tables) -> tuple[str, ...]:
    """Columns of the matrix, in order."""
    return recipe.lay_out(Graph(INPUTS[recipe.service]), tables).columns.names


def matrix(recipe: Recipe, tables: Tables, feed: Feed) -> np.ndarray:
    """The columns for these rows, computed by the serving graph itself."""
    graph = Graph(INPUTS[recipe.service])
    columns = recipe.lay_out(graph, tables).columns
    graph.output("features", columns.matrix(), len(columns.names))
    return session(graph.model("features")).run(None, recipe.feed(feed))[0]


def out_of_fold_matrix(recipe: Recipe, trips: Trips, zones: list[Zone], samples: Samples) -> np.ndarray:
    """The columns of each row with tables from the trips of the other folds."""
    fold = np.random.default_rng(SEED).integers(0, FOLDS, len(trips))
    result: np.ndarray | None = None
    for number in range(FOLDS):
        rows = np.flatnonzero(fold[samples.trip] == number)
        if len(rows) == 0:
            continue
        tables = recipe.tables(trips.take(fold != number), zones)
        part = matrix(recipe, tables, {name: values[rows] for name, values in samples.feed.items()})
        if result is None:
            result = np.empty((len(samples.trip), part.shape[1]), np.float32)
        result[rows] = part
    if result is None:
        raise ValueError("no rows to learn from")
    return result


def fit(recipe: Recipe, trips: Trips, zones: list[Zone], samples: Samples, say: Say = silent) -> Fitted:
    """Tables from all trips, trees from out-of-fold rows, leaves on their grid."""
    tables = recipe.tables(trips, zones)
    names = feature_names(recipe, tables)
    rows = out_of_fold_matrix(recipe, trips, zones, samples)
    return Fitted(tables, tuple(_fit_head(head, rows, names, samples, say) for head in recipe.heads))


def _fit_head(head: Head, rows: np.ndarray, names: tuple[str, ...], samples: Samples, say: Say) -> lgb.Booster:
    target = samples.targets[head.target]
    known = ~np.isnan(target)
    weight = samples.weights[head.target][known] if head.weighted else None
    columns = [names.index(column) for column in head.columns]
    data = lgb.Dataset(rows[known][:, columns], target[known], weight=weight, feature_name=list(head.columns))

    def report(state: lgb.callback.CallbackEnv) -> None:
        if (state.iteration + 1) % _ROUNDS_BETWEEN_WORDS == 0:
            say(f"{head.name}: {state.iteration + 1} of {head.rounds} trees")

    booster = lgb.train({**_SHARED_SETTINGS, **head.settings}, data, head.rounds, callbacks=[report])
    round_leaves(booster)
    return booster


def first_rounds(recipe: Recipe, fitted: Fitted) -> Fitted:
    """The trees of another recipe, no more of them than this one has rounds."""
    return replace(
        fitted,
        boosters=tuple(
            lgb.Booster(model_str=booster.model_to_string(num_iteration=head.rounds))
            for head, booster in zip(recipe.heads, fitted.boosters, strict=True)
        ),
    )


def raw_scores(recipe: Recipe, fitted: Fitted, rows: np.ndarray) -> np.ndarray:
    """What LightGBM's trees add up to, [N, heads], as float32: log odds where a head is a probability."""
    names = feature_names(recipe, fitted.tables)
    return np.stack(
        [
            booster.predict(rows[:, [names.index(column) for column in head.columns]], raw_score=True, num_threads=1)
            for head, booster in zip(recipe.heads, fitted.boosters, strict=True)
        ],
        axis=1,
    ).astype(np.float32)


def bounds_only(recipe: Recipe) -> Recipe:
    """The two heads that the interval is made of: enough to size it."""
    return replace(recipe, heads=tuple(head for head in recipe.heads if head.name in ("lower", "upper")))


def interval_offset(recipe: Recipe, fitted: Fitted, samples: Samples) -> float:
    """How far both bounds must move out (or in) to hold the nominal share of later trips.

    Conformalised quantile regression: `samples` are trips after the ones `fitted` has seen.
    """
    names = [head.name for head in recipe.heads]
    scores = raw_scores(recipe, fitted, matrix(recipe, fitted.tables, samples.feed))
    truth = samples.targets[recipe.heads[names.index("lower")].target]
    outside = np.maximum(scores[:, names.index("lower")] - truth, truth - scores[:, names.index("upper")])
    return float(np.float32(np.nanquantile(outside, INTERVAL_NOMINAL)))


def build(
    recipe: Recipe, fitted: Fitted, offset: float, metadata: dict[str, object] | None = None, inner: bool = False
) -> onnx.ModelProto:
    """The whole graph: features, trees, answer. `inner` adds the features and raw scores as outputs."""
    graph = Graph(INPUTS[recipe.service])
    layout = (recipe.serving or recipe.lay_out)(graph, fitted.tables)
    names = layout.columns.names
    ensemble = EnsembleAttributes()
    for head, booster in zip(recipe.heads, fitted.boosters, strict=True):
        ensemble.add(booster, [names.index(column) for column in head.columns])
    features = layout.columns.matrix()
    scores = graph.op("TreeEnsembleRegressor", features, domain="ai.onnx.ml", **ensemble.as_attributes())
    layout.answer(scores, offset)
    if inner:
        graph.output("features", features, len(names))
        graph.output("scores", scores, len(recipe.heads))
    return graph.model(f"{recipe.service}-{recipe.version}", metadata)
