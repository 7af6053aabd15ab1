"""control/scaling/measuring: points of periods, from counts that only grow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from windvane.control.scaling.deciding import Point
from windvane.control.scaling.measuring import Count, Measurements, Totals

START = datetime(2026, 1, 2, tzinfo=UTC)
KEY = ("arn", START)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def observed(*counts: tuple[float, int], period_s: float = 60.0) -> list[tuple[float, float]]:
    """Seconds and requests a minute of each point."""
    measurements = Measurements(period_s)
    for seconds, requests in counts:
        fresh = measurements.observe({KEY: Count(requests, 2)}, at(seconds))
        newest = measurements.points(KEY)[-1:]
        assert bool(fresh) == bool(newest and newest[0].at == at(seconds))
    return [((p.at - START).total_seconds(), p.per_minute) for p in measurements.points(KEY)]


def test_a_point_is_made_once_a_period_is_over() -> None:
    assert observed((0, 100), (30, 120), (59, 130)) == []
    assert observed((0, 100), (30, 120), (60, 160), (90, 170), (120, 180)) == [(60, 60), (120, 20)]


def test_requests_are_told_by_the_minute_however_long_the_period_was() -> None:
    assert observed((0, 0), (90, 90)) == [(90, 60)]
    assert observed((0, 0), (1, 10), (2, 10), period_s=1) == [(1, 600), (2, 0)]


def test_the_newest_fifteen_are_kept() -> None:
    found = observed(*((60 * n, 60 * n) for n in range(20)))
    assert [seconds for seconds, _ in found] == [60 * n for n in range(5, 20)]


def test_a_silence_or_counts_that_began_anew_begin_the_points_anew() -> None:
    assert observed((0, 0), (60, 60), (300, 300)) == []
    assert observed((0, 100), (60, 200), (120, 50)) == []
    assert observed((0, 100), (60, 200), (120, 50), (180, 80)) == [(180, 30)]
    assert observed((100, 0), (0, 10)) == []


def test_each_variant_has_points_of_its_own_and_one_that_is_gone_none() -> None:
    measurements = Measurements(60)
    other = ("arn", at(1))
    measurements.observe({KEY: Count(0, 1), other: Count(0, 1)}, at(0))
    assert measurements.observe({KEY: Count(60, 1)}, at(60)) == {KEY}
    assert measurements.points(KEY) == (Point(at(60), 60, 1),)
    assert measurements.points(other) == ()
    assert measurements.observe({KEY: Count(60, 1), other: Count(9, 1)}, at(61)) == set()


def test_counts_of_several_servers_are_added_up_from_when_each_was_first_heard_of():
    totals = Totals()
    assert totals.of({"a": {"e": 1000}}) == {"e": 0}
    assert totals.of({"a": {"e": 1003}, "b": {"e": 500}}) == {"e": 3}
    assert totals.of({"a": {"e": 1004, "f": 1}, "b": {"e": 502}}) == {"e": 6, "f": 0}


def test_a_server_that_is_gone_takes_no_requests_along_and_one_that_starts_anew_adds_none_twice():
    totals = Totals()
    totals.of({"a": {"e": 0}, "b": {"e": 0}})
    assert totals.of({"a": {"e": 10}, "b": {"e": 20}}) == {"e": 30}
    assert totals.of({"a": {"e": 11}}) == {"e": 31}
    assert totals.of({"a": {"e": 2}}) == {"e": 31}
    assert totals.of({"a": {"e": 3}}) == {"e": 32}
    assert totals.of({"a": {}}) == {}
    assert totals.of({"a": {"e": 3}}) == {"e": 0}
