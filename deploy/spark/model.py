"""The model file of a bundle in ONNX Runtime, refused unless it is the one that the card describes."""

import hashlib
from pathlib import Path

import numpy as np
import onnxruntime as ort


class Model:
    """One session; one thread, so that workers do not fight over cores."""

    def __init__(self, bundle: Path, card: dict) -> None:
        path = bundle / card["file"]
        if hashlib.sha256(path.read_bytes()).hexdigest() != card["digest"]:
            raise ValueError(f"{path} is not the file that its card describes")
        settings = ort.SessionOptions()
        settings.intra_op_num_threads = 1
        settings.inter_op_num_threads = 1
        self._session = ort.InferenceSession(str(path), settings, providers=["CPUExecutionProvider"])
        self._outputs = [entry["name"] for entry in card["outputs"]]
        self._is_matrix = {entry.name: len(entry.shape) == 2 for entry in self._session.get_inputs()}

    def score(self, columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """All outputs by name, float32 as they are."""
        feed = {name: values[:, None] if self._is_matrix[name] else values for name, values in columns.items()}
        answers = self._session.run(self._outputs, feed)
        return {name: values.ravel() for name, values in zip(self._outputs, answers, strict=True)}
