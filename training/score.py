"""`python -m training.score BUNDLE --batch N --threads K`: scores rows with ONNX Runtime in Python.

Reads `{"columns": {input: [value or null, ...]}}` from standard input and writes `{"outputs": {output: [...]}}`:
the other side of the parity certificate. float32 values survive JSON: they are written as doubles.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime as ort


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m training.score", description=__doc__)
    parser.add_argument("bundle", type=Path, help="folder with model.json and the model file")
    parser.add_argument("--batch", type=int, required=True, help="rows in one run")
    parser.add_argument("--threads", type=int, default=1, help="threads of ONNX Runtime (default: 1)")
    options = parser.parse_args(arguments)
    card = json.loads((options.bundle / "model.json").read_text())
    outputs = score(
        card, options.bundle / card["file"], json.load(sys.stdin)["columns"], options.batch, options.threads
    )
    json.dump({"outputs": {name: values.tolist() for name, values in outputs.items()}}, sys.stdout)
    return 0


def score(card: dict, model: Path, columns: dict[str, list], batch: int, threads: int) -> dict[str, np.ndarray]:
    """All outputs of all rows, by name, `batch` rows at a time."""
    settings = ort.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.inter_op_num_threads = 1
    session = ort.InferenceSession(str(model), settings, providers=["CPUExecutionProvider"])
    is_matrix = {entry.name: len(entry.shape) == 2 for entry in session.get_inputs()}
    feed = {entry["name"]: _tensor(entry, columns[entry["name"]]) for entry in card["inputs"]}
    names = [entry["name"] for entry in card["outputs"]]
    rows = len(next(iter(feed.values())))
    parts = []
    for start in range(0, rows, batch):
        part = {name: values[start : start + batch] for name, values in feed.items()}
        parts.append(
            session.run(names, {name: values[:, None] if is_matrix[name] else values for name, values in part.items()})
        )
    return {name: np.concatenate([part[i].ravel() for part in parts]) for i, name in enumerate(names)}


def _tensor(entry: dict, values: list) -> np.ndarray:
    """A column as the card wants it; null is NaN."""
    if entry["dtype"] == "string":
        return np.array(values, dtype=object)
    if entry["dtype"] == "int64":
        return np.array(values, dtype=np.int64)
    return np.array([np.nan if value is None else value for value in values], dtype=np.float32)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
