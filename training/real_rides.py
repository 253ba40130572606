"""Measures a recipe on real rides whose taxis it has not seen."""

import numpy as np

from .events import trace_feed
from .evaluation import REPORT_GAP, SHARES, rival_durations
from .fitting import SEED, build, fit, session
from .measures import coverage, errors
from .progress import Progress
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
    metrics = {f"share_{share:g}": _at_share(traces.minutes, estimates, reports[share], answers[share][0]) for share in SHARES}
    interval = {f"share_{share:g}": coverage(traces.minutes, *answers[share][1:]) for share in SHARES}
    return metrics, interval


def _fit_without(recipe: Recipe, bench: Workbench, here: np.ndarray):
    """The recipe on all trips and on the real rides that are not `here`."""
    if recipe.real_samples is None:
        raise ValueError(f"{recipe.service} {recipe.version} does not learn from real rides")
    trips, estimates = bench.training.trips, bench.training_estimates
    others = recipe.real_samples(bench.traces.take(~here), trips, estimates, SEED)
    return fit(recipe, trips, bench.zones, join_samples([recipe.samples(trips, estimates, SEED), others]))


def _at_share(minutes: np.ndarray, estimates: np.ndarray, here: Progress, answer: np.ndarray) -> dict:
    return {"all": errors(minutes, answer), "rivals": rival_durations(minutes, estimates, here)}
