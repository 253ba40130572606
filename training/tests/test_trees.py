"""The converter says what LightGBM says, to the bit."""

import lightgbm as lgb
import numpy as np
import pytest

from training.contract import Field
from training.fitting import session
from training.graph import Graph
from training.trees import LEAF_BITS, EnsembleAttributes, floor_to_float32, round_leaves

SETTINGS = {"num_leaves": 15, "min_data_in_leaf": 5, "verbose": -1, "seed": 1, "num_threads": 1, "deterministic": True}


def _booster(missing: bool) -> tuple[lgb.Booster, np.ndarray]:
    random = np.random.default_rng(1)
    rows = random.normal(size=(2000, 3)).astype(np.float32)
    rows[:, 2] = np.round(rows[:, 2], 1)
    if missing:
        rows[random.random(2000) < 0.3, 0] = np.nan
    target = 20 + 10 * np.nan_to_num(rows[:, 0], nan=2) + rows[:, 1] * rows[:, 2]
    return lgb.train(SETTINGS, lgb.Dataset(rows, target), 80), rows


def _onnx_scores(boosters: list[lgb.Booster], rows: np.ndarray, columns: list[list[int]]) -> np.ndarray:
    graph = Graph([Field(name, "float32", "", "") for name in "abc"])
    ensemble = EnsembleAttributes()
    for booster, chosen in zip(boosters, columns, strict=True):
        ensemble.add(booster, chosen)
    axis = graph.constant([1], np.int64)
    matrix = graph.op("Concat", *[graph.op("Unsqueeze", name, axis) for name in "abc"], axis=1)
    scores = graph.op("TreeEnsembleRegressor", matrix, domain="ai.onnx.ml", **ensemble.as_attributes())
    graph.output("scores", scores, len(boosters))
    return session(graph.model("test")).run(None, dict(zip("abc", rows.T.copy(), strict=True)))[0]


@pytest.mark.parametrize("missing", [False, True])
def test_onnx_equals_lightgbm_also_at_nan_and_on_thresholds(missing: bool) -> None:
    booster, rows = _booster(missing)
    round_leaves(booster)
    thresholds = booster.trees_to_dataframe().query("split_feature == 'Column_0'")["threshold"].to_numpy()
    # LightGBM reads values up to 1e-35 as 0 before it compares; no feature of a ride is that small.
    thresholds = thresholds[np.abs(thresholds) > 1e-34]
    at_thresholds = np.zeros((len(thresholds), 3), np.float32)
    at_thresholds[:, 0] = thresholds
    extra = np.array([[np.nan, 0, 0], [np.nan, np.nan, np.nan], [1e30, -1e30, 0]], np.float32)
    rows = np.concatenate([rows, at_thresholds, extra])
    scores = _onnx_scores([booster, booster], rows, [[0, 1, 2], [2, 1, 0]])
    np.testing.assert_array_equal(scores[:, 0], booster.predict(rows).astype(np.float32))
    np.testing.assert_array_equal(scores[:, 1], booster.predict(rows[:, [2, 1, 0]]).astype(np.float32))


def test_leaves_lie_on_the_grid_and_move_little() -> None:
    booster, rows = _booster(missing=True)
    before = booster.predict(rows)
    round_leaves(booster)
    leaves = [leaf for tree in booster.dump_model()["tree_info"] for leaf in _leaves(tree["tree_structure"])]
    assert all((leaf * 2**LEAF_BITS).is_integer() for leaf in leaves)
    assert np.abs(booster.predict(rows) - before).max() < 80 * 2.0 ** -(LEAF_BITS + 1)


def _leaves(node: dict) -> list[float]:
    if "leaf_value" in node:
        return [float(node["leaf_value"])]
    return _leaves(node["left_child"]) + _leaves(node["right_child"])


def test_leaves_too_large_for_exact_sums_are_refused() -> None:
    random = np.random.default_rng(1)
    booster = lgb.train(SETTINGS, lgb.Dataset(random.normal(size=(200, 1)), random.normal(1e6, 1, 200)), 2)
    with pytest.raises(ValueError, match="too large for exact sums"):
        round_leaves(booster)


@pytest.mark.parametrize("threshold", [0.1, -0.1, 1 / 3, 1e300, 0.0, 16777217.0])
def test_float32_comparison_decides_as_the_double_would(threshold: float) -> None:
    floored = floor_to_float32(threshold)
    with np.errstate(over="ignore"):
        above = np.nextafter(floored, np.float32(np.inf))
    assert float(floored) <= threshold
    assert float(above) > threshold
