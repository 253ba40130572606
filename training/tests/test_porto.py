"""Real traces: which rides are kept, what they say, and that nobody is measured on his own taxi."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from training.porto import Trace, Traces, read_traces
from training.trips import TripsError

STEP = 0.002
"""Degrees of latitude between two positions: 222 metres, so 0.138 miles in 15 seconds."""
STEP_MILES = STEP * 111.32 / 1.609344

WriteTraces = Callable[[list[tuple[int, list[float], str]]], Path]


@pytest.fixture
def write_traces(tmp_path: Path) -> WriteTraces:
    """Writes a file of rides straight north: taxi, latitudes, MISSING_DATA."""

    def write(rides: list[tuple[int, list[float], str]]) -> Path:
        lines = ['"TRIP_ID","TAXI_ID","MISSING_DATA","POLYLINE"']
        for taxi, latitudes, missing in rides:
            line = json.dumps([[-8.6, latitude] for latitude in latitudes])
            lines.append(f'"1","{taxi}","{missing}","{line}"')
        path = tmp_path / "traces.csv"
        path.write_text("\n".join(lines) + "\n")
        return path

    return write


def _north(positions: int, step: float = STEP) -> list[float]:
    return [41.15 + step * number for number in range(positions)]


def _five_taxis() -> list[tuple[int, list[float], str]]:
    """One good ride for each fold."""
    return [(taxi, _north(21 + 4 * taxi), "False") for taxi in range(5)]


def test_only_whole_rides_are_kept(write_traces: WriteTraces) -> None:
    lost = _north(30)
    lost[10:] = [latitude + 0.02 for latitude in lost[10:]]
    wrong = [
        (10, _north(19), "False"),
        (11, _north(241), "False"),
        (12, _north(30), "True"),
        (13, _north(30, 0.0001), "False"),
        (14, lost, "False"),
        (15, [], "False"),
    ]
    traces = read_traces(write_traces([*_five_taxis(), *wrong]))
    assert traces.rows_in_file == 11
    assert [ride.taxi for ride in traces.rides] == [0, 1, 2, 3, 4]
    assert traces.minutes.tolist() == [5, 6, 7, 8, 9]
    np.testing.assert_allclose([ride.miles[-1] for ride in traces.rides], STEP_MILES * np.array([20, 24, 28, 32, 36]))


def test_a_report_is_a_position(write_traces: WriteTraces) -> None:
    traces = read_traces(write_traces(_five_taxis()))
    report = traces.report_at(np.full(5, 0.48), np.full(5, 0.24))
    np.testing.assert_allclose(report.share_done, 0.5, rtol=1e-6)
    np.testing.assert_allclose(report.previous_share_done, 0.25, rtol=1e-6)
    np.testing.assert_array_equal(report.elapsed_seconds, [150, 180, 210, 240, 270])
    np.testing.assert_array_equal(report.previous_elapsed_seconds, [75, 90, 105, 120, 135])


def test_a_taxi_that_stands_loses_time_where_it_stands() -> None:
    """Ten positions at the start, ten on the way, then none: the time passes before the route does."""
    ride = Trace(1, np.array([0.0] * 11 + list(np.linspace(0.1, 1, 10))))
    np.testing.assert_allclose(ride.time_share(np.array([0, 0.1, 0.5, 1])), [0, 11 / 20, 15 / 20, 1], atol=1e-6)


def test_a_first_estimate_does_not_know_its_own_taxi(write_traces: WriteTraces) -> None:
    rides = [*_five_taxis(), (1, _north(50), "False")]
    before = read_traces(write_traces(rides))
    rides[1] = (1, [*_north(25), *[_north(25)[-1]] * 100], "False")
    after = read_traces(write_traces(rides))
    assert after.minutes[1] > 2 * before.minutes[1]
    own = before.fold == 1
    np.testing.assert_allclose(after.first_estimates()[own], before.first_estimates()[own])
    assert (np.abs(after.first_estimates()[~own] / before.first_estimates()[~own] - 1) > 0.01).all()


def test_rides_of_one_taxi_share_a_fold() -> None:
    traces = Traces("x", "", 3, tuple(Trace(taxi, np.arange(30.0)) for taxi in (7, 12, 7)))
    assert traces.fold.tolist() == [2, 2, 2]
    assert len(traces.take(traces.fold != 2)) == 0


def test_errors_are_one_sentence(tmp_path: Path, write_traces: WriteTraces) -> None:
    with pytest.raises(TripsError, match=r"nowhere\.csv is missing.*--gps"):
        read_traces(tmp_path / "nowhere.csv")
    with pytest.raises(TripsError, match="too few usable rides: 1 of 1"):
        read_traces(write_traces(_five_taxis()[:1]))
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(TripsError, match=r"other\.csv has no columns MISSING_DATA, POLYLINE, TAXI_ID"):
        read_traces(tmp_path / "other.csv")
