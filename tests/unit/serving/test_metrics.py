"""serving/metrics: values of periods from what was counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windvane.domain.alarms import Metric
from windvane.serving.metrics import Capacities, requests_of, value_of
from windvane.serving.readings import Sent, Snapshot
from windvane.serving.tally import N_SLOTS, Outcome, Tally

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def known(tally: Tally, since: datetime = NOW - timedelta(hours=1)):
    sent = Sent(tally.newest, tally.counts())
    return requests_of(Snapshot(NOW.timestamp(), since.timestamp(), {"A": sent}, (), ()), "A")


def noted(*seconds_ago: float, outcome: Outcome = Outcome.ANSWERED, took: float = 0.1) -> Tally:
    tally = Tally()
    for ago in sorted(seconds_ago, reverse=True):
        tally.note(NOW.timestamp() - ago, outcome, took)
    return tally


def test_a_period_holds_its_own_requests():
    requests = known(noted(5, 55, 65, 115, 125))
    sums = [
        value_of(requests.counts(NOW - n * MINUTE, 60), Metric.INVOCATIONS, "Sum")
        for n in (1, 2, 3, 4)
    ]
    assert sums == [2.0, 2.0, 1.0, None]


def test_what_lies_beyond_the_hour_or_before_counting_is_not_known():
    requests = known(Tally(), since=NOW - 5 * MINUTE)
    assert [requests.knows(NOW - n * MINUTE) for n in (4, 5, 6)] == [True, True, False]
    everything = known(noted(3599), since=NOW - timedelta(days=1))
    assert everything.knows(NOW - timedelta(hours=1))
    assert not everything.knows(NOW - timedelta(seconds=3610))
    assert everything.counts(NOW - timedelta(hours=3), 3600).sum() == 0
    assert requests_of(Snapshot(NOW.timestamp(), 0.0, {}, (), ()), "A").slots.sum() == 0


@given(st.lists(st.floats(1e-4, 60.0), min_size=1), st.sampled_from(["p50", "p95", "p100", "p0"]))
def test_latencies_are_true_to_half_a_bucket(latencies, percentile):
    tally = Tally()
    for one in latencies:
        tally.note(NOW.timestamp() - 5, Outcome.ANSWERED, one)
    counts = known(tally).counts(NOW - MINUTE, 60)
    rank = {"p50": 0.5, "p95": 0.95, "p100": 1.0, "p0": 0.0}[percentile]
    ordered = sorted(latencies)
    place = max(1, -int(-rank * len(ordered) // 1)) - 1
    for statistic, true in (
        ("Average", sum(latencies) / len(latencies)),
        ("Sum", sum(latencies)),
        ("Minimum", ordered[0]),
        ("Maximum", ordered[-1]),
        (percentile, ordered[place]),
    ):
        told = value_of(counts, Metric.LATENCY, statistic)
        assert told == pytest.approx(true * 1e6, rel=2 ** (1 / 16) - 1 + 1e-9)
    assert value_of(counts, Metric.LATENCY, "SampleCount") == len(latencies)


def test_requests_that_were_turned_away_have_no_latency():
    counts = known(noted(5, outcome=Outcome.TURNED_AWAY)).counts(NOW - MINUTE, 60)
    assert value_of(counts, Metric.LATENCY, "Average") is None
    assert value_of(counts, Metric.INVOCATIONS, "Sum") == 1.0
    assert value_of(counts, Metric.MODEL_ERRORS, "Sum") == 0.0


def test_requests_per_instance_need_to_know_the_instances():
    capacities = Capacities()
    requests = known(noted(5, 15, 15))
    assert requests.per_instance(NOW - MINUTE, 60, capacities) is None
    capacities.note(NOW - timedelta(seconds=5), 1)
    assert requests.per_instance(NOW - MINUTE, 60, capacities) is None
    capacities.note(NOW - timedelta(seconds=15), 2)
    assert requests.per_instance(NOW - MINUTE, 60, capacities) == 2.0
    assert requests.per_instance(NOW - 2 * MINUTE, 60, capacities) is None


def test_instances_of_more_than_an_hour_ago_are_forgotten():
    capacities = Capacities()
    for n in range(2 * N_SLOTS):
        capacities.note(NOW + timedelta(seconds=10 * n), 1)
    assert len(capacities.by_slot) == N_SLOTS
