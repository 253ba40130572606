"""Scores a recipe inside the training month, so that settings are chosen without the month that measures them.

Each fold learns from the days before a week and is scored on that week: time goes forward, as it
does in use. The interval of a week is sized on the week before, as a release sizes its own.
"""

from dataclasses import dataclass

import numpy as np

from .duration import cross_fitted_estimates, estimates_for
from .evaluation import measure, truth_of
from .fitting import SEED, Say, build, fit, interval_offset
from .recipe import Recipe
from .trips import Trips
from .zones import Zone

WEEKS = ((11, 17), (18, 24), (25, 31))
"""First and last day of the weeks that are scored; the ten days before the first are enough to learn from."""


@dataclass(frozen=True)
class Score:
    """One week in one situation."""

    days: tuple[int, int]
    situation: str
    errors: dict[str, float]
    """`rmse`, `mae`, `bias` and, where a week before sized the interval, `coverage` and `width`."""


def cross_validate(recipe: Recipe, trips: Trips, zones: list[Zone], say: Say) -> list[Score]:
    """The scores of every week, with the distance and without it."""
    scores: list[Score] = []
    offset: float | None = None
    for days in WEEKS:
        day = trips.day_of_month
        before, week = trips.take(day < days[0]), trips.take((day >= days[0]) & (day <= days[1]))
        say(f"learning from {len(before)} trips to score {len(week)} of days {days[0]} to {days[1]}")
        estimates = cross_fitted_estimates(before, zones, SEED) if recipe.uses_estimates else None
        fitted = fit(recipe, before, zones, recipe.samples(before, estimates, SEED), say)
        week_estimates = estimates_for(week, before, zones)
        mean = float(np.nanmean(truth_of(recipe.service, before)))
        metrics, interval = measure(recipe, build(recipe, fitted, offset or 0.0), week, week_estimates, mean)
        for situation in ("with_distance", "without_distance"):
            covered = {} if offset is None else interval[situation]
            scores.append(Score(days, situation, {**metrics[situation]["all"], **covered}))
        offset = interval_offset(recipe, fitted, recipe.samples(week, week_estimates, SEED + 1))
    return scores


def mean_of(scores: list[Score], situation: str) -> dict[str, float]:
    """Each measure averaged over the weeks that have it; every week counts the same."""
    weeks = [score.errors for score in scores if score.situation == situation]
    return {
        name: float(np.mean([week[name] for week in weeks if name in week]))
        for name in _MEASURES
        if any(name in week for week in weeks)
    }


_MEASURES = ("rmse", "mae", "bias", "coverage", "width")


def as_table(scores: list[Score]) -> list[str]:
    """The scores and their means, as aligned lines."""
    situations = list(dict.fromkeys(score.situation for score in scores))
    rows = [(f"{score.days[0]} to {score.days[1]}", score.situation, score.errors) for score in scores]
    rows += [("mean", situation, mean_of(scores, situation)) for situation in situations]
    return [
        f"{'days':<10}{'situation':<18}" + "".join(f"{name:>10}" for name in _MEASURES),
        *(
            f"{days:<10}{situation:<18}" + "".join(_cell(found.get(name)) for name in _MEASURES)
            for days, situation, found in rows
        ),
    ]


def _cell(value: float | None) -> str:
    return f"{'-':>10}" if value is None else f"{value:>10.3f}"
