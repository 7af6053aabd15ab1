"""figures.json: what pictures are drawn from again."""

import json

import numpy as np

from windvane.engine.quality.curves import ranking
from windvane.engine.quality.figures import figures_json
from windvane.engine.quality.thresholds import choice


def _told(judged):
    return json.loads(json.dumps(figures_json(judged), allow_nan=False))


def test_thresholds_say_what_each_would_do(judge_two):
    random = np.random.default_rng(0)
    positive = random.uniform(size=3000)
    judged = judge_two(positive, random.uniform(size=3000) < positive, threshold=0.4)
    told = _told(judged)["thresholds"]
    assert (told["own"], told["n_positive"] + told["n_negative"]) == (0.4, 3000)
    assert 100 < len(told["threshold"]) <= 401
    assert min(one for one in told["threshold"] if one >= 0.4) == positive[positive >= 0.4].min()
    assert told["threshold"] == sorted(told["threshold"], reverse=True)
    assert (told["threshold"][0], told["threshold"][-1]) == (positive.max(), positive.min())
    ranked = ranking(judged)
    for threshold, hits, alarms in zip(
        told["threshold"], told["hits"], told["alarms"], strict=True
    ):
        expected = choice(ranked, threshold)
        assert (hits, alarms) == (expected.hits, expected.alarms)


def test_of_few_rows_every_threshold_is_told(judge_two):
    told = _told(judge_two([0.9, 0.7, 0.7, 0.2], [1, 0, 1, 0]))["thresholds"]
    assert told["threshold"] == [0.9, 0.7, 0.2]
    assert (told["hits"], told["alarms"]) == ([1, 2, 2], [0, 1, 2])


def test_rows_of_one_class_have_no_thresholds(judge_two):
    told = _told(judge_two([0.9, 0.7], [1, 1]))
    assert set(told) == {"version", "rows", "labels"}


def test_calibration_of_many_classes_is_of_the_one_predicted(judge_many):
    predicted = np.tile([0.7, 0.2, 0.1], (100, 1))
    told = _told(judge_many(predicted, [0] * 70 + [1] * 30))
    assert told["labels"] == ["class 0", "class 1", "class 2"]
    assert told["calibration"]["rows"] == [100]
    assert np.allclose(told["calibration"]["predicted"], 0.7)
    assert np.allclose(told["calibration"]["observed"], 0.7)


def test_a_regression_has_points_residuals_and_intervals(judge_values):
    random = np.random.default_rng(0)
    predicted = random.normal(size=2000)
    y = predicted + random.normal(size=2000)
    told = _told(judge_values(predicted, y))
    assert len(told["points"]["actual"]) == len(told["points"]["predicted"]) == 1000
    residuals = told["residuals"]
    assert sum(residuals["counts"]) + residuals["below"] + residuals["above"] == 2000
    assert len(residuals["edges"]) == len(residuals["counts"]) + 1
    intervals = told["intervals"]
    assert intervals["levels"] == [0.5, 0.8, 0.95]
    assert sum(intervals["rows"]) == 2000
    assert len(intervals["low"]) == len(intervals["high"]) == len(intervals["centres"]) == 10
    assert len(intervals["edges"]) == 9
    assert np.allclose(intervals["held"], intervals["levels"], atol=0.05)
