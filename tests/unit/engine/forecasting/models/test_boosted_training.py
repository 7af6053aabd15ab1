import time

import numpy as np
import pytest

from windvane.engine.forecasting.models.base import FitLimits
from windvane.engine.forecasting.models.boosted_training import TrainingRows, boost
from windvane.engine.learners.lightgbm_native import NativeBooster
from windvane.engine.learners.lightgbm_text import read_lightgbm

LEVELS = (0.1, 0.5, 0.9)


def rows(n=6000):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3)).astype(np.float32)
    return TrainingRows(X, X[:, 0] + rng.normal(size=n), np.ones(n), 1.0)


def models(stop_at):
    texts = boost(rows(), LEVELS, 0, FitLimits(stop_at))
    return [NativeBooster(read_lightgbm(text)) for text in texts]


def test_there_is_a_model_for_each_quantile():
    low, middle, high = (one.predict(rows().X)[:, 0] for one in models(time.time() + 60))
    assert np.mean(rows().y < low) == pytest.approx(0.1, abs=0.03)
    assert np.mean(rows().y < high) == pytest.approx(0.9, abs=0.03)
    assert np.corrcoef(middle, rows().X[:, 0])[0, 1] > 0.95


def test_without_time_there_are_fewer_rounds_of_larger_steps():
    made = models(time.time())
    assert max(one.rounds for one in made) <= 20
    middle = made[1].predict(rows().X)[:, 0]
    assert np.corrcoef(middle, rows().X[:, 0])[0, 1] > 0.8
