import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windvane.serving.readings import Sent, Snapshot, merged, read
from windvane.serving.tally import (
    LAST,
    N_BUCKETS,
    N_SLOTS,
    SLOT_S,
    WIDTH,
    Activity,
    Ended,
    Outcome,
    Tally,
    bucket,
)

NOW = 1_800_000_003.0
"""Three seconds into a minute."""

HOUR = 3600


def readings(*tallies, at=NOW, since=0.0):
    sent = {str(i): Sent(one.newest, one.counts()) for i, one in enumerate(tallies)}
    return read(Snapshot(at, since, sent, (), ()), sent.values())


def noted(*requests):
    """A tally of (time, outcome, seconds)."""
    tally = Tally()
    for at, outcome, seconds in requests:
        tally.note(at, outcome, seconds)
    return tally


def answered(*times, seconds=0.01):
    return noted(*((at, Outcome.ANSWERED, seconds) for at in times))


def test_every_kind_of_end_is_counted_apart():
    found = readings(
        noted(*((NOW, outcome, 0.01) for outcome in Outcome for _ in range(outcome + 1)))
    )
    minute = found.windows[1]
    assert (minute.answered, minute.client_errors, minute.model_errors, minute.turned_away) == (
        1,
        2,
        3,
        4,
    )
    assert minute.requests == 10


def test_windows_reach_back_as_far_as_they_say():
    found = readings(answered(*(NOW - age for age in (3700, 3599, 3000, 299, 200, 50, 1))))
    assert [found.windows[minutes].answered for minutes in (1, 5, 60)] == [2, 4, 6]


def test_a_rate_is_over_the_time_that_was_watched():
    one = readings(answered(NOW, NOW - 1), since=NOW - 4).windows[60]
    assert (one.seconds, one.per_second) == (4.0, 0.5)
    assert readings(answered(NOW)).windows[1].seconds == 63


@given(st.lists(st.floats(1e-4, 60.0), min_size=1, max_size=200))
def test_percentiles_are_near_the_request_of_their_rank(times):
    one = readings(noted(*((NOW, Outcome.ANSWERED, seconds) for seconds in times))).windows[1]
    ordered = sorted(times)
    for share, found in ((0.5, one.p50), (0.95, one.p95), (0.99, one.p99)):
        true = ordered[math.ceil(share * len(ordered)) - 1]
        assert true / 1.05 < found < true * 1.05


def test_requests_turned_away_have_no_latency():
    one = readings(noted((NOW, Outcome.TURNED_AWAY, 0.5))).windows[1]
    assert (one.requests, one.p50, one.p95, one.p99) == (1, None, None, None)


@given(st.floats(0, 1e4))
def test_every_time_has_its_place(seconds):
    assert 0 <= bucket(seconds) < N_BUCKETS
    assert bucket(seconds) <= bucket(2 * seconds)


@given(st.lists(st.integers(0, 2 * HOUR), max_size=80))
def test_series_and_windows_count_the_same_requests(ages):
    found = readings(answered(*(NOW - age for age in sorted(ages, reverse=True))))
    start = (int(NOW) // SLOT_S - 59) * SLOT_S
    assert sum(one.answered for one in found.ten_seconds) == sum(NOW - age >= start for age in ages)
    start = (int(NOW) // 60 - 59) * 60
    assert sum(one.answered for one in found.minutes) == sum(NOW - age >= start for age in ages)


def test_series_end_now_and_begin_when_counting_did():
    found = readings(answered(NOW), since=NOW - 25)
    assert [one.answered for one in found.ten_seconds] == [0, 0, 0, 1]
    assert [one.start for one in found.ten_seconds] == [NOW - 25, NOW - 23, NOW - 13, NOW - 3]
    assert [round(one.seconds) for one in found.ten_seconds] == [2, 10, 10, 3]
    assert (len(found.minutes), found.minutes[-1].seconds) == (2, 3.0)
    assert len(readings(answered(NOW)).ten_seconds) == len(readings(answered(NOW)).minutes) == 60


def test_what_an_hour_ago_stood_in_a_slot_is_gone_when_it_is_used_again():
    tally = answered(NOW)
    tally.note(NOW + N_SLOTS * SLOT_S, Outcome.ANSWERED, 0.01)
    assert readings(tally, at=NOW + N_SLOTS * SLOT_S).windows[60].answered == 1


def test_a_long_silence_leaves_nothing():
    tally = answered(*(NOW + step for step in range(0, HOUR, 30)))
    assert readings(tally, at=NOW + 10 * HOUR).windows[60].requests == 0
    tally.note(NOW + 10 * HOUR, Outcome.ANSWERED, 0.01)
    assert readings(tally, at=NOW + 10 * HOUR).windows[60].requests == 1


def test_a_clock_that_goes_back_a_little_loses_nothing():
    tally = answered(NOW, NOW - 30, NOW - 59)
    assert readings(tally).windows[1].answered == 3


def test_a_clock_that_was_far_ahead_starts_anew():
    tally = answered(NOW + 5 * HOUR, NOW, NOW)
    assert readings(tally).windows[60].answered == 2


def test_variants_add_up():
    found = readings(answered(NOW, seconds=0.001), answered(NOW - 20, NOW, seconds=1.0), Tally())
    assert found.windows[1].answered == 3
    assert found.windows[1].p50 == pytest.approx(1.0, rel=0.05)


def test_memory_is_taken_by_the_first_request_and_then_no_more():
    tally = Tally()
    assert tally.counts() == b""
    for at in range(0, 3 * HOUR, 7):
        tally.note(NOW + at, Outcome.ANSWERED, 0.01)
    assert len(tally.counts()) == 4 * N_SLOTS * WIDTH < 250_000


def ended(variant, at=NOW):
    return Ended(at, variant, Outcome.ANSWERED, 200, 0.01, 1, 1)


def test_the_last_requests_are_kept_and_no_more():
    activity = Activity(NOW)
    for place in range(LAST + 50):
        activity.note(ended("A", NOW + place))
    assert [activity.last[0].at, activity.last[-1].at] == [NOW + 50, NOW + LAST + 49]
    assert len(activity.last) == LAST


def test_of_variants_that_are_gone_those_asked_last_are_kept():
    activity = Activity(NOW)
    for place in range(30):
        activity.note(ended(f"V{place}", NOW + 10 * place))
    activity.keep(["V0", "new"])
    assert list(activity.tallies) == ["V0", *(f"V{place}" for place in range(20, 30))]


@given(
    st.lists(st.lists(st.integers(0, 5000), max_size=20), min_size=1, max_size=4),
    st.integers(0, 4000),
)
def test_what_several_servers_know_together_reads_as_what_one_would(ages, since):
    tallies = [answered(*(NOW - age for age in sorted(own, reverse=True))) for own in ages]
    snapshots = [
        Snapshot(NOW, NOW - since, {"A": Sent(one.newest, one.counts(), 1, 2)}, (), ())
        for one in tallies
    ]
    together = merged(snapshots)
    (sent,) = together.variants.values()
    assert (sent.n_up, sent.n_waiting) == (len(ages), 2 * len(ages))
    everything = answered(
        *(NOW - age for age in sorted(itertools.chain.from_iterable(ages), reverse=True))
    )
    assert read(together, [sent]) == readings(everything, since=NOW - since)


def test_what_only_one_of_several_servers_knows_is_known_and_the_newest_requests_come_first():
    def ended(at):
        return Ended(at, "A", Outcome.ANSWERED, 200, 0.01, 1, 1)

    one = Snapshot(NOW, NOW - 9, {"A": Sent(), "B": Sent(n_up=1)}, (Sent(3),), (ended(8), ended(5)))
    other = Snapshot(
        NOW - 1, NOW - 20, {"A": Sent(n_up=2)}, (), tuple(map(ended, range(99, 0, -1)))
    )
    told = merged([one, other])
    assert (told.at, told.since, told.gone) == (NOW, NOW - 20, (Sent(3),))
    assert told.variants == {"A": Sent(n_up=2), "B": Sent(n_up=1)}
    assert len(told.last) == LAST
    assert [one.at for one in told.last] == sorted((one.at for one in told.last), reverse=True)
