"""The front of score against latency, and the best under a limit."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windvane.automl.leaderboard import LeaderboardRow, ranked
from windvane.automl.selection import (
    entries_on_front,
    front,
    noted,
    select_best,
    with_optimism,
    with_pessimism,
)
from windvane.domain.problem import MetricName
from windvane.engine.candidate_io import outcome_from_json, outcome_to_json
from windvane.engine.candidates import Outcome
from windvane.notes.sentences import reason, sentence

_POINTS = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 5)), max_size=12)


def _entry(index, objective=None, latency_ms=1.0, folds_used=5):
    outcome = (
        None
        if objective is None
        else Outcome(index, objective, (), 1, latency_ms / 1000, 0, folds_used)
    )
    return LeaderboardRow(index, "lightgbm", None, outcome)


@given(_POINTS)
def test_every_candidate_is_matched_by_one_on_the_front_and_those_on_it_by_no_other(points):
    gains, latencies = [g for g, _ in points], [s for _, s in points]
    marks = front(gains, latencies)
    members = [point for point, mark in zip(points, marks, strict=True) if mark]
    assert len(set(members)) == len(members)
    for gain, latency in points:
        assert any(g >= gain and s <= latency for g, s in members)
    for i, (gain, latency) in enumerate(members):
        others = members[:i] + members[i + 1 :]
        assert not any(g >= gain and s <= latency for g, s in others)


def test_of_equals_the_first_is_on_the_front():
    assert front([0.5, 0.5], [1.0, 1.0]) == [True, False]


def test_losses_count_downwards():
    entries = [_entry(1, 0.3, 2), _entry(2, 0.2, 3), _entry(3, 0.4, 3)]
    assert entries_on_front(entries, MetricName.LOG_LOSS) == [True, True, False]


def test_what_failed_or_lacks_folds_is_not_on_the_front():
    entries = [_entry(1, 0.7, 2), _entry(2), _entry(3, 0.9, 1, folds_used=2)]
    assert entries_on_front(entries, MetricName.AUC) == [True, False, False]
    assert entries_on_front([], MetricName.AUC) == []


def test_without_a_limit_the_best_is_chosen():
    assert select_best([_entry(4, 0.9, 500), _entry(1, 0.8)], None).index == 4


def test_with_a_limit_the_best_within_it_is_chosen_and_nothing_is_to_be_told():
    order = ranked([_entry(1, 0.7, 0.1), _entry(2, 0.9, 3), _entry(3, 0.8, 1)], MetricName.AUC)
    best = select_best(order, 0.001)
    assert (best.index, best.note) == (3, None)
    assert [noted(entry, best) for entry in order] == order


def test_if_none_is_within_the_limit_the_quickest_is_chosen_and_this_is_told():
    order = [_entry(2, 0.9, 3), _entry(1, 0.7, 0.25), _entry(5)]
    best = select_best(order, 0.0001)
    assert best.index == 1
    told = reason(best.note)
    assert "no candidate predicts a row within the requested 0.1 ms" in told
    assert "0.25 ms" in told
    notes = [entry.outcome.notes for entry in (noted(one, best) for one in order[:2])]
    assert notes == [(), (best.note,)]


@pytest.mark.parametrize("limit", [0.003, 0.0030001])
def test_the_limit_itself_is_within_it(limit):
    assert select_best([_entry(2, 0.9, 3), _entry(1, 0.7, 0.25)], limit).index == 2


def test_the_first_tells_among_how_many_it_was_picked_and_what_that_did_to_its_score():
    order = ranked(
        [_entry(1, 0.7), _entry(2), _entry(3, 0.9), _entry(4, 0.95, folds_used=2)], MetricName.AUC
    )
    first, *others = with_optimism(order, 0.0123)
    assert first.index == 3
    assert first.outcome.optimism == 0.0123
    told = sentence(first.outcome.notes[-1])
    assert told.startswith("selected as the best of 2 candidates: ")
    assert "0.012" in told
    assert others == order[1:]
    assert with_optimism(order, None) == order
    assert (
        outcome_from_json(json.loads(json.dumps(outcome_to_json(first.outcome)))) == first.outcome
    )


def test_where_nothing_finished_nobody_was_picked():
    order = [_entry(2), _entry(3)]
    assert with_optimism(order, 0.1) == order


def test_every_finished_candidate_tells_what_learning_from_fewer_rows_did_to_its_score():
    order = [_entry(1, 0.7), _entry(2)]
    first, failed = with_pessimism(order, 0.25)
    assert first.outcome.pessimism == 0.25
    assert failed == order[1]
    assert with_pessimism(order, None) == order
