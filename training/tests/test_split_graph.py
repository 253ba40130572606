"""The two halves of a model, one after the other, are the model."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from training.contract import INPUTS
from training.fitting import session
from training.graph import Graph
from training.split_graph import split

MODELS = Path(__file__).parents[2] / "models"


def test_features_and_trees_together_say_what_the_model_says() -> None:
    model = onnx.load(MODELS / "duration" / "v1" / "model.onnx")
    features, trees = split(model)
    random = np.random.default_rng(1)
    feed = {field.name: random.integers(1, 200, 50).astype(field.dtype) for field in INPUTS["duration"]}
    matrix = session(features).run(None, feed)[0]
    scores = session(trees).run(None, {trees.graph.input[0].name: matrix})[0]
    minutes = session(model).run(["duration_minutes"], feed)[0]
    np.testing.assert_array_equal(np.clip(scores[:, 0], 1, 180), minutes)


def test_a_model_without_trees_is_refused() -> None:
    graph = Graph(INPUTS["duration"])
    graph.output("same", graph.op("Identity", "passenger_count"))
    with pytest.raises(SystemExit, match="has 0 TreeEnsembleRegressor nodes"):
        split(graph.model("none"))
