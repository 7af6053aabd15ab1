"""The order of a leaderboard."""

from windvane.automl.leaderboard import LeaderboardRow, ranked
from windvane.domain.problem import MetricName
from windvane.engine.candidates import Outcome


def _entry(index, objective=None, folds_used=5):
    outcome = None if objective is None else Outcome(index, objective, (), 1, 0, 0, folds_used)
    return LeaderboardRow(index, "lightgbm", None, outcome)


def _order(entries, objective=MetricName.AUC):
    return [entry.index for entry in ranked(entries, objective)]


def test_the_best_comes_first_whichever_way_the_objective_points():
    entries = [_entry(1, 0.7), _entry(2, 0.9), _entry(3, 0.8)]
    assert _order(entries) == [2, 3, 1]
    assert _order(entries, MetricName.LOG_LOSS) == [1, 3, 2]


def test_of_equals_the_earlier_comes_first_and_failures_last():
    assert _order([_entry(3), _entry(1, 0.5), _entry(2, 0.5)]) == [1, 2, 3]


def test_a_score_on_fewer_folds_never_comes_before_one_on_more():
    assert _order([_entry(1, 0.99, folds_used=1), _entry(2, 0.7), _entry(3, 0.8)]) == [3, 2, 1]
