"""Features as the graph computes them, for ordinary and for absurd rides."""

import numpy as np
import pytest

from training.contract import PREVIOUS_PROGRESS, PROGRESS, RIDE
from training.features import Columns, ProgressInputs, RideInputs
from training.fitting import session
from training.graph import Graph
from training.zones import ZONE_SLOTS

USUAL_MINUTES = 12.0


def _columns(**changes: list[float]) -> dict[str, np.ndarray]:
    """All features of one ride per value; inputs that are not named are those of an ordinary ride half way."""
    ordinary = {
        "pickup_zone": 74,
        "dropoff_zone": 236,
        "pickup_local_seconds": 1612166400,
        "trip_distance_miles": 2.5,
        "passenger_count": 1,
        "estimated_minutes": 20,
        "elapsed_seconds": 720,
        "share_done": 0.5,
        "previous_elapsed_seconds": 600,
        "previous_share_done": 0.4,
    }
    rows = len(next(iter(changes.values())))
    inputs = RIDE + PROGRESS + PREVIOUS_PROGRESS
    feed = {
        field.name: np.array(changes.get(field.name, [ordinary[field.name]] * rows), field.dtype) for field in inputs
    }
    graph = Graph(inputs)
    ride, columns = RideInputs(graph), Columns(graph)
    progress = ProgressInputs(graph, graph.constant([USUAL_MINUTES] * rows))
    for name, zone in (("pickup", ride.pickup), ("dropoff", ride.dropoff)):
        columns.look_up((name,), [np.arange(ZONE_SLOTS)], zone)
    columns.look_up(("pair",), [np.arange(ZONE_SLOTS**2)], ride.pair)
    columns.add_clock(ride)
    columns.add("distance", ride.distance_miles)
    for name in ("estimated_minutes", "elapsed_minutes", "share", "current_minutes", "pace", "recent_pace"):
        columns.add(name, getattr(progress, name))
    graph.output("features", columns.matrix(), len(columns.names))
    matrix = session(graph.model("test")).run(None, feed)[0]
    return dict(zip(columns.names, matrix.T, strict=True))


def test_absurd_distances_are_unknown() -> None:
    distance = _columns(trip_distance_miles=[2.5, 100, 100.01, 244152, 0, -1, np.inf, np.nan])["distance"]
    np.testing.assert_array_equal(distance, np.array([2.5, 100] + [np.nan] * 6, np.float32))


def test_unknown_zones_fall_on_the_rows_of_the_unknown() -> None:
    found = _columns(pickup_zone=[1, 265, -5, 99999], dropoff_zone=[265, 1, 0, 266])
    np.testing.assert_array_equal(found["pickup"], [1, 265, 0, 266])
    np.testing.assert_array_equal(found["dropoff"], [265, 1, 0, 266])
    np.testing.assert_array_equal(found["pair"], [267 + 265, 265 * 267 + 1, 0, 266 * 267 + 266])


def test_the_week_starts_on_monday_at_midnight() -> None:
    moments = ["2021-02-01T00:00:00", "2021-02-01T08:15:59", "2021-02-07T23:59:00", "1969-12-29T00:00:00"]
    seconds = [int(np.datetime64(moment, "s").astype(np.int64)) for moment in moments]
    found = _columns(pickup_local_seconds=seconds)
    np.testing.assert_array_equal(found["minute_of_day"], [0, 495, 1439, 0])
    np.testing.assert_array_equal(found["day_of_week"], [0, 0, 6, 0])


def test_progress_half_way_of_a_slow_ride() -> None:
    found = _columns(share_done=[0.5])
    assert found["current_minutes"][0] == 12 + 0.5 * 20
    assert found["pace"][0] == pytest.approx(24 / 20)
    assert found["recent_pace"][0] == pytest.approx((2 / 0.1) / 20, rel=1e-5)


def test_nothing_a_caller_sends_as_progress_becomes_nan() -> None:
    bad = [np.nan, np.inf, -np.inf, -1, 1e30]
    for name in (
        "estimated_minutes",
        "elapsed_seconds",
        "share_done",
        "previous_elapsed_seconds",
        "previous_share_done",
    ):
        found = _columns(**{name: bad})
        assert all(np.isfinite(values).all() for values in found.values()), name
    assert _columns(estimated_minutes=bad)["estimated_minutes"].tolist() == [USUAL_MINUTES, 180, 1, 1, 180]
    assert _columns(share_done=bad)["share"].tolist() == [0, 1, 0, 0, 1]
