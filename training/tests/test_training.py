"""A whole training on a made-up month: honest rows, a repeatable file, promises kept."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from training import cost, duration, duration_v2, dynamic_duration, dynamic_duration_v2, tip
from training.answers import learn
from training.bundle import check_awkward_inputs, check_converter, check_same_bits
from training.contract import INPUTS, OUTPUTS
from training.duration import cross_fitted_estimates
from training.events import Estimates, event_feed
from training.fitting import build, fit, out_of_fold_matrix, session
from training.graph import to_bytes
from training.measures import ranking
from training.progress import Progress, SimulatedRides
from training.recipe import Recipe
from training.trips import Trips
from training.zones import Zone


def _quick(recipe: Recipe) -> Recipe:
    """A recipe with few trees: what is tested here does not hang on their number."""
    return replace(recipe, heads=tuple(replace(head, rounds=min(head.rounds, 20)) for head in recipe.heads))


V2 = _quick(duration_v2.V2)
RECIPES = (
    duration.V1,
    V2,
    _quick(duration_v2.V3_UTC),
    _quick(duration_v2.V4_ZONES),
    dynamic_duration.V1,
    _quick(dynamic_duration_v2.V2),
    tip.V1,
    _quick(tip.V2),
    _quick(tip.V3_ZONES),
    cost.V1,
    _quick(cost.V2),
    _quick(cost.V3_ZONES),
)


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


@pytest.mark.parametrize("recipe", [tip.V1, tip.V2], ids=["v1", "v2"])
def test_tip_learns_from_card_trips_only(recipe: Recipe, city: Trips, zones: list[Zone], estimates: Estimates) -> None:
    """What other trips say is left out of the rows and of the tables."""
    city.tip_usd[:100] = np.nan
    samples = recipe.samples(city, estimates, 1)
    assert {head.target for head in recipe.heads} == set(samples.targets)
    for target in samples.targets.values():
        assert np.isnan(target[samples.trip < 100]).all()
        assert not np.isnan(target[samples.trip >= 100]).any()
    moved = city.take(np.arange(len(city)))
    moved.pickup_zone[:100] = 200
    for name, table in recipe.tables(city.take(np.arange(100, 600)), zones).items():
        if "tip" in name:
            # Summed in another order: the last bits may differ.
            np.testing.assert_allclose(recipe.tables(moved, zones)[name], table, rtol=1e-12, err_msg=name)


@pytest.mark.parametrize("recipe", [tip.V1, _quick(tip.V2)], ids=["v1", "v2"])
def test_the_probability_of_a_tip_tells_who_tips(
    recipe: Recipe, city: Trips, zones: list[Zone], estimates: Estimates
) -> None:
    """Only riders who leave from zones above 5 tip, as a rule; the other half of the trips is asked about."""
    tips = (city.pickup_zone > 5) ^ (np.random.default_rng(1).random(len(city)) < 0.1)
    city.tip_usd[:] = np.where(tips, 2.0, 0.0)
    known = np.arange(len(city)) < 300
    learned = Estimates(estimates.with_distance[known], estimates.without_distance[known])
    fitted = fit(recipe, city.take(known), zones, recipe.samples(city.take(known), learned, 1))
    feed = recipe.feed(event_feed(city, True, estimates, Progress.none(len(city))))
    probability = session(build(recipe, fitted, 0.0)).run(["tip_probability"], feed)[0]
    assert ((probability > 0) & (probability < 1)).all()
    assert ranking(tips[~known], probability[~known])["auc"] > 0.8
    assert abs(probability[~known].mean() - tips[known].mean()) < 0.1


def test_tip_v2_tells_a_meter_at_zero_from_an_unknown_distance(
    city: Trips, zones: list[Zone], estimates: Estimates
) -> None:
    city.trip_distance_miles[::3], city.tip_usd[::3] = 0.0, 0.0
    recipe = _quick(tip.V2)
    runtime = session(build(recipe, fit(recipe, city, zones, recipe.samples(city, estimates, 1)), 0.5))
    feed = recipe.feed(event_feed(city, True, estimates, Progress.none(len(city))))
    said = [
        runtime.run(["tip_probability"], {**feed, "trip_distance_miles": np.full(len(city), miles, np.float32)})[0]
        for miles in (0.0, np.nan)
    ]
    assert said[0].mean() < said[1].mean() - 0.1


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


def test_v2_corrects_twice_as_long_a_ride_by_twice_as_much(
    city: Trips, zones: list[Zone], estimates: Estimates
) -> None:
    """It has no scale: neither zones nor miles nor minutes as such change the proportion."""
    recipe = _quick(dynamic_duration_v2.V2)
    runtime = session(build(recipe, fit(recipe, city, zones, recipe.samples(city, estimates, 1)), 0.0))
    feed = recipe.feed(event_feed(city, True, estimates, SimulatedRides(city.minutes, 1).report_anywhere()))
    twice = {**feed, "pickup_zone": feed["dropoff_zone"], "trip_distance_miles": 2 * feed["trip_distance_miles"]}
    for name in ("estimated_minutes", "elapsed_seconds", "previous_elapsed_seconds"):
        twice[name] = 2 * feed[name]
    for once, doubled in zip(runtime.run(None, feed), runtime.run(None, twice), strict=True):
        np.testing.assert_allclose(doubled, 2 * once, rtol=1e-6)


def test_the_baseline_answers_every_ride_in_order(city: Trips) -> None:
    answers = learn(city.take(city.pickup_zone < 6))
    said = answers.answer(city)
    assert all(np.isfinite(values).all() for values in said.values())
    assert (said["lower"] <= said["minutes"]).all()
    assert (said["minutes"] <= said["upper"]).all()
