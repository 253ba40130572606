"""The broken versions make exactly the mistake that their cards name."""

from dataclasses import replace

import numpy as np
import pytest

from training import cost, tip
from training.duration import cross_fitted_estimates
from training.duration_v2 import SECONDS_BEHIND_UTC, V2, V3_UTC, V4_ZONES
from training.events import Feed, event_feed, ride_feed
from training.fitting import Fitted, build, first_rounds, fit, session
from training.progress import SimulatedRides
from training.recipe import Recipe
from training.trips import Trips
from training.zones import Zone

ROUNDS = 25


def _with_rounds(recipe: Recipe, rounds: int) -> Recipe:
    return replace(recipe, heads=tuple(replace(head, rounds=rounds) for head in recipe.heads))


def _name(recipe: Recipe) -> str:
    return f"{recipe.service}-{recipe.version}"


@pytest.fixture
def fitted(city: Trips, zones: list[Zone]) -> Fitted:
    recipe = _with_rounds(V2, ROUNDS)
    return fit(recipe, city, zones, recipe.samples(city, None, 1))


def _answers(recipe: Recipe, fitted: Fitted, feed: Feed) -> list[np.ndarray]:
    return session(build(_with_rounds(recipe, ROUNDS), fitted, 0.5)).run(None, feed)


def test_utc_scores_every_ride_as_five_hours_earlier(city: Trips, fitted: Fitted) -> None:
    assert SECONDS_BEHIND_UTC == 5 * 60 * 60
    feed = ride_feed(city, True)
    earlier = {**feed, "pickup_local_seconds": feed["pickup_local_seconds"] - 18000}
    sound, broken = _answers(V2, fitted, feed), _answers(V3_UTC, fitted, feed)
    assert (sound[0] != broken[0]).any()
    for expected, said in zip(_answers(V2, fitted, earlier), broken, strict=True):
        np.testing.assert_array_equal(said, expected)


def test_zones_scores_every_ride_as_ending_in_the_next_zone(city: Trips, fitted: Fitted) -> None:
    feed = ride_feed(city, True)
    feed["dropoff_zone"] = np.resize([1, 2, 264, 265, 266, -5, 0], len(city))
    shifted = {**feed, "dropoff_zone": np.resize([2, 3, 265, 266, 266, 1, 1], len(city))}
    sound, broken = _answers(V2, fitted, feed), _answers(V4_ZONES, fitted, feed)
    assert (sound[0] != broken[0]).any()
    for expected, said in zip(_answers(V2, fitted, shifted), broken, strict=True):
        np.testing.assert_array_equal(said, expected)


@pytest.mark.parametrize("recipe", (tip.V3_ZONES, cost.V3_ZONES), ids=_name)
def test_amounts_are_those_of_a_ride_to_the_next_zone(recipe: Recipe, city: Trips, zones: list[Zone]) -> None:
    sound = _with_rounds(recipe.built_on, ROUNDS)
    estimates = cross_fitted_estimates(city, zones, 1)
    fitted = fit(sound, city, zones, sound.samples(city, estimates, 1))
    feed = event_feed(city, True, estimates, SimulatedRides(city.minutes, 1).report_anywhere())
    feed = recipe.feed({**feed, "dropoff_zone": np.resize([1, 2, 9, 264], len(city))})
    shifted = {**feed, "dropoff_zone": feed["dropoff_zone"] + 1}
    before, broken = _answers(sound, fitted, feed), _answers(recipe, fitted, feed)
    assert (before[0] != broken[0]).any()
    for expected, said in zip(_answers(sound, fitted, shifted), broken, strict=True):
        np.testing.assert_array_equal(said, expected)


def test_the_first_trees_are_those_of_a_shorter_training(city: Trips, zones: list[Zone], fitted: Fitted) -> None:
    short = _with_rounds(V2, 10)
    cut = first_rounds(short, fitted)
    fresh = fit(short, city, zones, short.samples(city, None, 1))
    feed = ride_feed(city, True)
    answers = [session(build(short, part, 0.5)).run(None, feed) for part in (cut, fresh)]
    for cut_said, fresh_said in zip(*answers, strict=True):
        np.testing.assert_array_equal(cut_said, fresh_said)


@pytest.mark.parametrize("recipe", (V3_UTC, V4_ZONES, tip.V3_ZONES, cost.V3_ZONES), ids=_name)
def test_the_cards_say_that_they_are_broken(recipe: Recipe) -> None:
    assert recipe.built_on is not None
    assert recipe.built_on.version == "v2"
    assert recipe.description.startswith("Deliberately broken, never to be released")
    assert recipe.limits[0].startswith("Deliberately broken, never to be released")
