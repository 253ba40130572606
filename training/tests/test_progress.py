"""Simulated rides end when the real ones did."""

import numpy as np

from training.progress import EARLIEST_SHARE, LATEST_SHARE, SimulatedRides, TracedRides

MINUTES = np.array([3.0, 14.0, 55.0])


def test_a_ride_starts_at_zero_and_ends_on_the_truth() -> None:
    rides = SimulatedRides(MINUTES, 1)
    np.testing.assert_array_equal(rides.elapsed_seconds(np.zeros(3)), 0)
    np.testing.assert_allclose(rides.elapsed_seconds(np.ones(3)), MINUTES * 60, rtol=1e-6)


def test_time_only_goes_forward() -> None:
    rides = SimulatedRides(MINUTES, 1)
    elapsed = np.array([rides.elapsed_seconds(np.full(3, share)) for share in np.linspace(0, 1, 101)])
    assert (np.diff(elapsed, axis=0) > 0).all()


def test_the_report_before_lies_before() -> None:
    report = SimulatedRides(np.full(500, 20.0), 1).report_anywhere()
    assert (report.share_done >= EARLIEST_SHARE).all()
    assert (report.share_done <= LATEST_SHARE).all()
    assert (report.previous_share_done < report.share_done).all()
    assert (report.previous_elapsed_seconds < report.elapsed_seconds).all()
    assert (report.previous_share_done >= 0).all()


def test_the_same_seed_gives_the_same_ride() -> None:
    first, second = (SimulatedRides(MINUTES, 5).report_anywhere() for _ in range(2))
    np.testing.assert_array_equal(first.elapsed_seconds, second.elapsed_seconds)


def test_a_borrowed_pace_is_scaled_to_the_ride() -> None:
    """Half the way in a fifth of the time, whoever rides it."""
    rides = TracedRides(MINUTES, np.array([[0.0, 0.2, 1.0]]), 1)
    np.testing.assert_allclose(rides.elapsed_seconds(np.full(3, 0.5)), MINUTES * 60 * 0.2, rtol=1e-6)
    np.testing.assert_allclose(rides.elapsed_seconds(np.full(3, 0.75)), MINUTES * 60 * 0.6, rtol=1e-6)
    np.testing.assert_allclose(rides.elapsed_seconds(np.ones(3)), MINUTES * 60, rtol=1e-6)
