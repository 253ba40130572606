"""LightGBM to ONNX, exactly: the ONNX answer equals LightGBM's, bit for bit, on any machine.

Two things make that true. Thresholds are doubles, inputs are float32: storing the largest
float32 that is not above the threshold decides every comparison the same way. And ONNX
Runtime splits trees over threads and adds in another order: with every leaf a multiple of
2^-13, all partial sums are exact in float32, so the order does not matter.
"""

from collections.abc import Sequence

import lightgbm as lgb
import numpy as np

LEAF_BITS = 13
_FLOAT32_BITS = 24


def floor_to_float32(threshold: float) -> np.float32:
    """The largest float32 that is not above a double."""
    with np.errstate(over="ignore"):
        nearest = np.float32(threshold)
    return np.nextafter(nearest, np.float32(-np.inf)) if float(nearest) > threshold else nearest


def round_leaves(booster: lgb.Booster) -> None:
    """Moves every leaf onto the grid, in place, so that LightGBM and ONNX hold the same values."""
    grid = 2.0**LEAF_BITS
    largest_sum = 0.0
    for tree, info in enumerate(booster.dump_model()["tree_info"]):
        leaves = [round(booster.get_leaf_output(tree, leaf) * grid) / grid for leaf in range(info["num_leaves"])]
        largest_sum += max(abs(value) for value in leaves)
        for leaf, value in enumerate(leaves):
            booster.set_leaf_output(tree, leaf, value)
    if largest_sum * grid >= 2**_FLOAT32_BITS:
        raise ValueError(f"leaves add up to {largest_sum:.0f}: too large for exact sums on a grid of 2^-{LEAF_BITS}")


class EnsembleAttributes:
    """The attributes of one TreeEnsembleRegressor; target k is the k-th booster added."""

    def __init__(self) -> None:
        self._targets = 0
        self._trees = 0
        self._nodes: list[tuple] = []
        self._leaves: list[tuple] = []

    def add(self, booster: lgb.Booster, columns: Sequence[int]) -> None:
        """Adds a booster; `columns` maps its features to columns of the graph's matrix."""
        for info in booster.dump_model()["tree_info"]:
            self._add_tree(info["tree_structure"], columns)
        self._targets += 1

    def _add_tree(self, root: dict, columns: Sequence[int]) -> None:
        nodes: list[list] = []

        def visit(node: dict) -> int:
            number = len(nodes)
            # tree, node, feature, mode, threshold, when true, when false, NaN goes the true way
            nodes.append([self._trees, number, 0, "LEAF", 0.0, 0, 0, 0])
            if "split_feature" not in node:
                self._leaves.append((self._trees, number, self._targets, float(np.float32(node["leaf_value"]))))
                return number
            branch = nodes[number]
            branch[2] = int(columns[node["split_feature"]])
            branch[3] = "BRANCH_LEQ"
            branch[4] = float(floor_to_float32(node["threshold"]))
            branch[5] = visit(node["left_child"])
            branch[6] = visit(node["right_child"])
            branch[7] = int(_missing_goes_left(node))
            return number

        visit(root)
        self._nodes.extend(tuple(node) for node in nodes)
        self._trees += 1

    def as_attributes(self) -> dict[str, object]:
        node_keys = ("treeids", "nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids")
        nodes = list(zip(*self._nodes, strict=True))
        leaves = list(zip(*self._leaves, strict=True))
        return {
            "n_targets": self._targets,
            **{f"nodes_{key}": list(nodes[position]) for position, key in enumerate(node_keys)},
            "nodes_missing_value_tracks_true": list(nodes[7]),
            **{f"target_{key}": list(leaves[k]) for k, key in enumerate(("treeids", "nodeids", "ids", "weights"))},
        }


def _missing_goes_left(node: dict) -> bool:
    """Where LightGBM sends NaN: by the learned side, or, never having seen NaN, as if it were 0."""
    if node["decision_type"] != "<=":
        raise ValueError(f"unsupported split {node['decision_type']}: only numeric columns are converted")
    if node["missing_type"] == "NaN":
        return bool(node["default_left"])
    if node["missing_type"] == "None":
        return node["threshold"] >= 0
    raise ValueError(f"unsupported missing_type {node['missing_type']}: train without zero_as_missing")
