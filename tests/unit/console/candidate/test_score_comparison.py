"""A candidate's scores beside those of the model in service: what is said of them, and how loudly."""

import pytest

from windvane.console.candidate.score_comparison import compare_scores


def candidate(name, score, error=0.01, job="churn", objective="AUC", folds=5):
    metric = {"MetricName": objective, "Set": "Validation", "Value": score, "StandardError": error}
    return {
        "AutoMLJobName": job,
        "Objective": objective,
        "MetricNames": [objective],
        "Candidate": {
            "CandidateName": name,
            "Score": score,
            "StandardError": error,
            "FoldCount": folds,
            "Metrics": [metric],
        },
    }


@pytest.mark.parametrize(
    ("objective", "before", "now", "word", "severity"),
    [
        ("AUC", 0.9, 0.8, "worse", "high"),
        ("AUC", 0.9, 0.89, "worse", "medium"),
        ("AUC", 0.8, 0.9, "better", "info"),
        ("RMSE", 2.0, 3.0, "worse", "high"),
        ("RMSE", 3.0, 2.0, "better", "info"),
    ],
)
def test_whether_the_new_model_is_worse_is_said_by_the_objective(
    objective, before, now, word, severity
):
    one, other = (
        candidate("a", before, objective=objective),
        candidate("b", now, objective=objective),
    )
    found = compare_scores(one, other)
    assert f"scores {word} than the one in service" in found.verdict
    assert found.severity == severity
    assert ("within the uncertainty" in found.verdict) == (severity == "medium")
    assert found.basis == "Both were scored on the same folds of the same job."
    [(name, was, new)] = found.scores
    assert (name, was[:3], new[:3]) == (objective, str(before)[:3], str(now)[:3])


def test_scores_of_other_rows_are_said_to_be_such():
    serving = candidate("a", 0.9)
    assert (
        "not scored on the same folds"
        in compare_scores(serving, candidate("b", 0.8, folds=2)).basis
    )
    assert "data of its own job" in compare_scores(serving, candidate("b", 0.8, job="other")).basis
    other = compare_scores(serving, candidate("b", 3.0, job="other", objective="RMSE"))
    assert "no score in common" in other.verdict
    assert other.scores == []


def test_the_candidate_that_serves_is_recognised():
    assert "already" in compare_scores(candidate("a", 0.9), candidate("a", 0.9)).verdict
    assert (
        "scores worse" in compare_scores(candidate("a", 0.9), candidate("a", 0.8, job="x")).verdict
    )
