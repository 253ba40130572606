"""Measures a finished graph on a month it has not seen, in the situations the mesh has."""

import numpy as np
import onnx

from .contract import OUTPUTS
from .events import Estimates, event_feed
from .fitting import session
from .measures import by_population, coverage, errors, ranking
from .progress import Progress, SimulatedRides
from .recipe import Recipe
from .trips import Trips

SHARES = (0.25, 0.5, 0.75)
REPORT_GAP = 0.1
"""How much of the route lies between a measured report and the one before it."""
_SEED = 2
"""Not the seed of training: the simulated paces differ."""

_SITUATIONS = {"with_distance": True, "without_distance": False}


def truth_of(service: str, trips: Trips) -> np.ndarray:
    """What the first output of a service should have said; NaN where the data does not tell."""
    return {"tip": trips.tip_usd, "cost": trips.cost_usd}.get(service, trips.minutes)


def measure(
    recipe: Recipe, model: onnx.ModelProto, trips: Trips, estimates: Estimates, mean: float
) -> tuple[dict, dict]:
    """The metrics and the interval part of a card; `mean` is the training mean, the simplest rival."""
    runtime = session(model)
    names = [field.name for field in OUTPUTS[recipe.service]]
    truth = truth_of(recipe.service, trips)
    known = ~np.isnan(truth)
    metrics: dict = {"rivals": {"training_mean": errors(truth[known], np.full(int(known.sum()), mean))}}
    interval: dict = {}

    def situation(distance_known: bool, progress: Progress) -> tuple[dict, dict]:
        feed = event_feed(trips, distance_known, estimates, progress)
        result = dict(zip(names, runtime.run(names, recipe.feed(feed)), strict=True))
        found = by_population(trips, truth, result[names[0]])
        if "price_usd" in result:
            found["price_usd"] = by_population(trips, trips.cost_usd, result["price_usd"])
        if "tip_probability" in result:
            found["tip_probability"] = ranking(truth[known] > 0, result["tip_probability"][known])
        return found, coverage(truth[known], result[names[1]][known], result[names[2]][known])

    for label, distance_known in _SITUATIONS.items():
        metrics[label], interval[label] = situation(distance_known, Progress.none(len(trips)))
    if recipe.simulated_progress:
        metrics["under_way"], interval["under_way"] = _under_way(recipe, trips, estimates, situation)
    return metrics, interval


def _under_way(recipe: Recipe, trips: Trips, estimates: Estimates, situation) -> tuple[dict, dict]:
    """Metrics and coverage at a quarter, a half and three quarters of simulated rides."""
    rides = SimulatedRides(trips.minutes, _SEED)
    metrics: dict = {}
    interval: dict = {}
    for share in SHARES:
        here = rides.report_at(np.full(len(trips), share), np.full(len(trips), REPORT_GAP))
        key = f"share_{share:g}"
        metrics[key], interval[key] = {}, {}
        for label, distance_known in _SITUATIONS.items():
            found, covered = situation(distance_known, here)
            if recipe.service == "dynamic-duration":
                found["rivals"] = rival_durations(trips.minutes, estimates.minutes(distance_known), here)
            metrics[key][label], interval[key][label] = found, covered
    return metrics, interval


def rival_durations(minutes: np.ndarray, estimate: np.ndarray, here: Progress) -> dict:
    """Simple ways to correct a duration, which the model should beat; `minutes` is the truth."""
    elapsed = here.elapsed_seconds / 60.0
    return {
        "first_estimate": errors(minutes, np.maximum(estimate, elapsed)),
        "elapsed_plus_share_left_of_estimate": errors(minutes, elapsed + (1 - here.share_done) * estimate),
        "pace_so_far": errors(minutes, elapsed / here.share_done),
    }
