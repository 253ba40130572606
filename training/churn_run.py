"""Trains churn from the customer table to the card. No rides: it is scored in batches, from a table."""

import platform
from importlib.metadata import version as installed
from pathlib import Path

import numpy as np
import onnx

from . import card
from .bundle import Bundle, BundleError, check_rows_same_bits, write_model
from .churn import (
    GROUP_ROWS,
    INPUTS,
    MEMBERS,
    OUTPUTS,
    SERVICE,
    VERSION,
    Choice,
    Fitted,
    bounds_of,
    build,
    choose,
    fit,
    member_scores,
)
from .churn_measures import calibration, interval, quality, rivals
from .contract import INTERVAL_NOMINAL
from .customers import Customers, is_held_out, load_customers
from .fitting import SEED, session
from .graph import IR_VERSION, ML_OPSET, OPSET
from .service_run import Say

DESCRIPTION = "Probability that a telephone customer leaves, from the fields of the customer table."
_LIBRARIES = ("lightgbm", "numpy", "onnx", "onnxruntime")
_NOT_DECIDED_BY_SIGMOID = 2e-6
"""Float32 rounding of a probability near 1, with room for a polynomial Sigmoid."""
_MEANING = (
    f"In {INTERVAL_NOMINAL:.0%} of groups of {GROUP_ROWS} customers with like probabilities, the share that leaves "
    "lies between the group's mean bounds; measured on held-out customers in order of their probability."
)
_SPLIT = (
    "Held out: customers whose SHA-256 of customerID, first 8 bytes as a big-endian number, is a multiple of 5. "
    "Settings and the bounds' widening come from 5-fold cross-validation inside the others."
)
_LIMITS = (
    "A sample that IBM made for teaching: nothing says that it describes other customers.",
    "The table holds no dates: held-out customers are not later ones.",
    "A category that training has not seen has a code of its own, on one side of all others; no row taught its effect.",
    "The interval speaks of rates of groups, not of whether one customer leaves. Its widening is the first that held "
    "80 % of the rows that also chose the settings, and the held-out customers make few groups: weak evidence.",
    "Hardly better than logistic regression on the same fields; see the rivals.",
)


def train(path: Path, models: Path, say: Say) -> Bundle:
    """Chooses, fits, checks, measures on the held-out customers, writes."""
    customers = load_customers(path)
    held_out = is_held_out(customers.keys)
    training, test = customers.take(~held_out), customers.take(held_out)
    say(f"{len(training)} customers to train on, {len(test)} held out")
    choice = choose(training)
    say(f"chose {choice.leaves} leaves, {choice.rounds} trees a member, bounds moved out by {choice.widening:.2f}")
    fitted = fit(training, choice.leaves, choice.rounds)
    model = build(fitted, choice.widening, _metadata())
    say("checking: LightGBM's answers up to Sigmoid's rounding, same bits at every batch size, unknown categories")
    _check_against_trees(model, fitted, choice, test)
    check_rows_same_bits(SERVICE, model, customers.feed)
    check_awkward_customers(model)
    answers = session(model).run(None, test.feed)
    bundle = write_model(models / SERVICE / VERSION, model)
    card.write(bundle.folder, _compose(bundle, training, test, choice, answers))
    return bundle


def _metadata() -> dict[str, object]:
    return {
        "service": SERVICE,
        "version": VERSION,
        "units": {field.name: field.unit for field in (*INPUTS, *OUTPUTS)},
        "features": [field.name for field in INPUTS],
    }


def _check_against_trees(model: onnx.ModelProto, fitted: Fitted, choice: Choice, customers: Customers) -> None:
    """The graph says what LightGBM says, up to the rounding of Sigmoid."""
    expected = bounds_of(member_scores(fitted, customers), choice.widening)
    for field, said, wanted in zip(OUTPUTS, session(model).run(None, customers.feed), expected, strict=True):
        if np.abs(said - wanted).max() > _NOT_DECIDED_BY_SIGMOID:
            raise BundleError(f"{SERVICE}: ONNX and LightGBM differ in {field.name}")


def check_awkward_customers(model: onnx.ModelProto) -> None:
    """Unknown texts, NaN and absurd numbers give ordered probabilities."""
    awkward = {"string": ["", "?", "No", "Yes", "é"], "int64": [-(2**62), -1, 0, 2**62]}
    generator = np.random.default_rng(0)
    feed = {}
    for field in INPUTS:
        values = awkward.get(field.dtype, [np.nan, np.inf, -np.inf, -1, 0, 1e30])
        kind = object if field.dtype == "string" else field.dtype
        feed[field.name] = generator.choice(np.array(values, dtype=kind), 2000)
    value, lower, upper = session(model).run(None, feed)
    if not (np.isfinite(value).all() and (lower >= 0).all() and (upper <= 1).all()):
        raise BundleError(f"{SERVICE}: a probability is not between 0 and 1 for awkward inputs")
    if (lower > value).any() or (value > upper).any():
        raise BundleError(f"{SERVICE}: a probability lies outside its own interval")


def _compose(bundle: Bundle, training: Customers, test: Customers, choice: Choice, answers: list) -> dict:
    value, lower, upper = (answer.astype(np.float64) for answer in answers)
    file = {"name": training.file_name, "sha256": training.sha256}
    return {
        "service": SERVICE,
        "version": VERSION,
        "digest": bundle.digest,
        "file": "model.onnx",
        "bytes": bundle.bytes,
        "description": DESCRIPTION,
        "opset": {"ai.onnx": OPSET, "ai.onnx.ml": ML_OPSET, "ir": IR_VERSION},
        "inputs": [field.as_json() for field in INPUTS],
        "outputs": [field.as_json() for field in OUTPUTS],
        "interval": {
            "nominal": INTERVAL_NOMINAL,
            "meaning": _MEANING,
            "measured": {"held_out": interval(test.churned, value, lower, upper)},
        },
        "training": {
            "months": [],
            "rows": len(training),
            "files": [file],
            "seed": SEED,
            "settings": {
                "members": MEMBERS,
                "leaves": choice.leaves,
                "trees": choice.rounds,
                "widening_log_odds": round(choice.widening, 4),
                "cross_validated_log_loss": {name: round(loss, 5) for name, loss in choice.losses.items()},
            },
            "libraries": {"python": platform.python_version(), **{name: installed(name) for name in _LIBRARIES}},
        },
        "metrics": {
            "split": f"{len(training)} customers to train on, {len(test)} to measure on. {_SPLIT}",
            "measured_on": {**file, "rows": len(test)},
            "units": "share",
            "held_out": {
                "rows": len(test),
                "base_rate": round(float(test.churned.mean()), 4),
                **quality(test.churned, value),
            },
            "rivals": rivals(training, test),
            "calibration": calibration(test.churned, value),
        },
        "limits": list(_LIMITS),
    }
