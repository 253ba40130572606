"""A whole training on a made-up month: honest rows, a repeatable file, promises kept."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from training import cost, duration, duration_v2, dynamic_duration, tip
from training.answers import learn
from training.bundle import check_awkward_inputs, check_converter, check_same_bits
from training.contract import INPUTS, OUTPUTS
from training.duration import cross_fitted_estimates
from training.events import Estimates, event_feed
from training.fitting import build, fit, out_of_fold_matrix, session
from training.graph import to_bytes
from training.progress import Progress, SimulatedRides
from training.recipe import Recipe
from training.trips import Trips
from training.zones import Zone

def _quick(recipe: Recipe) -> Recipe:
    """A recipe with few trees: what is tested here does not hang on their number."""
    heads = tuple(replace(head, rounds=min(head.rounds, 25)) for head in recipe.heads)
    return replace(recipe, heads=heads)


V2 = _quick(duration_v2.V2)
UTC = _quick(duration_v2.V3_UTC)
OFF_BY_ONE = _quick(duration_v2.V4_ZONES)
RECIPES = (duration.V1, V2, UTC, OFF_BY_ONE, dynamic_duration.V1, tip.V1, cost.V1)


@pytest.fixture
def estimates(city: Trips, zones: list[Zone]) -> Estimates:
    return cross_fitted_estimates(city, zones, 1)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: f"{recipe.service}-{recipe.version}")
def test_every_recipe_keeps_the_promises_of_its_bundle(
    recipe: Recipe, city: Trips, zones: list[Zone], estimates: Estimates
) -> None:
    fitted = fit(recipe, city, zones, recipe.samples(city, estimates, 1))
    model = build(recipe, fitted, 0.5)
    feed = event_feed(city, True, estimates, SimulatedRides(city.minutes, 1).report_anywhere())
    check_converter(recipe, fitted, 0.5, feed)
    check_same_bits(recipe, model, feed)
    check_awkward_inputs(recipe, model)
    runtime = session(model)
    assert [entry.name for entry in runtime.get_inputs()] == [field.name for field in INPUTS[recipe.service]]
    assert [entry.name for entry in runtime.get_outputs()] == [field.name for field in OUTPUTS[recipe.service]]


@pytest.mark.parametrize("recipe", (duration.V1, V2), ids=lambda recipe: recipe.version)
def test_training_twice_gives_the_same_digest(recipe: Recipe, city: Trips, zones: list[Zone]) -> None:
    digests = {
        hashlib.sha256(
            to_bytes(build(recipe, fit(recipe, city, zones, recipe.samples(city, None, 1)), 0.5))
        ).hexdigest()
        for _ in range(2)
    }
    assert len(digests) == 1


def test_training_rows_do_not_know_their_own_trip(city: Trips, zones: list[Zone]) -> None:
    """A single trip between two zones: its pair mean comes from elsewhere, not from its 55 minutes."""
    lonely = len(city) - 1
    for name, value in (("pickup_zone", 200), ("dropoff_zone", 201), ("minutes", 55.0)):
        getattr(city, name)[lonely] = value
    rows = out_of_fold_matrix(duration.V1, city, zones, duration.V1.samples(city, None, 1))
    own = duration.V1.tables(city, zones)["pair_minutes"][200 * 267 + 201]
    without = duration.V1.tables(city.take(np.arange(lonely)), zones)["pair_minutes"][200 * 267 + 201]
    assert rows[lonely, 0] == pytest.approx(without, rel=0.05)
    assert own > without + 5


def test_estimates_are_honest(city: Trips, zones: list[Zone], estimates: Estimates) -> None:
    """Changing a trip's own duration leaves its own estimate as it was, to the bit."""
    changed = city.take(np.arange(len(city)))
    changed.minutes[7] = 59.0
    again = cross_fitted_estimates(changed, zones, 1)
    assert again.with_distance[7] == estimates.with_distance[7]
    assert again.without_distance[7] == estimates.without_distance[7]
    assert (again.with_distance != estimates.with_distance).any()


def test_tip_learns_from_card_trips_only(city: Trips, estimates: Estimates) -> None:
    city.tip_usd[:100] = np.nan
    samples = tip.V1.samples(city, estimates, 1)
    assert np.isnan(samples.targets["tip_usd"][samples.trip < 100]).all()
    assert not np.isnan(samples.targets["tip_usd"][samples.trip >= 100]).any()


def test_a_correction_starts_at_the_estimate_and_never_falls_behind_the_clock(
    city: Trips, zones: list[Zone], estimates: Estimates
) -> None:
    recipe = dynamic_duration.V1
    runtime = session(build(recipe, fit(recipe, city, zones, recipe.samples(city, estimates, 1)), 0.0))
    start = runtime.run(None, recipe.feed(event_feed(city, True, estimates, Progress.none(len(city)))))[0]
    assert np.abs(start / estimates.with_distance - 1).mean() < 0.15
    late = Progress(*(np.full(len(city), value, np.float32) for value in (0.5, 7200, 0.4, 6000)))
    for answer in runtime.run(None, recipe.feed(event_feed(city, True, estimates, late))):
        assert (answer >= 120).all()


def test_the_baseline_answers_every_ride_in_order(city: Trips) -> None:
    answers = learn(city.take(city.pickup_zone < 6))
    said = answers.answer(city)
    assert all(np.isfinite(values).all() for values in said.values())
    assert (said["lower"] <= said["minutes"]).all()
    assert (said["minutes"] <= said["upper"]).all()
