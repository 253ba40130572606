"""`python -m training SERVICE VERSION`, `all`, `baseline`, `zones`; `cross-validate SERVICE VERSION`."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from . import baseline, churn, churn_run, cost, duration, duration_v2, dynamic_duration, dynamic_duration_v2, tip
from .bundle import BundleError
from .cross_validation import as_table, cross_validate
from .customers import CustomersError
from .data_check import check, describe
from .fitting import Say
from .recipe import Recipe
from .service_run import train
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
        tip.V3_ZONES,
        cost.V1,
        cost.V2,
        cost.V3_ZONES,
    )
}
"""Every version that can be trained; a new one is added here."""

_CUSTOMER_FILES = (Path("data/churn/telco_customers.csv"), Path("../shared/data/churn/telco_customers.csv"))
_TRIP_FOLDERS = (Path("data/trips"), Path("../shared/data/trips"))
_SHIPPED_ZONES = Path(__file__).parents[1] / "models" / "zones.json"
_DEFAULT_FOLDERS = " or ".join(str(folder) for folder in _TRIP_FOLDERS)


_CROSS_VALIDATE = "cross-validate"
"""A first word: the versions named after it are scored inside the training month, and nothing is written."""


def main(arguments: list[str]) -> int:
    scoring = arguments[:1] == [_CROSS_VALIDATE]
    options = _parser().parse_args(arguments[1:] if scoring else arguments)
    started = time.monotonic()

    def say(line: str) -> None:
        print(f"[{time.monotonic() - started:5.0f} s] {line}", flush=True)

    try:
        if scoring:
            _cross_validate(_chosen(options), _workbench(options), say)
        elif options.service == "zones":
            _write_zones(options, say)
        elif options.service == churn.SERVICE:
            _train_churn(options, say)
        elif options.service == "all":
            _train_all(options, say)
        elif options.service == "baseline":
            bench = _workbench(options)
            _check_data([], bench, say)
            _train_baseline(bench, options.out, say)
        else:
            _train_recipes(_chosen(options), _workbench(options), options.out, say)
    except (TripsError, CustomersError, BundleError) as error:
        print(f"training: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    services = [*sorted({service for service, _ in RECIPES}), churn.SERVICE, "baseline", "zones", "all"]
    parser.add_argument("service", metavar="SERVICE", choices=services, help=", ".join(services))
    parser.add_argument("version", metavar="VERSION", nargs="?", help="such as v1; without it, every version there is")
    parser.add_argument("--trips", type=Path, help=f"folder of monthly trip files (default: {_DEFAULT_FOLDERS})")
    customers = f"for `churn`: the customer table (default: {' or '.join(map(str, _CUSTOMER_FILES))})"
    parser.add_argument("--customers", type=Path, help=customers)
    parser.add_argument(
        "--gps", type=Path, help=f"file of real taxi traces (default: ../gps/{GPS_FILE} from the trips)"
    )
    parser.add_argument("--zones", type=Path, help="for `zones`: folder with the TLC lookup table and centroids")
    parser.add_argument("--out", type=Path, default=Path("models"), help="where bundles go (default: models)")
    return parser


def _chosen(options: argparse.Namespace) -> list[Recipe]:
    """The named version of a service, or all of them."""
    recipes = [recipe for recipe in RECIPES.values() if recipe.service == options.service]
    if not recipes:
        raise TripsError(f"{options.service} is not a service: name one, and perhaps a version")
    versions = [recipe.version for recipe in recipes]
    if options.version is None:
        return recipes
    if options.version not in versions:
        raise TripsError(f"{options.service} has no version {options.version}; there is {', '.join(versions)}")
    return [RECIPES[(options.service, options.version)]]


def _workbench(options: argparse.Namespace) -> Workbench:
    folder = options.trips or next((path for path in _TRIP_FOLDERS if path.is_dir()), None)
    if folder is None or not folder.is_dir():
        raise TripsError(
            f"there is no folder {folder or _DEFAULT_FOLDERS}: name the folder of the trip files with --trips"
        )
    own_zones = options.out / "zones.json"
    return Workbench(folder, own_zones if own_zones.is_file() else _SHIPPED_ZONES, options.gps)


def _check_data(recipes: Sequence[Recipe], bench: Workbench, say: Say) -> None:
    """Reads and judges everything that will be learned from, before the first tree is grown."""
    for month in (bench.training, bench.test):
        check(month)
        say(f"data: {describe(month)}")
    if any(recipe.real_samples for recipe in recipes):
        traces = bench.traces
        say(f"data: {traces.file_name}: {traces.rows_in_file:,} rows, {len(traces)} usable rides")


def _train_all(options: argparse.Namespace, say: Say) -> None:
    """Everything; churn, whose data is not trips, where its table is found."""
    bench = _workbench(options)
    customers = _customer_table(options)
    if not customers.is_file():
        say(f"churn is left out: {customers} is not there, name the table with --customers")
    _train_recipes(list(RECIPES.values()), bench, options.out, say)
    _train_baseline(bench, options.out, say)
    if customers.is_file():
        _train_churn(options, say)


def _train_recipes(recipes: Sequence[Recipe], bench: Workbench, out: Path, say: Say) -> None:
    _check_data(recipes, bench, say)
    for recipe in recipes:
        _train(recipe, bench, out, say)


def _train(recipe: Recipe, bench: Workbench, out: Path, say: Say) -> None:
    name = f"{recipe.service} {recipe.version}"
    bundle = train(recipe, bench, out, lambda line: say(f"{name}: {line}"))
    say(f"{name}: wrote {bundle.folder} ({bundle.bytes / 1e6:.2f} MB, sha256 {bundle.digest})")


def _cross_validate(recipes: list[Recipe], bench: Workbench, say: Say) -> None:
    for recipe in recipes:
        name = f"{recipe.service} {recipe.version}"

        def say_of(line: str, name: str = name) -> None:
            say(f"{name}: {line}")

        scores = cross_validate(recipe, bench.training.trips, bench.zones, say_of)
        print("\n".join([name, *as_table(scores)]), flush=True)


def _train_churn(options: argparse.Namespace, say: Say) -> None:
    if options.version not in (None, churn.VERSION):
        raise CustomersError(f"churn has no version {options.version}; there is {churn.VERSION}")
    bundle = churn_run.train(_customer_table(options), options.out, lambda line: say(f"churn {churn.VERSION}: {line}"))
    say(f"churn {churn.VERSION}: wrote {bundle.folder} ({bundle.bytes / 1e6:.2f} MB, sha256 {bundle.digest})")


def _customer_table(options: argparse.Namespace) -> Path:
    return options.customers or next((path for path in _CUSTOMER_FILES if path.is_file()), _CUSTOMER_FILES[0])


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
