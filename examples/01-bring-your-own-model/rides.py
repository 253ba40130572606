"""What both examples share: rides of a TLC month, and one graph with the contract's names around an exported model."""

import numpy as np
import onnx
import pyarrow.parquet as pq
from onnx import TensorProto, compose, helper

ZONES = ("pickup_zone", "dropoff_zone", "pickup_local_seconds")
NUMBERS = ("trip_distance_miles", "passenger_count", "estimated_minutes", "elapsed_seconds", "share_done")
USED = ("pickup_zone", "dropoff_zone", "trip_distance_miles")
"""What the models look at; they accept the contract's other inputs and ignore them."""
UNKNOWN = -1.0
OPSETS = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]


def read_rides(path: str) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Rides paid by card: features [N, 3] with -1 for an unknown distance, and all columns for the targets."""
    names = ["PULocationID", "DOLocationID", "trip_distance", "payment_type", "tip_amount", "total_amount"]
    table = pq.read_table(path, columns=names)
    rides = {name: table[name].to_numpy().astype(np.float64) for name in names}
    kept = (rides["payment_type"] == 1) & (rides["total_amount"] > 0) & (rides["total_amount"] < 200)
    rides = {name: values[kept] for name, values in rides.items()}
    miles = rides["trip_distance"].copy()
    miles[(miles <= 0) | (miles > 100)] = UNKNOWN
    # A quote knows no distance: every other ride teaches without it.
    miles[::2] = UNKNOWN
    features = np.column_stack([rides["PULocationID"], rides["DOLocationID"], miles]).astype(np.float32)
    return features, rides


def front() -> onnx.ModelProto:
    """The contract's inputs, rank 1, to one matrix [N, 3]."""
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["N"]) for name in ZONES]
    inputs += [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N"]) for name in NUMBERS]
    nodes = [helper.make_node("Cast", [name], [f"{name}_f"], to=TensorProto.FLOAT) for name in USED]
    # Not above 0, which NaN is neither, means unknown.
    nodes.append(helper.make_node("Greater", ["trip_distance_miles_f", "zero"], ["known"]))
    nodes.append(helper.make_node("Where", ["known", "trip_distance_miles_f", "unknown"], ["miles"]))
    for name in ("pickup_zone_f", "dropoff_zone_f", "miles"):
        nodes.append(helper.make_node("Unsqueeze", [name, "axis"], [f"{name}_column"]))
    columns = ["pickup_zone_f_column", "dropoff_zone_f_column", "miles_column"]
    nodes.append(helper.make_node("Concat", columns, ["matrix"], axis=1))
    constants = [
        helper.make_tensor("zero", TensorProto.FLOAT, [], [0.0]),
        helper.make_tensor("unknown", TensorProto.FLOAT, [], [UNKNOWN]),
        helper.make_tensor("axis", TensorProto.INT64, [1], [1]),
    ]
    output = helper.make_tensor_value_info("matrix", TensorProto.FLOAT, ["N", 3])
    graph = helper.make_graph(nodes, "front", inputs, [output], constants)
    return helper.make_model(graph, opset_imports=OPSETS, ir_version=8)


def join(
    exported: dict[str, tuple[onnx.ModelProto, str]],
    names: tuple[str, str, str],
    highest: float,
    shares: dict[str, str] | None = None,
) -> onnx.ModelProto:
    """Value, lower and upper, each an exported model [N, 3] -> [N, 1], in one graph, clipped and in order.

    `exported` maps value, lower, upper (and the keys of `shares`) to a model and the name of its output.
    """
    whole = front()
    for part, (model, _) in exported.items():
        model = compose.add_prefix(model, f"{part}/")
        # All parts read the same matrix: their own input goes, and its readers are given `matrix`.
        for node in model.graph.node:
            node.input[:] = ["matrix" if name == model.graph.input[0].name else name for name in node.input]
        whole.graph.node.extend(model.graph.node)
        whole.graph.initializer.extend(model.graph.initializer)
    nodes, outputs = whole.graph.node, []
    whole.graph.initializer.extend(
        [
            helper.make_tensor("lowest", TensorProto.FLOAT, [], [0.0]),
            helper.make_tensor("highest", TensorProto.FLOAT, [], [highest]),
        ]
    )
    if shares:
        whole.graph.initializer.append(helper.make_tensor("one", TensorProto.FLOAT, [], [1.0]))
    for part, (_, output) in exported.items():
        top = "one" if part in (shares or {}) else "highest"
        nodes.append(helper.make_node("Clip", [f"{part}/{output}", "lowest", top], [f"{part}_clipped"]))
    nodes.append(helper.make_node("Identity", ["value_clipped"], [names[0]]))
    nodes.append(helper.make_node("Min", ["lower_clipped", "value_clipped"], [names[1]]))
    nodes.append(helper.make_node("Max", ["upper_clipped", "value_clipped"], [names[2]]))
    nodes.extend(helper.make_node("Identity", [f"{part}_clipped"], [name]) for part, name in (shares or {}).items())
    for name in (*names, *(shares or {}).values()):
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 1]))
    del whole.graph.output[:]
    whole.graph.output.extend(outputs)
    onnx.checker.check_model(whole)
    return whole
