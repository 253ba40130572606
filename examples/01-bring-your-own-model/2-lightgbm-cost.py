"""A `cost` model with LightGBM: python 2-lightgbm-cost.py MONTH.parquet OUT.onnx"""

import sys

import lightgbm as lgb
import onnx
from onnxmltools import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType
from rides import join, read_rides

PARTS = {
    "value": {"objective": "regression"},
    "lower": {"objective": "quantile", "alpha": 0.1},
    "upper": {"objective": "quantile", "alpha": 0.9},
}

features, rides = read_rides(sys.argv[1])
cost = rides["total_amount"] - rides["tip_amount"]
exported = {}
for part, settings in PARTS.items():
    data = lgb.Dataset(features, cost)
    booster = lgb.train({**settings, "num_leaves": 15, "num_threads": 1, "seed": 1, "verbosity": -1}, data, 60)
    model = convert_lightgbm(booster, initial_types=[("x", FloatTensorType([None, 3]))], target_opset=15)
    exported[part] = (model, model.graph.output[0].name)
onnx.save(join(exported, ("cost_usd", "lower_usd", "upper_usd"), 500.0), sys.argv[2])
print(f"{sys.argv[2]}: trained on {len(cost)} rides")
