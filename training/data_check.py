"""What a month looks like, said before anything is trained on it; a month that cannot teach is refused."""

import numpy as np

from .contract import LONGEST_DISTANCE_MILES
from .trips import Month, TripsError

FEWEST_RIDES = 200
"""Fewer than this cannot fill the folds and the week that sizes the intervals."""
FEWEST_CARD_TRIPS = 50
SMALLEST_SHARE_IN_RANGE = 0.5
"""A real month keeps 95 to 97 % of its rows; below this its clock or its units are not what they should be."""


def describe(month: Month) -> str:
    """One line on what is in the file and what will be treated as unknown."""
    trips = month.trips
    miles = trips.trip_distance_miles
    absurd = int((miles > LONGEST_DISTANCE_MILES).sum())
    return (
        f"{month.file_name}: {month.rows_in_file:,} rows, {month.rows_in_range:,} of 1 to 60 minutes, "
        f"{month.strays} strays dropped; {int(trips.dispatched.sum()):,} dispatched, "
        f"{int((~np.isnan(trips.tip_usd)).sum()):,} with a recorded tip, "
        f"{int(np.isnan(trips.cost_usd).sum()):,} without a usable total, "
        f"{int((miles <= 0).sum()):,} distances of zero and {absurd} above {LONGEST_DISTANCE_MILES:.0f} miles "
        "(read as unknown)"
    )


def check(month: Month) -> None:
    """Refuses a month that cannot teach, with the reason."""
    trips = month.trips
    known_miles = (trips.trip_distance_miles > 0) & (trips.trip_distance_miles <= LONGEST_DISTANCE_MILES)
    problems = {
        f"only {len(trips)} rides of 1 to 60 minutes in {month.name}": len(trips) < FEWEST_RIDES,
        f"only {month.rows_in_range} of {month.rows_in_file} rows last 1 to 60 minutes": (
            month.rows_in_range < SMALLEST_SHARE_IN_RANGE * month.rows_in_file
        ),
        "not one usable distance": not known_miles.any(),
        f"only {int((~np.isnan(trips.tip_usd)).sum())} trips with a recorded tip": (
            (~np.isnan(trips.tip_usd)).sum() < FEWEST_CARD_TRIPS
        ),
        "not one zone from 1 to 265": not ((trips.pickup_zone >= 1) & (trips.pickup_zone <= 265)).any(),
    }
    found = [problem for problem, is_there in problems.items() if is_there]
    if found:
        raise TripsError(f"{month.file_name} cannot be used: {'; '.join(found)}")
