"""Writes a model bundle, after proving that its file gives the same bits however it is run."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from .contract import INPUTS, OUTPUTS
from .events import Feed
from .fitting import Fitted, build, raw_scores, session
from .graph import to_bytes
from .recipe import Recipe

LARGEST_FILE_BYTES = 16_000_000
_BATCH_SIZES = (1, 7, 1024)
_THREADS = (1, 2)
_ROWS_CHECKED = 4096
_ROWS_CHECKED_ONE_BY_ONE = 1000

_AWKWARD: dict[str, tuple[float, ...]] = {
    "pickup_zone": (-5, 0, 265, 266, 99999, 2**62),
    "dropoff_zone": (-5, 0, 264, 266, 99999, -(2**62)),
    "pickup_local_seconds": (0, -1, 2**61, -(2**61), 1612166400, 1612166400),
    "trip_distance_miles": (np.nan, -1, 0, 244152, np.inf, -np.inf),
    "passenger_count": (np.nan, -1, 0, 1e30, np.inf, -np.inf),
    "estimated_minutes": (np.nan, -5, 0, 1e9, np.inf, -np.inf),
    "elapsed_seconds": (np.nan, -5, 0, 1e9, np.inf, -np.inf),
    "share_done": (np.nan, -1, 0, 2, np.inf, 1),
    "previous_elapsed_seconds": (np.nan, -5, 1e9, 0, np.inf, -np.inf),
    "previous_share_done": (np.nan, -1, 1, 2, np.inf, -np.inf),
}


class BundleError(Exception):
    """A trained model broke a promise of the contract and was not written."""


@dataclass(frozen=True)
class Bundle:
    """A written bundle."""

    folder: Path
    digest: str
    bytes: int


def write_model(folder: Path, model: onnx.ModelProto) -> Bundle:
    """Writes `model.onnx`; the card follows with `card.write`."""
    content = to_bytes(model)
    if len(content) >= LARGEST_FILE_BYTES:
        raise BundleError(f"{folder}: model.onnx has {len(content)} bytes, the limit is {LARGEST_FILE_BYTES}")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(content)
    return Bundle(folder, hashlib.sha256(content).hexdigest(), len(content))


def check_converter(recipe: Recipe, fitted: Fitted, offset: float, feed: Feed) -> None:
    """The trees in the graph say exactly what LightGBM says, on every row."""
    inner = session(build(recipe, fitted, offset, inner=True))
    rows, scores = inner.run(["features", "scores"], recipe.feed(feed))
    differing = int((raw_scores(recipe, fitted, rows) != scores).any(axis=1).sum())
    if differing:
        raise BundleError(f"{recipe.service}: ONNX and LightGBM differ on {differing} of {len(scores)} rows")


def check_same_bits(recipe: Recipe, model: onnx.ModelProto, feed: Feed) -> None:
    """The same rides give the same bits at every batch size and number of threads."""
    check_rows_same_bits(recipe.service, model, recipe.feed(feed))


def check_rows_same_bits(service: str, model: onnx.ModelProto, feed: Feed) -> None:
    """The same rows, of rides or not, give the same bits at every batch size and number of threads."""
    content = to_bytes(model)
    rows = {name: values[:_ROWS_CHECKED] for name, values in feed.items()}
    expected = session(content).run(None, rows)
    for threads in _THREADS:
        runtime = session(content, threads)
        for size in _BATCH_SIZES:
            count = min(_ROWS_CHECKED_ONE_BY_ONE if size == 1 else _ROWS_CHECKED, len(expected[0]))
            parts = [
                runtime.run(None, {name: values[start : min(start + size, count)] for name, values in rows.items()})
                for start in range(0, count, size)
            ]
            for position, whole in enumerate(expected):
                joined = np.concatenate([part[position] for part in parts])
                if joined.tobytes() != whole[:count].tobytes():
                    raise BundleError(f"{service}: other bits at batch size {size} with {threads} threads")


def check_awkward_inputs(recipe: Recipe, model: onnx.ModelProto) -> None:
    """Unknown zones, NaN and absurd numbers still give finite answers within their ranges, in order."""
    inputs = INPUTS[recipe.service]
    # Drawn independently, so that awkward values meet in every combination.
    generator = np.random.default_rng(0)
    feed = {entry.name: generator.choice(np.array(_AWKWARD[entry.name], dtype=entry.dtype), 4000) for entry in inputs}
    answers = session(model).run([entry.name for entry in OUTPUTS[recipe.service]], feed)
    for entry, values in zip(OUTPUTS[recipe.service], answers, strict=True):
        if values.shape != (4000,) or not np.isfinite(values).all():
            raise BundleError(f"{recipe.service}: {entry.name} is not finite for awkward inputs")
        if values.min() < entry.minimum or values.max() > entry.maximum:
            raise BundleError(f"{recipe.service}: {entry.name} leaves {entry.minimum}..{entry.maximum}")
    value, lower, upper = answers[:3]
    if (lower > value).any() or (value > upper).any():
        raise BundleError(f"{recipe.service}: the value lies outside its own interval")
