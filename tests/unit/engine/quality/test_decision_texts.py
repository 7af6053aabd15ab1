from dataclasses import replace

import pytest

from windvane.domain.problem import MetricName
from windvane.engine.quality.assess import assess
from windvane.engine.quality.decision_texts import calibration_text, threshold_text


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"threshold": 0.3125}, "0.3125, tuned for F1"),
        ({"tune_threshold": False}, "0.5 (tuning is switched off)"),
        ({"objective": MetricName.AUC}, "0.5 (not tuned: not necessary for AUC)"),
        (
            {"objective": MetricName.AUC, "tune_threshold": False},
            "0.5 (not tuned: not necessary for AUC)",
        ),
    ],
)
def test_a_threshold_is_told_with_where_it_comes_from(random_two, changes, told):
    assert threshold_text(replace(random_two(), **changes)).startswith(told)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"temperature": 1.25},
            "with the temperature 1.25, fitted on these rows: probabilities become less extreme",
        ),
        (
            {"temperature": 0.8},
            "with the temperature 0.8, fitted on these rows: probabilities become more extreme",
        ),
        ({}, "temperature scaling does not improve"),
        ({"calibrate": False}, "switched off"),
    ],
)
def test_calibration_is_told_with_its_temperature(random_two, changes, told):
    assert told in calibration_text(replace(random_two(), **changes))


def test_both_stand_in_the_report(random_two, random_many, random_values, times):
    two, many, values = (
        dict(assess(make(), times).report.facts)
        for make in (random_two, random_many, random_values)
    )
    assert two["Threshold"].startswith("0.5, tuned for F1")
    assert "Threshold" not in many
    assert many["Predicted label"] == "the most probable class"
    assert "Calibration" in two
    assert "Calibration" in many
    assert "Calibration" not in values
