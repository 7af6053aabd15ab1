import numpy as np
import pytest

from windvane.engine.forecasting.models.seasonal import deseasonalise


def test_a_season_is_taken_out_and_put_back():
    t = np.arange(48)
    factor = 1 + 0.4 * np.sin(2 * np.pi * t / 12)
    y = (10 + 0.1 * t) * factor
    flat = deseasonalise(y[None], 12)
    assert flat.y[0] == pytest.approx(10 + 0.1 * t, rel=0.02)
    ahead = np.arange(48, 54)
    line = (10 + 0.1 * ahead)[None]
    expected = line[0] * (1 + 0.4 * np.sin(2 * np.pi * ahead / 12))
    assert flat.restored(line)[0] == pytest.approx(expected, rel=0.02)


def test_noise_has_no_season():
    y = 10 + np.random.default_rng(0).normal(size=(200, 60))
    flat = deseasonalise(y, 12)
    assert np.mean((flat.indices == 1).all(axis=1)) > 0.9


def test_values_below_zero_have_a_season_that_is_added():
    t = np.arange(60)
    y = np.sin(2 * np.pi * t / 12)[None]
    flat = deseasonalise(y, 12)
    assert np.abs(flat.y).max() < 0.05
