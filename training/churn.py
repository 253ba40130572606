"""churn v1: how likely a customer is to leave, with bounds of that probability.

Members are small LightGBM ensembles, each fitted on customers drawn with replacement. Their
scatter says how little the data pins a probability down; the widening adds what it misses.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
import onnx

from .contract import INTERVAL_NOMINAL, Field
from .customers import FIELDS, Customers
from .fitting import SEED, session
from .graph import Graph
from .trees import EnsembleAttributes, round_leaves

SERVICE = "churn"
VERSION = "v1"
INPUTS = tuple(FIELDS.values())
OUTPUTS = (
    Field("churn_probability", "float32", "share", "Probability that the customer leaves.", 0, 1),
    Field("lower_probability", "float32", "share", "Lower bound, never above churn_probability.", 0, 1),
    Field("upper_probability", "float32", "share", "Upper bound, never below churn_probability.", 0, 1),
)

MEMBERS = 21
"""With 21 members the 10 % and 90 % quantiles are members 2 and 18 in order (from 0): no interpolation."""
FOLDS = 5
GROUP_ROWS = 100
"""Customers a group when rates are compared with bounds: fewer, and chance in the rate hides the bounds."""

CANDIDATES = tuple((leaves, rounds) for leaves in (6, 8, 12) for rounds in (40, 60, 80))
"""Leaves a tree and trees a member, to choose from by cross-validation."""
_LARGEST_WIDENING = 1.0
_WIDENING_STEP = 0.02
_UNKNOWN_CODE = -1.0
_SETTINGS: dict[str, object] = {
    "objective": "binary",
    "learning_rate": 0.1,
    "min_data_in_leaf": 30,
    "lambda_l2": 10,
    "feature_fraction": 0.6,
    "seed": SEED,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}

Categories = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Choice:
    """What cross-validation inside the training customers settled."""

    leaves: int
    rounds: int
    widening: float
    """Moves both bounds out, in log-odds."""
    losses: Mapping[str, float]
    """Log loss of every candidate."""


@dataclass(frozen=True)
class Fitted:
    """All that the graph needs."""

    categories: Categories
    members: tuple[lgb.Booster, ...]


def learn_categories(customers: Customers) -> Categories:
    """The texts of each text column, in order; their positions are their codes."""
    return {field.name: tuple(sorted(set(customers.feed[field.name]))) for field in INPUTS if field.dtype == "string"}


def _encode(graph: Graph, categories: Categories) -> str:
    """Raw fields to a float matrix [N, inputs]; a text that training has not seen is -1."""
    columns = []
    axis = graph.constant([1], np.int64)
    for field in INPUTS:
        column = field.name
        if field.dtype == "string":
            texts = list(categories[field.name])
            column = graph.op(
                "LabelEncoder",
                column,
                domain="ai.onnx.ml",
                keys_strings=texts,
                values_floats=[float(code) for code in range(len(texts))],
                default_float=_UNKNOWN_CODE,
            )
        elif field.dtype == "int64":
            column = graph.op("Cast", column, to=onnx.TensorProto.FLOAT)
        columns.append(graph.op("Unsqueeze", column, axis))
    return graph.op("Concat", *columns, axis=1)


def matrix(categories: Categories, customers: Customers) -> np.ndarray:
    """The columns that trees are fitted on, computed by the serving graph's own nodes."""
    graph = Graph(INPUTS)
    graph.output("features", _encode(graph, categories), len(INPUTS))
    return session(graph.model("features")).run(None, customers.feed)[0]


def fit(customers: Customers, leaves: int, rounds: int) -> Fitted:
    """Members on customers drawn with replacement, leaves on their grid."""
    categories = learn_categories(customers)
    rows = matrix(categories, customers)
    return Fitted(categories, tuple(_fit_member(k, rows, customers.churned, leaves, rounds) for k in range(MEMBERS)))


def _fit_member(number: int, rows: np.ndarray, churned: np.ndarray, leaves: int, rounds: int) -> lgb.Booster:
    drawn = np.random.default_rng([SEED, number]).integers(0, len(rows), len(rows))
    data = lgb.Dataset(rows[drawn], churned[drawn].astype(np.float32), feature_name=[field.name for field in INPUTS])
    booster = lgb.train({**_SETTINGS, "num_leaves": leaves, "feature_fraction_seed": number}, data, rounds)
    round_leaves(booster)
    return booster


def member_scores(fitted: Fitted, customers: Customers, rounds: int | None = None) -> np.ndarray:
    """Log-odds of each member, [N, members], from its first `rounds` trees."""
    rows = matrix(fitted.categories, customers)
    return np.stack([m.predict(rows, num_iteration=rounds, raw_score=True, num_threads=1) for m in fitted.members], 1)


def bounds_of(scores: np.ndarray, widening: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probability and bounds from members' log-odds, as in the graph."""
    low, high = _bound_members()
    middle, ordered = scores.mean(axis=1), np.sort(scores, axis=1)
    lower = np.minimum(ordered[:, low] - widening, middle)
    upper = np.maximum(ordered[:, high] + widening, middle)
    return _sigmoid(middle), _sigmoid(lower), _sigmoid(upper)


def _bound_members() -> tuple[int, int]:
    low = round((1 - INTERVAL_NOMINAL) / 2 * (MEMBERS - 1))
    return low, MEMBERS - 1 - low


def _sigmoid(log_odds: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-log_odds))


def choose(customers: Customers) -> Choice:
    """Settings with the least log loss out of fold, then the least widening that keeps the promise."""
    fold = np.random.default_rng(SEED).integers(0, FOLDS, len(customers))
    scores = {candidate: np.empty((len(customers), MEMBERS)) for candidate in CANDIDATES}
    most_rounds = max(rounds for _, rounds in CANDIDATES)
    for number in range(FOLDS):
        inside, outside = customers.take(fold != number), fold == number
        for leaves in sorted({leaves for leaves, _ in CANDIDATES}):
            fitted = fit(inside, leaves, most_rounds)
            for rounds in (rounds for own, rounds in CANDIDATES if own == leaves):
                scores[leaves, rounds][outside] = member_scores(fitted, customers.take(outside), rounds)
    losses = {candidate: log_loss(customers.churned, bounds_of(values, 0.0)[0]) for candidate, values in scores.items()}
    leaves, rounds = min(losses, key=lambda candidate: losses[candidate])
    names = {f"{own_leaves} leaves, {own_rounds} trees": loss for (own_leaves, own_rounds), loss in losses.items()}
    return Choice(leaves, rounds, _least_widening(customers.churned, scores[leaves, rounds]), names)


def _least_widening(churned: np.ndarray, scores: np.ndarray) -> float:
    for widening in np.arange(0, _LARGEST_WIDENING, _WIDENING_STEP):
        held = groups_held(churned, *bounds_of(scores, float(widening)))
        if held.mean() >= INTERVAL_NOMINAL:
            return float(widening)
    return _LARGEST_WIDENING


def groups_held(churned: np.ndarray, value: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """For groups of customers with like probabilities: does the observed rate lie within the mean bounds?"""
    order = np.argsort(value, kind="stable")
    groups = np.array_split(order, max(1, len(order) // GROUP_ROWS))
    return np.array([lower[g].mean() <= churned[g].mean() <= upper[g].mean() for g in groups])


def log_loss(churned: np.ndarray, probability: np.ndarray) -> float:
    likely = np.clip(np.where(churned, probability, 1 - probability).astype(np.float64), 1e-7, 1)
    return float(-np.log(likely).mean())


def build(fitted: Fitted, widening: float, metadata: Mapping[str, object] | None = None) -> onnx.ModelProto:
    """The whole graph: encoding, members, probability and bounds."""
    graph = Graph(INPUTS)
    ensemble = EnsembleAttributes()
    for member in fitted.members:
        ensemble.add(member, range(len(INPUTS)))
    features = _encode(graph, fitted.categories)
    scores = graph.op("TreeEnsembleRegressor", features, domain="ai.onnx.ml", **ensemble.as_attributes())
    middle = graph.op("ReduceMean", scores, axes=[1], keepdims=0)
    # Sums on the leaves' grid and orders are exact in any order of work; only Sigmoid rounds much.
    ordered = graph.ascending(scores, MEMBERS)
    low, high = _bound_members()
    lower = graph.op("Min", graph.op("Sub", graph.column_of(ordered, low), widening), middle)
    upper = graph.op("Max", graph.op("Add", graph.column_of(ordered, high), widening), middle)
    for field, log_odds in zip(OUTPUTS, (middle, lower, upper), strict=True):
        graph.output(field.name, graph.op("Sigmoid", log_odds))
    return graph.model(f"{SERVICE}-{VERSION}", metadata)
