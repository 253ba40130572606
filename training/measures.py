"""Error and coverage on trips that were not trained on, by population."""

from collections.abc import Mapping

import numpy as np

from .trips import Trips


def errors(truth: np.ndarray, answer: np.ndarray) -> dict[str, float | int]:
    """Error of a prediction; bias is prediction minus truth."""
    error = answer.astype(np.float64) - truth
    return {
        "rows": len(truth),
        "rmse": _short(np.sqrt(np.mean(error**2))),
        "mae": _short(np.mean(np.abs(error))),
        "bias": _short(np.mean(error)),
    }


def coverage(truth: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> dict[str, float]:
    """Share of truths inside the interval, and its mean width."""
    inside = (truth >= lower) & (truth <= upper)
    return {"coverage": _short(np.mean(inside), 4), "width": _short(np.mean(upper.astype(np.float64) - lower))}


def by_population(trips: Trips, truth: np.ndarray, answer: np.ndarray) -> dict[str, dict]:
    """Errors of all rides with a known truth, then metered and dispatched ones by themselves."""
    known = ~np.isnan(truth)
    groups: Mapping[str, np.ndarray] = {
        "all": known,
        "metered": known & ~trips.dispatched,
        "dispatch": known & trips.dispatched,
    }
    return {name: errors(truth[rows], answer[rows]) for name, rows in groups.items() if rows.any()}


def ranking(happened: np.ndarray, probability: np.ndarray) -> dict[str, float | int]:
    """How well a probability tells what happens from what does not: the area under the ROC curve.

    It is the share of pairs, one of each kind, in which the one that happened has the higher
    probability, equal ones counting half. 0.5 is chance. The base rate is what happened, to
    compare with the mean of what was said.
    """
    _, position, count = np.unique(probability, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[position]
    yes, no = int(happened.sum()), int((~happened).sum())
    area = (rank[happened].sum() - yes * (yes + 1) / 2) / (yes * no) if yes and no else 0.5
    return {
        "rows": len(happened),
        "auc": _short(area, 4),
        "base_rate": _short(happened.mean(), 4),
        "mean_probability": _short(probability.mean(dtype=np.float64), 4),
    }


def _short(value: float, digits: int = 3) -> float:
    return round(float(value), digits)
