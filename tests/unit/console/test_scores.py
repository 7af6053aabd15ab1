"""Scores as pages show them."""

import pytest

from windvane.console.scores import format_score, looks_misplaced, metric_meaning
from windvane.domain.problem import MetricName


@pytest.mark.parametrize("metric", MetricName)
def test_every_metric_that_can_be_chosen_says_what_it_is_good_for(metric):
    assert metric_meaning(metric.value)


def test_a_mean_squared_error_is_told_in_the_unit_of_the_target_too():
    assert format_score(100.0, 4.0).root.whole == "10.00 ± 0.20"
    assert format_score(100.0).root.whole == "10.00"
    assert format_score(None).root.value is None
    assert format_score(0.0, 0.0).root.value is None


@pytest.mark.parametrize(
    ("value", "error", "change", "told"),
    [
        (0.70341, 0.0121, -0.04567, "\N{MINUS SIGN}0.046"),
        (0.7, None, 0.01, "+0.0100"),
        (0.7, 0.1, -0.001, "0.00"),
        (2.4e9, 2e7, 1.41e9, "+1.410 bn"),
        (0.0, None, 0.0, "0.0000"),
    ],
)
def test_a_difference_has_its_sign_and_as_many_digits_as_its_score(value, error, change, told):
    assert format_score(value, error).change(change) == told


@pytest.mark.parametrize(
    ("algorithm", "others", "is_minimized", "wanted"),
    [
        ("ensemble", [8008.0, None], True, True),
        ("ensemble", [8008.0], False, False),
        ("ensemble", [8500.0], True, False),
        ("ensemble", [8500.0], False, True),
        ("lightgbm", [8008.0], True, False),
        ("ensemble", [], True, False),
    ],
)
def test_an_ensemble_that_comes_first_with_a_worse_score_is_known(
    algorithm, others, is_minimized, wanted
):
    scores = [format_score(one) for one in others]
    assert looks_misplaced(algorithm, format_score(8376.0), scores, is_minimized) is wanted
    assert not looks_misplaced(algorithm, format_score(None), scores, is_minimized)
