"""What people call a candidate."""

import pytest

from windvane.titles import algorithm_title, candidate_title


@pytest.mark.parametrize(
    ("algorithm", "number", "wanted"),
    [
        ("lightgbm", 10, "LightGBM 10"),
        ("ensemble", 23, "Ensemble 23"),
        ("extra-trees", 1, "Extra trees 1"),
        ("dynamic-theta", 4, "Dynamic theta 4"),
    ],
)
def test_a_candidate_is_called_by_its_algorithm_and_number(algorithm, number, wanted):
    assert candidate_title(algorithm, number) == wanted


def test_a_strange_algorithm_makes_no_long_name():
    assert len(candidate_title("x" * 500, 7)) == 42


def test_a_forecasting_model_of_which_a_job_has_one_is_called_without_a_number():
    assert algorithm_title("log-ets") == "Log ETS"
    assert algorithm_title("seasonal-naive") == "Seasonal naive"
