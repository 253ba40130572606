"""A `tip` model with scikit-learn: python 1-scikit-learn-tip.py MONTH.parquet OUT.onnx"""

import sys

import onnx
from rides import join, read_rides
from skl2onnx import to_onnx
from sklearn.ensemble import GradientBoostingRegressor

features, rides = read_rides(sys.argv[1])
tip = rides["tip_amount"].clip(0, 50)
settings = {"n_estimators": 40, "max_depth": 4, "random_state": 1}
models = {
    "value": GradientBoostingRegressor(**settings).fit(features, tip),
    "lower": GradientBoostingRegressor(loss="quantile", alpha=0.1, **settings).fit(features, tip),
    "upper": GradientBoostingRegressor(loss="quantile", alpha=0.9, **settings).fit(features, tip),
    # The probability of any tip: a regression of 0 and 1, clipped to 0..1 in the graph.
    "given": GradientBoostingRegressor(**settings).fit(features, tip > 0),
}
exported = {}
for part, estimator in models.items():
    model = to_onnx(estimator, features[:1], target_opset={"": 17, "ai.onnx.ml": 3})
    exported[part] = (model, model.graph.output[0].name)
names = ("tip_usd", "lower_usd", "upper_usd")
onnx.save(join(exported, names, 100.0, {"given": "tip_probability"}), sys.argv[2])
print(f"{sys.argv[2]}: trained on {len(tip)} rides")
