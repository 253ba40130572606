"""How good churn's probabilities are on customers it has not seen, and what plainer rules would give."""

import numpy as np

from .churn import INPUTS, Categories, groups_held, learn_categories, log_loss, matrix
from .customers import Customers

_RIDGE = 1.0
_NEWTON_STEPS = 12
_CALIBRATION_BINS = 10
_TOP_SHARE = 0.1


def quality(churned: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """AUC, log loss, Brier score, and how much oftener the top decile leaves than everybody."""
    top = np.argsort(-probability, kind="stable")[: max(1, round(len(churned) * _TOP_SHARE))]
    return {
        "auc": round(auc(churned, probability), 4),
        "log_loss": round(log_loss(churned, probability), 4),
        "brier": round(float(np.mean((probability - churned) ** 2)), 4),
        "lift_top_decile": round(float(churned[top].mean() / churned.mean()), 3),
    }


def auc(churned: np.ndarray, probability: np.ndarray) -> float:
    """Share of pairs of a leaver and a stayer that the probability puts in order; ties count half."""
    stayers, leavers = np.sort(probability[~churned]), probability[churned]
    below = np.searchsorted(stayers, leavers, "left") + np.searchsorted(stayers, leavers, "right")
    return float(below.sum() / 2 / (len(stayers) * len(leavers)))


def calibration(churned: np.ndarray, probability: np.ndarray) -> list[dict[str, float | int]]:
    """Mean probability and observed rate of equally large bins of rising probability."""
    bins = np.array_split(np.argsort(probability, kind="stable"), _CALIBRATION_BINS)
    return [
        {
            "rows": len(rows),
            "mean_probability": round(float(probability[rows].mean()), 4),
            "observed_rate": round(float(churned[rows].mean()), 4),
        }
        for rows in bins
    ]


def interval(churned: np.ndarray, value: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> dict[str, float | int]:
    held = groups_held(churned, value, lower, upper)
    width = float((upper - lower).mean())
    return {"coverage": round(float(held.mean()), 4), "groups": len(held), "width": round(width, 4)}


def rivals(training: Customers, test: Customers) -> dict[str, dict[str, float]]:
    """The base rate, and a plain logistic regression on the same fields."""
    base = np.full(len(test), training.churned.mean())
    return {
        "base_rate": {name: value for name, value in quality(test.churned, base).items() if name != "lift_top_decile"},
        "logistic_regression": quality(test.churned, _logistic(training, test)),
    }


def _logistic(training: Customers, test: Customers) -> np.ndarray:
    """Ridge logistic regression by Newton's method: one column a category, numbers standardised, NaN as 0."""
    categories = learn_categories(training)
    rows, new = _dummies(categories, training), _dummies(categories, test)
    mean, spread = rows.mean(axis=0), rows.std(axis=0)
    spread[spread == 0] = 1
    rows, new = (np.column_stack([np.ones(len(part)), (part - mean) / spread]) for part in (rows, new))
    penalty = _RIDGE * np.eye(rows.shape[1])
    penalty[0, 0] = 0
    weights = np.zeros(rows.shape[1])
    for _ in range(_NEWTON_STEPS):
        rate = 1 / (1 + np.exp(-rows @ weights))
        curvature = (rows * (rate * (1 - rate))[:, None]).T @ rows + penalty
        weights += np.linalg.solve(curvature, rows.T @ (training.churned - rate) - penalty @ weights)
    return 1 / (1 + np.exp(-new @ weights))


def _dummies(categories: Categories, customers: Customers) -> np.ndarray:
    columns = []
    for field, values in zip(INPUTS, matrix(categories, customers).T.astype(np.float64), strict=True):
        if field.name in categories:
            columns.extend((values == code).astype(np.float64) for code in range(len(categories[field.name])))
        else:
            columns.append(np.nan_to_num(values))
    return np.stack(columns, axis=1)
