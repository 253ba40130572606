"""A run of several versions fits none of them twice."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from training import service_run
from training.duration_v2 import V2, V3_UTC
from training.fitting import silent
from training.service_run import train
from training.trips import Trips
from training.workbench import Workbench

ZONES = Path(__file__).parents[2] / "models" / "zones.json"


@pytest.mark.usefixtures("city")
def test_a_version_built_on_another_is_not_fitted_again(
    write_month: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits: list[str] = []

    def counted(recipe, trips: Trips, *others):
        fits.append(recipe.version)
        return real_fit(recipe, trips, *others)

    real_fit = service_run.fit
    monkeypatch.setattr(service_run, "fit", counted)
    sound = replace(V2, heads=tuple(replace(head, rounds=10) for head in V2.heads))
    broken = replace(V3_UTC, heads=tuple(replace(head, rounds=5) for head in V2.heads), built_on=sound)
    bench = Workbench(write_month("2021-02", {"PULocationID": [74] * 40}), ZONES)
    bundles = [train(recipe, bench, tmp_path / "models", silent) for recipe in (sound, broken)]
    assert fits == ["v2", "v2"], "once on the first 24 days, once on the whole month"
    assert bundles[0].bytes > bundles[1].bytes
