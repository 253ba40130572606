"""`python -m training.split_graph MODEL FOLDER`: the part before the trees and the trees alone, as two models.

`features.onnx` answers the matrix `features` from the model's inputs, `trees.onnx` the `scores` from that matrix. The
benchmark runs the trees alone to see what the features cost.
"""

import sys
from pathlib import Path

import onnx
from onnx import TensorProto, helper
from onnx.utils import Extractor


def main(arguments: list[str]) -> int:
    model_file, folder = (Path(argument) for argument in arguments)
    features, trees = split(onnx.load(model_file))
    onnx.save(features, folder / "features.onnx")
    onnx.save(trees, folder / "trees.onnx")
    return 0


def split(model: onnx.ModelProto) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """The graph up to the matrix that the trees see, and the trees."""
    ensembles = [node for node in model.graph.node if node.op_type == "TreeEnsembleRegressor"]
    if len(ensembles) != 1:
        raise SystemExit(f"the model has {len(ensembles)} TreeEnsembleRegressor nodes, not one")
    ensemble = ensembles[0]
    inputs = [entry.name for entry in model.graph.input]
    features = Extractor(onnx.shape_inference.infer_shapes(model)).extract_model(inputs, [ensemble.input[0]])
    columns = 1 + max(next(a for a in ensemble.attribute if a.name == "nodes_featureids").ints)
    width = max(columns, features.graph.output[0].type.tensor_type.shape.dim[1].dim_value)
    trees = helper.make_graph(
        [ensemble],
        "trees",
        [helper.make_tensor_value_info(ensemble.input[0], TensorProto.FLOAT, ["N", width])],
        [helper.make_tensor_value_info(ensemble.output[0], TensorProto.FLOAT, ["N", None])],
    )
    return features, helper.make_model(trees, opset_imports=model.opset_import, ir_version=model.ir_version)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
