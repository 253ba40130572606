"""Scores inside the training month: time goes forward, and the interval is sized on the week before."""

from dataclasses import replace

import numpy as np
import pytest

from training import duration
from training.cross_validation import WEEKS, Score, as_table, cross_validate, mean_of
from training.fitting import silent
from training.trips import Trips
from training.zones import Zone

QUICK = replace(duration.V1, heads=tuple(replace(head, rounds=20) for head in duration.V1.heads))


def test_every_week_is_scored_with_and_without_distance(city: Trips, zones: list[Zone]) -> None:
    scores = cross_validate(QUICK, city, zones, silent)
    assert [(score.days, score.situation) for score in scores] == [
        (days, situation) for days in WEEKS for situation in ("with_distance", "without_distance")
    ]
    in_week = [int(((city.day_of_month >= first) & (city.day_of_month <= last)).sum()) for first, last in WEEKS]
    assert [score.errors["rows"] for score in scores[::2]] == in_week
    for given, withheld in zip(scores[::2], scores[1::2], strict=True):
        # The minutes of this city follow the distance, and say nothing about the zones.
        assert given.errors["rmse"] < 0.6 * withheld.errors["rmse"]


def test_a_score_does_not_depend_on_later_trips(city: Trips, zones: list[Zone]) -> None:
    changed = city.take(np.arange(len(city)))
    changed.minutes[changed.day_of_month > WEEKS[0][1]] = 59.0
    before, after = (cross_validate(QUICK, trips, zones, silent) for trips in (city, changed))
    assert before[:2] == after[:2]
    assert before[2:4] != after[2:4]


def test_the_interval_is_sized_on_the_week_before(city: Trips, zones: list[Zone]) -> None:
    """The first week has none before it; rides that are hard to tell in one week widen the next week's interval."""
    scores = cross_validate(QUICK, city, zones, silent)
    assert ["width" in score.errors for score in scores] == [False, False, True, True, True, True]
    wild = city.take(np.arange(len(city)))
    days = wild.day_of_month
    middle = (days >= WEEKS[1][0]) & (days <= WEEKS[1][1])
    wild.minutes[middle] = np.where(np.arange(int(middle.sum())) % 2, 1.0, 60.0)
    last = cross_validate(QUICK, wild, zones, silent)[-1]
    assert last.errors["width"] > scores[-1].errors["width"] + 10
    assert last.errors["coverage"] > 0.95


def test_the_table_ends_with_the_means() -> None:
    scores = [
        Score((11, 17), "with_distance", {"rmse": 4.0, "mae": 3.0, "bias": 0.5}),
        Score((18, 24), "with_distance", {"rmse": 5.0, "mae": 3.5, "bias": -0.5, "coverage": 0.8, "width": 10.0}),
    ]
    assert mean_of(scores, "with_distance") == pytest.approx(
        {"rmse": 4.5, "mae": 3.25, "bias": 0.0, "coverage": 0.8, "width": 10.0}
    )
    lines = as_table(scores)
    assert len(lines) == 4
    assert lines[1].split() == ["11", "to", "17", "with_distance", "4.000", "3.000", "0.500", "-", "-"]
    assert lines[-1].split() == ["mean", "with_distance", "4.500", "3.250", "0.000", "0.800", "10.000"]
