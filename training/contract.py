"""What every version of a service takes and answers: names, types, units and ranges.

Blue and green run different versions of one service behind one contract, so these lists
may not differ between versions. A version may ignore an input; it may not drop it.
"""

from dataclasses import dataclass

INTERVAL_NOMINAL = 0.8
"""Share of rides whose truth should lie between the lower and the upper bound."""

LONGEST_ESTIMATE_MINUTES = 180.0
LONGEST_RIDE_MINUTES = 1440.0
HIGHEST_PRICE_USD = 500.0
HIGHEST_TIP_USD = 100.0
LONGEST_DISTANCE_MILES = 100.0
"""Above this a metered distance is a recording error: 2021-01 holds one of 244,152 miles."""


@dataclass(frozen=True)
class Field:
    """One tensor of the contract: rank 1, one value a ride."""

    name: str
    dtype: str
    unit: str
    description: str
    minimum: float | None = None
    maximum: float | None = None
    optional: bool = False
    """True where NaN means "not known"."""

    def as_json(self) -> dict:
        entry: dict = {"name": self.name, "dtype": self.dtype, "unit": self.unit}
        if self.minimum is not None:
            entry["minimum"] = self.minimum
        if self.maximum is not None:
            entry["maximum"] = self.maximum
        if self.optional:
            entry["optional"] = True
        entry["description"] = self.description
        return entry


RIDE = (
    Field("pickup_zone", "int64", "TLC zone", "Zone where the ride starts; any other id is read as unknown.", 1, 265),
    Field("dropoff_zone", "int64", "TLC zone", "Zone where the ride ends; any other id is read as unknown.", 1, 265),
    Field(
        "pickup_local_seconds",
        "int64",
        "seconds",
        "New York wall clock at pickup, as seconds since 1970-01-01T00:00 of that same clock.",
    ),
    Field(
        "trip_distance_miles",
        "float32",
        "miles",
        "Route length; NaN is unknown, and so is anything at or below 0 or above 100.",
        0,
        LONGEST_DISTANCE_MILES,
        optional=True,
    ),
    Field(
        "passenger_count",
        "float32",
        "passengers",
        "NaN is a dispatched ride, whose records carry no passenger count.",
        0,
        9,
        optional=True,
    ),
)

PROGRESS = (
    Field(
        "estimated_minutes",
        "float32",
        "minutes",
        "The first estimate, as shown to the rider; NaN is replaced by the mean of the zone pair.",
        1,
        LONGEST_ESTIMATE_MINUTES,
        optional=True,
    ),
    Field("elapsed_seconds", "float32", "seconds", "Time since the ride started; 0 before it has.", 0, 86400),
    Field("share_done", "float32", "share", "Share of the route already driven; 0 before the start.", 0, 1),
)

PREVIOUS_PROGRESS = (
    Field(
        "previous_elapsed_seconds", "float32", "seconds", "elapsed_seconds of the report before; 0 if none.", 0, 86400
    ),
    Field("previous_share_done", "float32", "share", "share_done of the report before; 0 if none.", 0, 1),
)


def _bounded(value: Field, lower_name: str, upper_name: str) -> tuple[Field, ...]:
    """A value with the two bounds of its 80 % interval."""
    return (
        value,
        Field(
            lower_name, "float32", value.unit, f"Lower bound, never above {value.name}.", value.minimum, value.maximum
        ),
        Field(
            upper_name, "float32", value.unit, f"Upper bound, never below {value.name}.", value.minimum, value.maximum
        ),
    )


INPUTS: dict[str, tuple[Field, ...]] = {
    "duration": RIDE,
    "dynamic-duration": RIDE + PROGRESS + PREVIOUS_PROGRESS,
    "tip": RIDE + PROGRESS,
    "cost": RIDE + PROGRESS,
}

OUTPUTS: dict[str, tuple[Field, ...]] = {
    "duration": (
        *_bounded(
            Field("duration_minutes", "float32", "minutes", "Expected duration.", 1, LONGEST_ESTIMATE_MINUTES),
            "lower_minutes",
            "upper_minutes",
        ),
        Field("price_usd", "float32", "USD", "Expected total amount without the tip.", 0, HIGHEST_PRICE_USD),
    ),
    "dynamic-duration": _bounded(
        Field(
            "duration_minutes",
            "float32",
            "minutes",
            "Corrected total duration, never below the time already elapsed.",
            1,
            LONGEST_RIDE_MINUTES,
        ),
        "lower_minutes",
        "upper_minutes",
    ),
    "tip": (
        *_bounded(
            Field("tip_usd", "float32", "USD", "Expected tip if the rider pays by card.", 0, HIGHEST_TIP_USD),
            "lower_usd",
            "upper_usd",
        ),
        Field(
            "tip_probability",
            "float32",
            "probability",
            "Probability that the rider tips at all, if the rider pays by card.",
            0,
            1,
        ),
    ),
    "cost": _bounded(
        Field("cost_usd", "float32", "USD", "Expected total amount without the tip.", 0, HIGHEST_PRICE_USD),
        "lower_usd",
        "upper_usd",
    ),
}
