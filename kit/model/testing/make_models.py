"""Makes the tiny models beside this file: `training/with-python kit/model/testing/make_models.py`."""

from pathlib import Path

import onnx
from onnx import TensorProto, helper

HERE = Path(__file__).parent
FLOAT, DOUBLE, INT64, STRING = TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT64, TensorProto.STRING


def write(name: str, nodes: list, inputs: dict, outputs: dict, opset: int = 17) -> None:
    """`inputs` and `outputs` are (type, shape) by name."""
    tensors = [
        [helper.make_tensor_value_info(key, *value) for key, value in part.items()] for part in (inputs, outputs)
    ]
    domains = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(helper.make_graph(nodes, name, *tensors), opset_imports=domains, ir_version=8)
    (HERE / f"{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))


def label(text: str, output: str) -> onnx.NodeProto:
    """Text to number: `yes` is 1, `no` is 2, anything else -1."""
    return helper.make_node(
        "LabelEncoder",
        [text],
        [output],
        domain="ai.onnx.ml",
        keys_strings=["yes", "no"],
        values_floats=[1.0, 2.0],
        default_float=-1.0,
    )


SIZE = {"size": (FLOAT, ["N"])}
ANSWER = {"answer": (FLOAT, ["N"])}
copy = helper.make_node("Identity", ["size"], ["answer"])

write("identity", [copy], SIZE, ANSWER)
write(
    "text-and-matrix",
    [label("word", "code"), helper.make_node("Add", ["code", "size"], ["answer"])],
    {"word": (STRING, ["N", 1]), "size": (FLOAT, ["N", 1])},
    {"answer": (FLOAT, ["N", 1])},
)
write("double", [helper.make_node("Cast", ["size"], ["answer"], to=FLOAT)], {"size": (DOUBLE, ["N"])}, ANSWER)
write("wide", [copy], {"size": (FLOAT, ["N", 4])}, {"answer": (FLOAT, ["N", 4])})
write("not-a-number", [helper.make_node("Sqrt", ["size"], ["answer"])], SIZE, ANSWER)
write("opset-of-tomorrow", [copy], SIZE, ANSWER, opset=99)
write("too-old-opset", [helper.make_node("Mod", ["size", "size"], ["answer"], fmod=1)], SIZE, ANSWER, opset=7)
