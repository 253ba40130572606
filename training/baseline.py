"""The zone-pair table: an answer without a model, and a city for synthetic trips to be drawn from.

Backend answers from it when the duration service does not. The simulator draws from it when
there is no trip file at hand.
"""

import json
from pathlib import Path

import numpy as np

from .answers import VALUES, Answers, Level, known_miles, learn, pair_miles, unseen_pair_means
from .card import describe_split
from .contract import INTERVAL_NOMINAL
from .demand import demand_and_spread
from .measures import coverage, errors
from .tables import pair_cost_usd, pair_index, pair_minutes
from .trips import Trips
from .workbench import Workbench
from .zones import ZONE_SLOTS

DESCRIPTION = (
    "Answer without a model. A known pair of zones: its row in pairs. Otherwise: the mean, value by value, of the "
    "pickup zone's row and the drop-off zone's row. One of them unknown: the other's row. Both: overall. "
    "Means are smoothed; in pickups and dropoffs every pair of zones counts once, because these rows answer for "
    "pairs never seen, which are far apart. Lower and upper hold about 80 % of rides. The rest of the file "
    "describes demand and spread, for drawing synthetic trips."
)

UNITS = {
    "minutes, lower, upper": "minutes",
    "priceUsd": "USD, total amount without the tip",
    "miles": "metered miles",
    "n": "trips in the training months",
    "overall": "lowerMinutes and upperMinutes are the 80 % interval",
    "pickups, dropoffs": "[n, minutes, lower, upper, priceUsd, miles] by zone id",
    "pairs": "[pickup, dropoff, n, minutes, lower, upper, priceUsd, miles]",
    "hours": "pickups relative to the mean hour; 168 hours of the week, Monday 00:00 first",
    "hourMinutes": "duration relative to the mean of the pair, same hours",
    "minutesSpread": "ln(minutes / pair minutes) is normal with this mean and sd",
    "milesSpread": "ln(miles / pair miles) = mean + perMinutes * ln(minutes / pair minutes) + normal(0, sd)",
    "priceSpread": (
        "ln(price / pair price) = mean + perMinutes * ln(minutes / pair minutes) "
        "+ perMiles * ln(miles / pair miles) + normal(0, sd)"
    ),
    "cardShare": "share of metered (not dispatched) trips paid by card",
    "dispatchShare": "share of all trips without passenger count and payment type",
    "passengerShares": "share of metered trips with 0, 1, 2 ... passengers",
    "tipShare": "tip over total without tip, card trips; mean and sd over all, tippersMean and tippersSd without zeros",
    "tripsPerDay": "trips a day in the training months",
}


def metrics(answers: Answers, test: Trips) -> dict:
    """Errors of the answers on a month that was not learned from."""
    said = answers.answer(test)
    priced = ~np.isnan(test.cost_usd)
    pair = answers.pairs.trips[pair_index(test)] > 0
    return {
        "pairKnownShare": round(float(pair.mean()), 4),
        "minutes": errors(test.minutes, said["minutes"]),
        "minutesWhereThePairIsUnknown": errors(test.minutes[~pair], said["minutes"][~pair]),
        "priceUsd": errors(test.cost_usd[priced], said["price_usd"][priced]),
        "interval": {"nominal": INTERVAL_NOMINAL, **coverage(test.minutes, said["lower"], said["upper"])},
    }


def write(bench: Workbench, folder: Path) -> Path:
    """Learns, measures and writes `baseline.json`."""
    trips = bench.training.trips
    answers = learn(trips)
    pairs = np.flatnonzero(answers.pairs.trips)
    head = {
        "description": DESCRIPTION,
        "trainingMonths": [bench.training.name],
        "units": UNITS,
        "metrics": {"split": describe_split(bench.training, bench.test), **metrics(answers, bench.test.trips)},
        "overall": _overall(answers, len(trips)),
        **demand_and_spread(
            trips,
            expected_minutes=unseen_pair_means(trips, pair_minutes),
            expected_price_usd=unseen_pair_means(trips, pair_cost_usd),
            miles=known_miles(trips),
            expected_miles=unseen_pair_means(trips, pair_miles),
        ),
        "pickups": _by_zone(answers.pickups),
        "dropoffs": _by_zone(answers.dropoffs),
    }
    lines = ",\n".join(
        "    " + json.dumps([int(pair // ZONE_SLOTS), int(pair % ZONE_SLOTS), *_row(answers.pairs, pair)])
        for pair in pairs
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "baseline.json"
    opening = json.dumps(head, indent=2, ensure_ascii=False).removesuffix("\n}")
    path.write_text(f'{opening},\n  "pairs": [\n{lines}\n  ]\n}}\n')
    return path


def _by_zone(level: Level) -> dict[str, list]:
    return {str(zone): _row(level, zone) for zone in range(1, ZONE_SLOTS - 1) if level.trips[zone] > 0}


def _row(level: Level, index: int) -> list[float | int]:
    return [int(level.trips[index]), *(round(float(getattr(level, name)[index]), 2) for name in VALUES)]


def _overall(answers: Answers, trips: int) -> dict[str, float | int]:
    keys = ("minutes", "lowerMinutes", "upperMinutes", "priceUsd", "miles")
    values = (round(answers.overall[name], 2) for name in VALUES)
    return {"n": trips, **dict(zip(keys, values, strict=True))}
