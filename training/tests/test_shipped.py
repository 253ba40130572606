"""The bundles in `models/`: their cards tell the truth about their files."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from training.contract import INPUTS, OUTPUTS

MODELS = Path(__file__).parents[2] / "models"
BUNDLES = sorted(path.parent for path in MODELS.glob("*/*/model.json") if path.parts[-3] in INPUTS)


@pytest.mark.parametrize("folder", BUNDLES, ids=lambda folder: f"{folder.parent.name}-{folder.name}")
def test_card_and_file_agree(folder: Path) -> None:
    card = json.loads((folder / "model.json").read_text())
    content = (folder / card["file"]).read_bytes()
    assert (card["digest"], card["bytes"]) == (hashlib.sha256(content).hexdigest(), len(content))
    assert (card["service"], card["version"]) == (folder.parent.name, folder.name)
    runtime = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    assert [entry.name for entry in runtime.get_inputs()] == [entry["name"] for entry in card["inputs"]]
    assert [entry.name for entry in runtime.get_outputs()] == [entry["name"] for entry in card["outputs"]]
    assert card["inputs"] == [field.as_json() for field in INPUTS[card["service"]]]
    assert card["outputs"] == [field.as_json() for field in OUTPUTS[card["service"]]]
    properties = runtime.get_modelmeta().custom_metadata_map
    assert (properties["service"], properties["version"]) == (card["service"], card["version"])
    assert {"training_months", "units", "features"} <= set(properties)


@pytest.mark.parametrize("service", ["tip", "cost", "dynamic-duration"])
def test_a_slow_ride_changes_the_answer(service: str) -> None:
    runtime = ort.InferenceSession(MODELS / service / "v1" / "model.onnx", providers=["CPUExecutionProvider"])
    values = {
        "pickup_zone": 74,
        "dropoff_zone": 236,
        "pickup_local_seconds": 1612166400,
        "trip_distance_miles": np.nan,
        "passenger_count": 1,
        "estimated_minutes": 12,
        "share_done": 0.5,
        "previous_elapsed_seconds": 0,
        "previous_share_done": 0,
    }
    feed = {field.name: np.full(2, values.get(field.name, 0), field.dtype) for field in INPUTS[service]}
    feed["elapsed_seconds"] = np.array([300, 1800], np.float32)
    fast, slow = runtime.run(None, feed)[0]
    assert slow > fast


def test_the_baseline_is_whole() -> None:
    table = json.loads((MODELS / "baseline" / "baseline.json").read_text())
    assert len(table["hours"]) == len(table["hourMinutes"]) == 168
    assert (
        sum(row[2] for row in table["pairs"])
        == table["overall"]["n"]
        == sum(row[0] for row in table["pickups"].values())
    )
    assert all(row[4] <= row[3] <= row[5] for row in table["pairs"])


def test_there_are_265_zones() -> None:
    zones = json.loads((MODELS / "zones.json").read_text())
    assert [zone["id"] for zone in zones] == list(range(1, 266))
    assert [zone["id"] for zone in zones if zone["lat"] is None] == [264, 265]
