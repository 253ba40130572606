"""Scoring from JSON, as the parity certificate asks for it."""

import io
import json
from pathlib import Path

import numpy as np
import pytest

from training.fitting import session
from training.score import main

BUNDLE = Path(__file__).parents[2] / "models" / "duration" / "v1"


@pytest.mark.parametrize(("batch", "threads"), [(1, 1), (7, 1), (1000, 2)])
def test_json_keeps_every_bit(
    batch: int, threads: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    random = np.random.default_rng(batch)
    miles = random.exponential(3, 20).astype(np.float32)
    feed = {
        "pickup_zone": random.integers(1, 266, 20),
        "dropoff_zone": random.integers(1, 266, 20),
        "pickup_local_seconds": 1612166400 + random.integers(0, 10**6, 20),
        "trip_distance_miles": np.where(random.random(20) < 0.5, np.float32(np.nan), miles).astype(np.float32),
        "passenger_count": np.ones(20, np.float32),
    }
    columns = {name: [None if value != value else value for value in values.tolist()] for name, values in feed.items()}
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps({"columns": columns})))
    assert main([str(BUNDLE), "--batch", str(batch), "--threads", str(threads)]) == 0
    outputs = json.loads(capsys.readouterr().out)["outputs"]
    expected = session((BUNDLE / "model.onnx").read_bytes()).run(None, feed)
    assert len(outputs) == len(expected)
    for said, values in zip(outputs.values(), expected, strict=True):
        assert np.array(said, np.float32).tobytes() == values.tobytes()
