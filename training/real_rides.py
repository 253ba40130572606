"""Measures a recipe on real rides whose taxis it has not seen."""

import numpy as np

from .evaluation import REPORT_GAP, SHARES, rival_durations
from .events import trace_feed
from .fitting import SEED, Fitted, build, fit, session
from .measures import coverage, errors
from .recipe import Recipe, join_samples
from .workbench import Workbench


def measure_real(recipe: Recipe, bench: Workbench, offset: float) -> tuple[dict, dict]:
    """Errors and coverage at each share of the route, beside those of simple ways to correct a duration.

    The served version has learned from all of these rides. Here each is answered by one that
    was trained in the same way on the rides of other taxis.
    """
    traces = bench.traces
    estimates = traces.first_estimates()
    rides = len(traces)
    reports = {share: traces.report_at(np.full(rides, share), np.full(rides, REPORT_GAP)) for share in SHARES}
    answers = {share: np.empty((3, rides)) for share in SHARES}
    for number in np.unique(traces.fold):
        here = traces.fold == number
        runtime = session(build(recipe, _fit_without(recipe, bench, here), offset))
        for share, report in reports.items():
            feed = recipe.feed(trace_feed(traces, estimates, report))
            answers[share][:, here] = runtime.run(None, {name: values[here] for name, values in feed.items()})
    metrics, interval = {}, {}
    for share, (value, lower, upper) in answers.items():
        key = f"share_{share:g}"
        rivals = rival_durations(traces.minutes, estimates, reports[share])
        metrics[key] = {"all": errors(traces.minutes, value), "rivals": rivals}
        interval[key] = coverage(traces.minutes, lower, upper)
    return metrics, interval


def _fit_without(recipe: Recipe, bench: Workbench, here: np.ndarray) -> Fitted:
    """The recipe on all trips and on the real rides that are not `here`."""
    if recipe.real_samples is None:
        raise ValueError(f"{recipe.service} {recipe.version} does not learn from real rides")
    trips, estimates = bench.training.trips, bench.training_estimates
    others = recipe.real_samples(bench.traces.take(~here), trips, estimates, SEED)
    return fit(recipe, trips, bench.zones, join_samples([recipe.samples(trips, estimates, SEED), others]))
