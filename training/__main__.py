"""`python -m training SERVICE VERSION`, `python -m training all`, `baseline`, `zones`."""

import argparse
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from . import baseline, cost, duration, duration_v2, dynamic_duration, dynamic_duration_v2, tip
from .bundle import BundleError
from .recipe import Recipe
from .service_run import Say, train
from .trips import TripsError
from .workbench import GPS_FILE, Workbench
from .zones import write_zones

RECIPES: dict[tuple[str, str], Recipe] = {
    (recipe.service, recipe.version): recipe
    for recipe in (
        duration.V1,
        duration_v2.V2,
        duration_v2.V3_UTC,
        duration_v2.V4_ZONES,
        dynamic_duration.V1,
        dynamic_duration_v2.V2,
        tip.V1,
        tip.V2,
        cost.V1,
        cost.V2,
    )
}
"""Every version that can be trained; a new one is added here."""

_TRIP_FOLDERS = (Path("data/trips"), Path("../shared/data/trips"))
_SHIPPED_ZONES = Path(__file__).parents[1] / "models" / "zones.json"
_DEFAULT_FOLDERS = " or ".join(str(folder) for folder in _TRIP_FOLDERS)


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    started = time.monotonic()

    def say(line: str) -> None:
        print(f"[{time.monotonic() - started:5.0f} s] {line}", flush=True)

    try:
        if options.service == "zones":
            _write_zones(options, say)
        elif options.service == "all":
            bench = _workbench(options)
            for recipe in RECIPES.values():
                _train(recipe, bench, options.out, say)
            _train_baseline(bench, options.out, say)
        elif options.service == "baseline":
            _train_baseline(_workbench(options), options.out, say)
        else:
            recipes = _chosen(options)
            bench = _workbench(options)
            for recipe in recipes:
                _train(recipe, bench, options.out, say)
    except (TripsError, BundleError) as error:
        print(f"training: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    services = [*sorted({service for service, _ in RECIPES}), "baseline", "zones", "all"]
    parser.add_argument("service", metavar="SERVICE", choices=services, help=", ".join(services))
    parser.add_argument("version", metavar="VERSION", nargs="?", help="such as v1; without it, every version there is")
    parser.add_argument("--trips", type=Path, help=f"folder of monthly trip files (default: {_DEFAULT_FOLDERS})")
    parser.add_argument("--gps", type=Path, help=f"file of real taxi traces (default: ../gps/{GPS_FILE} from the trips)")
    parser.add_argument("--zones", type=Path, help="for `zones`: folder with the TLC lookup table and centroids")
    parser.add_argument("--out", type=Path, default=Path("models"), help="where bundles go (default: models)")
    return parser


def _chosen(options: argparse.Namespace) -> list[Recipe]:
    """The named version of a service, or all of them."""
    recipes = [recipe for recipe in RECIPES.values() if recipe.service == options.service]
    versions = [recipe.version for recipe in recipes]
    if options.version is None:
        return recipes
    if options.version not in versions:
        raise TripsError(f"{options.service} has no version {options.version}; there is {', '.join(versions)}")
    return [RECIPES[(options.service, options.version)]]


def _workbench(options: argparse.Namespace) -> Workbench:
    folder = options.trips or next((path for path in _TRIP_FOLDERS if path.is_dir()), None)
    if folder is None or not folder.is_dir():
        raise TripsError(f"there is no folder {folder or _DEFAULT_FOLDERS}: name the folder of the trip files with --trips")
    own_zones = options.out / "zones.json"
    return Workbench(folder, own_zones if own_zones.is_file() else _SHIPPED_ZONES, options.gps)


def _train(recipe: Recipe, bench: Workbench, out: Path, say: Say) -> None:
    name = f"{recipe.service} {recipe.version}"
    bundle = train(recipe, bench, out, lambda line: say(f"{name}: {line}"))
    say(f"{name}: wrote {bundle.folder} ({bundle.bytes / 1e6:.2f} MB, sha256 {bundle.digest})")


def _train_baseline(bench: Workbench, out: Path, say: Say) -> None:
    path = baseline.write(bench, out / "baseline")
    say(f"baseline: wrote {path} ({path.stat().st_size / 1e6:.2f} MB)")


def _write_zones(options: argparse.Namespace, say: Say) -> None:
    if options.zones is None:
        raise TripsError("zones needs --zones DIR with taxi_zone_lookup.csv and taxi_zone_centroids.csv")
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        zones = write_zones(options.zones, options.out / "zones.json")
    except FileNotFoundError as error:
        raise TripsError(f"{error.filename} is missing") from error
    say(f"zones: wrote {options.out / 'zones.json'} ({len(zones)} zones)")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
