"""`model.json`: what a bundle is, what it was trained on, how good it is and where it is not."""

import json
import platform
from importlib.metadata import version as installed
from pathlib import Path

from .bundle import Bundle
from .contract import INPUTS, INTERVAL_NOMINAL, OUTPUTS
from .fitting import SEED
from .graph import IR_VERSION, ML_OPSET, OPSET
from .porto import Traces
from .recipe import Recipe
from .trips import Month

_LIBRARIES = ("lightgbm", "numpy", "onnx", "onnxruntime", "pyarrow")
_SITUATIONS = (
    "with_distance and without_distance: before the ride moves, the metered distance given or not. "
    "metered and dispatch: rides with and without a passenger count. bias: prediction minus truth."
)
_UNDER_WAY = (
    " under_way: at this share of the route, on simulated progress; the first estimate is that of duration v1's idea."
)
_REAL_RIDES = (
    " real_rides: at this share of the route of real rides in Porto, each answered by a version that has not seen "
    "its taxi; their first estimate is a line through the logarithms of length and duration."
)
SIMULATED_PROGRESS = (
    "Progress along a ride is simulated between its true start and end, because trip records hold no positions."
)


def metadata(recipe: Recipe, month: str, features: tuple[str, ...]) -> dict[str, object]:
    """What the ONNX file says about itself, for a reader that has lost the card."""
    return {
        "service": recipe.service,
        "version": recipe.version,
        "training_months": [month],
        "units": {field.name: field.unit for field in (*INPUTS[recipe.service], *OUTPUTS[recipe.service])},
        "features": list(features),
    }


def describe_split(training: Month, test: Month) -> str:
    """The split in words, with what dropping the strays did to the rows."""
    return (
        f"Trained on green {training.name}, measured on green {test.name}; rides of 1 to 60 minutes "
        f"({training.rows_in_range} and {test.rows_in_range} rows) without strays, rows whose pickup lies outside "
        f"the month of their file ({training.strays} and {test.strays} dropped: {len(training.trips)} and "
        f"{len(test.trips)} rows remain)."
    )


def compose(
    recipe: Recipe,
    bundle: Bundle,
    training: Month,
    test: Month,
    zones_sha256: str,
    traces: Traces | None,
    metrics: dict,
    interval: dict,
) -> dict:
    """The card as JSON; `traces` are the real rides that the version learned from, if it did."""
    card: dict = {
        "service": recipe.service,
        "version": recipe.version,
        "digest": bundle.digest,
        "file": "model.onnx",
        "bytes": bundle.bytes,
        "description": recipe.description,
        "opset": {"ai.onnx": OPSET, "ai.onnx.ml": ML_OPSET, "ir": IR_VERSION},
        "inputs": [field.as_json() for field in INPUTS[recipe.service]],
        "outputs": [field.as_json() for field in OUTPUTS[recipe.service]],
        "interval": {"nominal": INTERVAL_NOMINAL, "measured": interval},
    }
    if recipe.simulated_progress:
        card["simulated_progress"] = True
        card["simulated_progress_note"] = SIMULATED_PROGRESS
    card["training"] = {
        "months": [training.name],
        "rows": len(training.trips),
        "files": [
            {"name": training.file_name, "sha256": training.sha256},
            {"name": "zones.json", "sha256": zones_sha256},
            *([] if traces is None else [{"name": traces.file_name, "sha256": traces.sha256, "rides": len(traces)}]),
        ],
        "seed": SEED,
        "libraries": {"python": platform.python_version(), **{name: installed(name) for name in _LIBRARIES}},
    }
    card["metrics"] = {
        "split": describe_split(training, test),
        "measured_on": {"name": test.file_name, "sha256": test.sha256, "rows": len(test.trips)},
        "units": OUTPUTS[recipe.service][0].unit,
        "situations": _SITUATIONS
        + (_UNDER_WAY if recipe.simulated_progress else "")
        + (_REAL_RIDES if traces is not None else ""),
        **metrics,
    }
    card["limits"] = list(recipe.limits)
    return card


def write(folder: Path, card: dict) -> None:
    (folder / "model.json").write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n")
