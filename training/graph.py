"""Builds an ONNX graph node by node and writes it so that equal content gives equal bytes."""

import json
from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .contract import Field

OPSET = 17
ML_OPSET = 3
IR_VERSION = 8

_ELEMENT = {"int64": TensorProto.INT64, "float32": TensorProto.FLOAT, "string": TensorProto.STRING}


class Graph:
    """A graph under construction. Tensors are their names; numbers become initializers."""

    def __init__(self, inputs: Sequence[Field]) -> None:
        self._inputs = tuple(inputs)
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: dict[str, onnx.TensorProto] = {}
        self._outputs: list[onnx.ValueInfoProto] = []

    def constant(self, values: object, dtype: type = np.float32) -> str:
        """A tensor known before the ride; the same scalar is stored once."""
        array = np.asarray(values, dtype=dtype)
        name = f"table_{len(self._initializers)}"
        if array.ndim == 0:
            name = f"{array.dtype.name}_{array.item()}"
        if name not in self._initializers:
            self._initializers[name] = numpy_helper.from_array(array, name)
        return name

    def op(self, kind: str, *inputs: str | float, domain: str = "", **attributes: object) -> str:
        """Adds a node; a Python number becomes a float32 scalar."""
        names = [value if isinstance(value, str) else self.constant(value) for value in inputs]
        output = f"{kind}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, names, [output], name=output, domain=domain, **attributes))
        return output

    def whole(self, kind: str, *inputs: str | int) -> str:
        """As `op`, for whole numbers: a Python number becomes an int64 scalar."""
        return self.op(kind, *[value if isinstance(value, str) else self.constant(value, np.int64) for value in inputs])

    def ascending(self, matrix: str, columns: int) -> str:
        """Each row of a matrix of so many columns, in rising order."""
        output = f"TopK_{len(self._nodes)}"
        names = [matrix, self.constant([columns], np.int64)]
        self._nodes.append(
            helper.make_node("TopK", names, [output, f"{output}_places"], name=output, axis=1, largest=0, sorted=1)
        )
        return output

    def column_of(self, matrix: str, column: int) -> str:
        """One column of a matrix, as a rank-1 tensor."""
        return self.op("Gather", matrix, self.constant(column, np.int64), axis=1)

    def output(self, name: str, tensor: str, columns: int | None = None) -> None:
        """Names a float32 tensor as a result: [N], or [N, columns] where given."""
        self._nodes.append(helper.make_node("Identity", [tensor], [name], name=f"output_{name}"))
        shape = ["N"] if columns is None else ["N", columns]
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def model(self, name: str, metadata: Mapping[str, object] | None = None) -> onnx.ModelProto:
        """The finished, checked model."""
        inputs = [helper.make_tensor_value_info(field.name, _ELEMENT[field.dtype], ["N"]) for field in self._inputs]
        graph = helper.make_graph(self._nodes, name, inputs, self._outputs, list(self._initializers.values()))
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)],
            ir_version=IR_VERSION,
            producer_name="tripmesh-training",
        )
        text = {
            key: value if isinstance(value, str) else json.dumps(value, sort_keys=True)
            for key, value in sorted((metadata or {}).items())
        }
        helper.set_model_props(model, text)
        onnx.checker.check_model(model)
        return model


def to_bytes(model: onnx.ModelProto) -> bytes:
    """The same model always gives the same bytes, so a digest names its content."""
    return model.SerializeToString(deterministic=True)
