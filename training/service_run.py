"""Trains one version of one service from start to card."""

from pathlib import Path

import numpy as np

from . import card
from .bundle import Bundle, check_awkward_inputs, check_converter, check_same_bits, write_model
from .evaluation import measure, truth_of
from .events import Estimates, event_feed
from .fitting import (
    SEED,
    Learned,
    Say,
    bounds_only,
    build,
    feature_names,
    first_rounds,
    fit,
    interval_offset,
)
from .porto import TAXI_FOLDS
from .progress import SimulatedRides
from .real_rides import measure_real
from .recipe import Recipe, Samples, join_samples
from .trips import Trips
from .workbench import Workbench


def train(recipe: Recipe, bench: Workbench, models: Path, say: Say) -> Bundle:
    """Calibrates on the last week, fits on the whole month, checks, measures, writes."""
    training, test = bench.training, bench.test
    say(f"{len(training.trips)} trips of {training.name}, {len(test.trips)} of {test.name} to measure on")
    learned = _learn(recipe.built_on or recipe, bench, say)
    fitted = first_rounds(recipe, learned.fitted) if recipe.built_on else learned.fitted
    offset = learned.offset
    names = feature_names(recipe, fitted.tables)
    model = build(recipe, fitted, offset, card.metadata(recipe, training.name, names))

    say("checking: exact against LightGBM, same bits at every batch size, awkward inputs")
    rides = SimulatedRides(test.trips.minutes, SEED)
    feed = event_feed(test.trips, True, bench.test_estimates, rides.report_anywhere())
    check_converter(recipe, fitted, offset, feed)
    check_same_bits(recipe, model, feed)
    check_awkward_inputs(recipe, model)

    say(f"measuring on {test.name}")
    mean = float(np.nanmean(truth_of(recipe.service, training.trips)))
    metrics, interval = measure(recipe, model, test.trips, bench.test_estimates, mean)
    traces = None
    if recipe.real_samples is not None:
        traces = bench.traces
        say(f"measuring on {len(traces)} real rides of {traces.file_name}, in {TAXI_FOLDS} folds by taxi")
        metrics["real_rides"], interval["real_rides"] = measure_real(recipe, bench, offset)
    bundle = write_model(models / recipe.service / recipe.version, model)
    card.write(
        bundle.folder, card.compose(recipe, bundle, training, test, bench.zones_sha256, traces, metrics, interval)
    )
    return bundle


def _learn(recipe: Recipe, bench: Workbench, say: Say) -> Learned:
    """Fits a version once: those that are built on it find the result on the bench."""
    key = (recipe.service, recipe.version)
    if key in bench.learned:
        return bench.learned[key]
    if recipe.uses_estimates:
        say("making first estimates that have not seen their own trip")
    early = _samples(recipe, bench, bench.early, bench.early_estimates if recipe.uses_estimates else None)
    late = recipe.samples(bench.late, bench.late_estimates if recipe.uses_estimates else None, SEED + 1)
    say("fitting the interval on the first 24 days to size it on the rest")
    bounds = bounds_only(recipe)
    offset = interval_offset(bounds, fit(bounds, bench.early, bench.zones, early, say), late)

    say(f"fitting on the whole month (interval offset {offset:.3f})")
    estimates = bench.training_estimates if recipe.uses_estimates else None
    samples = _samples(recipe, bench, bench.training.trips, estimates)
    bench.learned[key] = Learned(fit(recipe, bench.training.trips, bench.zones, samples, say), offset)
    return bench.learned[key]


def _samples(recipe: Recipe, bench: Workbench, trips: Trips, estimates: Estimates | None) -> Samples:
    """What trips teach and, where the recipe asks for them, real rides."""
    samples = recipe.samples(trips, estimates, SEED)
    if recipe.real_samples is None or estimates is None:
        return samples
    return join_samples([samples, recipe.real_samples(bench.traces, trips, estimates, SEED)])
