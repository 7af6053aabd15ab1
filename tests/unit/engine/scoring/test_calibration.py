import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windvane.domain.problem import MetricName
from windvane.engine.scoring.calibration import (
    NO_CHANGE,
    at_temperature,
    calibrate,
    fit_temperature,
)
from windvane.engine.scoring.metrics import METRICS

LOG_LOSS = METRICS[MetricName.LOG_LOSS].value


def _well_calibrated(n_classes, *, n_rows=4000, seed=0):
    """Class indices, and the probabilities they were drawn with."""
    random = np.random.default_rng(seed)
    probabilities = random.dirichlet(np.ones(n_classes), n_rows)
    y = (probabilities.cumsum(axis=1) < random.random((n_rows, 1))).sum(axis=1)
    return np.minimum(y, n_classes - 1).astype(float), probabilities


@pytest.mark.parametrize("n_classes", [2, 5])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_the_temperature_that_spoilt_probabilities_is_undone(n_classes, temperature):
    y, probabilities = _well_calibrated(n_classes)
    spoilt = at_temperature(probabilities, temperature)
    assert fit_temperature(spoilt, y) == pytest.approx(1 / temperature, rel=0.08)


@given(
    seed=st.integers(0, 2**32 - 1),
    n_classes=st.integers(2, 6),
    temperature=st.floats(0.25, 4),
)
@settings(max_examples=40, deadline=None)
def test_probabilities_stay_probabilities_in_their_order(seed, n_classes, temperature):
    _, probabilities = _well_calibrated(n_classes, n_rows=50, seed=seed)
    changed = at_temperature(probabilities, temperature)
    assert changed.sum(axis=1) == pytest.approx(1)
    assert (changed.argmax(axis=1) == probabilities.argmax(axis=1)).all()
    if n_classes == 2:
        order = np.argsort(probabilities[:, 1])
        assert (np.diff(changed[order, 1]) >= 0).all()


def test_no_other_temperature_has_less_log_loss():
    y, probabilities = _well_calibrated(3)
    spoilt = at_temperature(probabilities, 0.6)
    found = fit_temperature(spoilt, y)
    least = LOG_LOSS(y, at_temperature(spoilt, found))
    for other in (0.9 * found, 1.1 * found, 1.0):
        assert least < LOG_LOSS(y, at_temperature(spoilt, other))


def test_calibration_of_overconfident_rows_helps_on_new_ones():
    y, probabilities = _well_calibrated(2, n_rows=3000)
    sure = at_temperature(probabilities, 0.4)
    found = calibrate(sure[:1000], y[:1000], np.arange(1000) % 5)
    assert found.temperature > 2
    new, new_y = sure[1000:], y[1000:]
    assert LOG_LOSS(new_y, at_temperature(new, found.temperature)) < LOG_LOSS(new_y, new) - 0.05
    assert LOG_LOSS(y[:1000], found.out_of_fold) < LOG_LOSS(y[:1000], sure[:1000])


def test_what_is_calibrated_is_left_alone():
    kept = 0
    for seed in range(40):
        y, probabilities = _well_calibrated(2, n_rows=200, seed=seed)
        found = calibrate(probabilities, y, np.arange(200) % 5)
        kept += found.temperature == NO_CHANGE
        assert 0.5 < found.temperature < 2
    assert kept >= 30


def test_rows_have_no_say_in_their_own_temperature():
    y, probabilities = _well_calibrated(2, n_rows=600)
    sure, parts = at_temperature(probabilities, 0.4), np.arange(600) % 3
    before = calibrate(sure, y, parts).out_of_fold
    other_y = np.where(parts == 1, 1 - y, y)
    spoilt = calibrate(sure, other_y, parts)
    if spoilt.temperature != NO_CHANGE:
        assert (before[parts == 1] == spoilt.out_of_fold[parts == 1]).all()
    temperatures = np.log(before[:, 1] / before[:, 0]) / np.log(sure[:, 1] / sure[:, 0])
    assert np.ptp(temperatures[parts == 1]) < 1e-6


@pytest.mark.parametrize("sure", [0.0, 1.0])
def test_probabilities_of_nothing_and_all_are_borne(sure):
    probabilities = np.tile([1 - sure, sure], (50, 1))
    y = (np.arange(50) % 4 == 0).astype(float)
    assert 0.25 <= fit_temperature(probabilities, y) <= 4
    assert np.isfinite(at_temperature(probabilities, 2.0)).all()
