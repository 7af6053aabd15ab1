import pytest

from windvane.domain.problem import ProblemType
from windvane.engine.quality.binary import binary_figures
from windvane.engine.quality.constraints import constraints
from windvane.engine.quality.measured import Measured, measured


def test_what_should_be_high_may_fall_by_one_deviation():
    document = constraints(ProblemType.BINARY, {"auc": Measured(0.8, 0.05)})
    assert document["binary_classification_constraints"] == {
        "auc": {"threshold": pytest.approx(0.75), "comparison_operator": "LessThanThreshold"}
    }


def test_what_should_be_low_may_rise_by_one_deviation():
    figures = {"rmse": Measured(3.0, 0.5), "r2": Measured(0.4, 0.1)}
    assert constraints(ProblemType.REGRESSION, figures) == {
        "version": 0.0,
        "regression_constraints": {
            "rmse": {"threshold": 3.5, "comparison_operator": "GreaterThanThreshold"},
            "r2": {"threshold": pytest.approx(0.3), "comparison_operator": "LessThanThreshold"},
        },
    }


def test_thresholds_stay_within_what_a_figure_can_be():
    figures = {"recall": Measured(0.1, 0.3), "false_negative_rate": Measured(0.9, 0.3)}
    bounds = constraints(ProblemType.BINARY, figures)["binary_classification_constraints"]
    assert bounds["recall"]["threshold"] == 0
    assert bounds["false_negative_rate"]["threshold"] == 1


def test_a_figure_without_deviation_is_its_own_threshold():
    document = constraints(ProblemType.MULTICLASS, {"weighted_f1": Measured(0.5, None)})
    assert document["multiclass_classification_constraints"]["weighted_f1"]["threshold"] == 0.5


def test_no_candidate_violates_its_own_constraints(random_two):
    figures = measured(random_two(), binary_figures)
    bounds = constraints(ProblemType.BINARY, figures)["binary_classification_constraints"]
    assert len(bounds) == 12
    for name, bound in bounds.items():
        less = bound["comparison_operator"] == "LessThanThreshold"
        slack = figures[name].value - bound["threshold"]
        assert slack > 0 if less else slack < 0
