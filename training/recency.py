"""Later trips say more about the days to come: weights that fade with age."""

import numpy as np

from .trips import Trips


def recency(trips: Trips, half_life_days: float) -> np.ndarray:
    """1 for trips of the last day; half as much for each `half_life_days` before it."""
    age_days = trips.day_of_month.max() - trips.day_of_month
    return 0.5 ** (age_days / half_life_days)
