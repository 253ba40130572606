"""Tables and columns of a ride that the second versions share.

Beside the pair of zones they know where the zones lie, what the hour of the week does to the
pace, and how zones differ by hour. Everything that needs more than one arithmetic operation is
worked out here, per zone or pair, and only looked up in the graph: a sine inside the graph
could differ between machines.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from .contract import LONGEST_DISTANCE_MILES
from .features import Columns, RideInputs
from .graph import Graph
from .near_zones import HOURS_A_DAY, NEAR_HOUR, NEAR_PAIR, near_tables
from .recipe import Tables
from .tables import ZONE_PRIOR_TRIPS, pair_index, pair_means, smoothed_mean, zone_index, zone_means
from .trips import Trips
from .zones import PAIR_SLOTS, ZONE_SLOTS, Zone, straight_line_miles

_HOURS_A_WEEK = 168
_MINUTES_A_WEEK = 10080
_MINUTES_A_DAY = 1440
_SECONDS_AN_HOUR = 3600
_MONDAY_OFFSET_HOURS = 72

_MILES_A_DEGREE = 69.1
_MIDTOWN = (40.75, -73.95)
_GRID_ANGLE = np.radians(29)
"""Manhattan's avenues run 29 degrees east of north."""
_BOROUGHS = ("Manhattan", "Bronx", "Queens", "Brooklyn", "Staten Island", "EWR")

_SHORTEST_PACED_MILES = 0.2
_PACE_RANGE = (0.8, 30.0)
"""Minutes a mile outside this are recording errors."""
_WINDING = 1.35
"""Metered over straight-line miles, before a pair has shown its own."""

Target = tuple[float, float]
"""Where the expectation of a pair lies before any of its trips was seen: floor, ceiling."""

MULTIPLIED = ("hour_pace", "pair_pace", "miles_inverse", "pickup_hour_pace", "dropoff_hour_pace")
"""Columns that also appear times the distance: minutes at that pace."""
_NEAR_MULTIPLIED = (
    "near_pace",
    "wide_pace",
    "pickup_borough_pace",
    "dropoff_borough_pace",
    f"pickup_{NEAR_HOUR}",
    f"dropoff_{NEAR_HOUR}",
)

_PLACE = ("x_miles", "y_miles", "borough")
_PAIR = (
    "straight_line_miles",
    "east_miles",
    "north_miles",
    "grid_miles",
    "pair_log_trips",
    "pair_miles",
    "pair_pace",
    "miles_inverse",
)


def ride_columns(targets: Sequence[str], near: bool = False) -> tuple[str, ...]:
    """Names of the columns, given the targets whose means are among them; `near`: with those of zones nearby."""
    places = ("pickup", "dropoff", "pair", "pickup_hour", "dropoff_hour")
    means = [f"{place}_{target}" for target in targets for place in places]
    return (
        "minute_of_day",
        "day_of_week",
        "hour_pace",
        *(f"{end}_{name}" for end in ("pickup", "dropoff") for name in _PLACE),
        *_PAIR,
        "pickup_hour_pace",
        "dropoff_hour_pace",
        *means,
        *((*NEAR_PAIR, f"pickup_{NEAR_HOUR}", f"dropoff_{NEAR_HOUR}") if near else ()),
        "trip_distance_miles",
        "passenger_count",
        *(f"distance_x_{name}" for name in _multiplied(near)),
    )


def _multiplied(near: bool) -> tuple[str, ...]:
    return (*MULTIPLIED, *_NEAR_MULTIPLIED) if near else MULTIPLIED


def ride_tables(
    trips: Trips, zones: list[Zone], targets: Mapping[str, tuple[np.ndarray, Target]], near: bool = False
) -> Tables:
    """All tables, by the names of the columns they fill; `targets` are per-trip values with their pair range."""
    tables = {**_places(zones), **_pair_miles(trips, zones), **_paces(trips)}
    if near:
        boroughs = np.nan_to_num(tables["pickup_borough"], nan=len(_BOROUGHS))
        tables |= near_tables(trips, trips.take(_paced(trips)), zones, boroughs)
    for name, (values, (floor, ceiling)) in targets.items():
        tables |= _means(trips, name, values, floor, ceiling)
    return tables


def add_ride(
    graph: Graph, columns: Columns, ride: RideInputs, tables: Tables, targets: Sequence[str], near: bool = False
) -> None:
    """Adds the columns of `ride_columns` to the matrix."""
    hour = graph.whole("Div", graph.whole("Mod", ride.minute_of_week, _MINUTES_A_DAY), 60)
    minute = np.arange(_MINUTES_A_WEEK)
    blocks = {
        ("minute_of_day", "day_of_week", "hour_pace"): (
            [minute % _MINUTES_A_DAY, minute // _MINUTES_A_DAY, tables["hour_pace"][minute // 60]],
            ride.minute_of_week,
        )
    }

    def block(names: Sequence[str], row: str) -> None:
        blocks[tuple(names)] = ([tables[name] for name in names], row)

    for end, row in (("pickup", ride.pickup), ("dropoff", ride.dropoff)):
        block([f"{end}_{name}" for name in (*_PLACE, *targets)], row)
        by_hour = graph.whole("Add", graph.whole("Mul", row, HOURS_A_DAY), hour)
        near_hour = [f"{end}_{NEAR_HOUR}"] if near else []
        block([*(f"{end}_hour_{name}" for name in ("pace", *targets)), *near_hour], by_hour)
    block([*_PAIR, *(f"pair_{name}" for name in targets), *(NEAR_PAIR if near else ())], ride.pair)

    multiplied = _multiplied(near)
    found = {}
    for names, (values, row) in blocks.items():
        looked_up = columns.look_up(names, values, row)
        found |= {name: (looked_up, position) for position, name in enumerate(names) if name in multiplied}
    columns.add("trip_distance_miles", ride.distance_miles)
    columns.add("passenger_count", "passenger_count")
    for name in multiplied:
        columns.add(f"distance_x_{name}", graph.op("Mul", ride.distance_miles, graph.column_of(*found[name])))


def hour_of_day(trips: Trips) -> np.ndarray:
    return trips.pickup_local_seconds // _SECONDS_AN_HOUR % HOURS_A_DAY


def _places(zones: list[Zone]) -> Tables:
    """Miles east and north of midtown, and the borough as a number; NaN where a zone has no place."""
    x, y, borough = (np.full(ZONE_SLOTS, np.nan) for _ in range(3))
    for zone in zones:
        if zone.borough in _BOROUGHS:
            borough[zone.id] = _BOROUGHS.index(zone.borough)
        if zone.lat is not None and zone.lon is not None:
            x[zone.id] = (zone.lon - _MIDTOWN[1]) * _MILES_A_DEGREE * np.cos(np.radians(_MIDTOWN[0]))
            y[zone.id] = (zone.lat - _MIDTOWN[0]) * _MILES_A_DEGREE
    place = dict(zip(_PLACE, (x, y, borough), strict=True))
    east, north = x[None, :] - x[:, None], y[None, :] - y[:, None]
    along = np.abs(east * np.sin(_GRID_ANGLE) + north * np.cos(_GRID_ANGLE))
    across = np.abs(east * np.cos(_GRID_ANGLE) - north * np.sin(_GRID_ANGLE))
    return {
        **{f"{end}_{name}": values for end in ("pickup", "dropoff") for name, values in place.items()},
        "straight_line_miles": straight_line_miles(zones),
        "east_miles": east.ravel(),
        "north_miles": north.ravel(),
        "grid_miles": (along + across).ravel(),
    }


def _pair_miles(trips: Trips, zones: list[Zone]) -> Tables:
    """How often a pair was ridden and how far that was, beginning from the straight line."""
    pair = pair_index(trips)
    paced = _paced(trips)
    miles = np.where(paced, trips.trip_distance_miles, np.nan).astype(np.float64)
    straight = straight_line_miles(zones)
    expected = np.where(np.isnan(straight), np.nanmean(miles), np.maximum(straight * _WINDING, 0.6))
    pair_miles = smoothed_mean(pair, miles, PAIR_SLOTS, expected, 1.5)
    return {
        "pair_log_trips": np.log1p(np.bincount(pair, minlength=PAIR_SLOTS)),
        "pair_miles": pair_miles,
        "miles_inverse": 1 / np.maximum(pair_miles, 0.3),
    }


def _paced(trips: Trips) -> np.ndarray:
    """Trips whose minutes a mile mean something."""
    miles = trips.trip_distance_miles
    with np.errstate(invalid="ignore", divide="ignore"):
        pace = trips.minutes / miles
        return (
            (miles > _SHORTEST_PACED_MILES)
            & (miles <= LONGEST_DISTANCE_MILES)
            & (pace > _PACE_RANGE[0])
            & (pace < _PACE_RANGE[1])
        )


def _paces(trips: Trips) -> Tables:
    """Minutes a mile by hour of the week, pair, and zone and hour: all minutes over all miles."""
    paced = trips.take(_paced(trips))
    miles = paced.trip_distance_miles.astype(np.float64)
    city = paced.minutes.sum() / miles.sum()

    def pace(rows: np.ndarray, slots: int, prior_miles: float, prior: float | np.ndarray) -> np.ndarray:
        minutes = np.bincount(rows, paced.minutes, minlength=slots)
        return (minutes + prior_miles * prior) / (np.bincount(rows, miles, minlength=slots) + prior_miles)

    pickup, dropoff = zone_index(paced.pickup_zone), zone_index(paced.dropoff_zone)
    by_pickup, by_dropoff = pace(pickup, ZONE_SLOTS, 50, city), pace(dropoff, ZONE_SLOTS, 50, city)
    by_zones = np.clip(by_pickup[:, None] + by_dropoff[None, :] - city, 1.2, 12).ravel()
    hour = hour_of_day(paced)
    hour_of_week = (paced.pickup_local_seconds // _SECONDS_AN_HOUR + _MONDAY_OFFSET_HOURS) % _HOURS_A_WEEK
    hours = ZONE_SLOTS * HOURS_A_DAY
    return {
        "hour_pace": pace(hour_of_week, _HOURS_A_WEEK, 100, city),
        "pair_pace": pace(pair_index(paced), PAIR_SLOTS, 15, by_zones),
        "pickup_hour_pace": pace(pickup * HOURS_A_DAY + hour, hours, 40, np.repeat(by_pickup, HOURS_A_DAY)),
        "dropoff_hour_pace": pace(dropoff * HOURS_A_DAY + hour, hours, 40, np.repeat(by_dropoff, HOURS_A_DAY)),
    }


def _means(trips: Trips, name: str, values: np.ndarray, floor: float, ceiling: float) -> Tables:
    """Smoothed means of one target by zone, pair, and zone and hour."""
    hour = hour_of_day(trips)
    tables = {f"pair_{name}": pair_means(trips, values, floor, ceiling)}
    ends = zip(("pickup", "dropoff"), (trips.pickup_zone, trips.dropoff_zone), zone_means(trips, values), strict=True)
    for end, zone, by_zone in ends:
        tables[f"{end}_{name}"] = by_zone
        tables[f"{end}_hour_{name}"] = smoothed_mean(
            zone_index(zone) * HOURS_A_DAY + hour,
            values,
            ZONE_SLOTS * HOURS_A_DAY,
            np.repeat(by_zone, HOURS_A_DAY),
            ZONE_PRIOR_TRIPS,
        )
    return tables
