"""Errors by the values of columns."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from unit.engine.explain.made_up import COLOUR, DAY, NOISE, columns_and_target, packaged

from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.quality.segments import MISSING, MOST_SEGMENTS, segments_json


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("segments")
    return packaged(folder, ProblemType.REGRESSION, ["linear-learner"]).dataset


def _told(dataset, judged):
    document = json.loads(json.dumps(segments_json(dataset, judged), allow_nan=False))
    return document, {one["name"]: one["segments"] for one in document["columns"]}


def test_a_regression_tells_where_it_is_off_and_which_way(dataset, judge_values):
    cells, y = columns_and_target(ProblemType.REGRESSION)
    is_blue = cells[COLOUR] == "blue"
    judged = judge_values(y - 5.0 * is_blue, y)
    document, told = _told(dataset, replace(judged, places=np.arange(y.size)))
    assert document["measure"] == "mean absolute error"
    colours = {one["label"]: one for one in told[COLOUR]}
    assert set(colours) == {"red", "green", "blue", MISSING}
    assert colours["blue"]["error"] == colours["blue"]["bias"] == pytest.approx(5.0)
    assert colours["blue"]["rmse"] == pytest.approx(5.0)
    assert colours["blue"]["rmse_error"] == pytest.approx(0.0, abs=1e-9)
    assert "rmse_error" not in colours["red"], "no error at all"
    assert colours["blue"]["actual"] == pytest.approx(y[is_blue].mean())
    assert colours["red"]["error"] == pytest.approx(0.0)
    assert colours["blue"]["rows"] == is_blue.sum()
    for segments in told.values():
        assert sum(one["rows"] for one in segments) == y.size
        assert len(segments) <= MOST_SEGMENTS + 2
    assert len(told[DAY][0]["label"]) == len("2019-01-01 to 2019-04-01")


def test_numbers_are_cut_where_as_many_rows_are_on_either_side(dataset, judge_values):
    _, y = columns_and_target(ProblemType.REGRESSION)
    _, told = _told(dataset, replace(judge_values(y, y), places=np.arange(y.size)))
    rows = [one["rows"] for one in told[NOISE]]
    assert len(rows) == MOST_SEGMENTS
    assert max(rows) < 1.5 * min(rows)


def test_two_classes_have_counts_of_decisions_on_the_rows_judged(dataset, judge_two):
    cells, y = columns_and_target(ProblemType.BINARY)
    few = np.arange(0, y.size, 3)
    judged = judge_two(np.full(few.size, 0.9), y[few], objective=MetricName.AUC)
    document, told = _told(dataset, replace(judged, places=few))
    assert document["measure"] == "error rate"
    [red] = [one for one in told[COLOUR] if one["label"] == "red"]
    of_red = y[few][cells[COLOUR][few] == "red"]
    assert red["rows"] == red["predicted"] == of_red.size
    assert red["positive"] == red["hits"] == of_red.sum()
    assert red["error"] == pytest.approx(1 - of_red.mean())
    assert red["calibration_error"] == pytest.approx(abs(0.9 - of_red.mean()))
    assert red["low"] < red["error"] < red["high"]


def test_many_classes_have_counts_of_each_the_largest_class_first(dataset, judge_many):
    cells, _ = columns_and_target(ProblemType.REGRESSION)
    is_blue = cells[COLOUR] == "blue"
    y = np.where(np.arange(is_blue.size) % 4 == 0, 2, 0)
    predicted = np.eye(3)[np.where(is_blue, 1, y)]
    judged = judge_many(predicted, y, labels=("x", "never", "z"))
    document, told = _told(dataset, replace(judged, places=np.arange(y.size)))
    assert (document["labels"], document["class_count"]) == (["x", "z", "never"], 3)
    colours = {one["label"]: one for one in told[COLOUR]}
    n_blue, n_x = int(is_blue.sum()), int((y[is_blue] == 0).sum())
    assert colours["blue"]["classes"] == [[n_x, 0, 0], [n_blue - n_x, 0, 0], [0, n_blue, 0]]
    for positive, guessed, hits in colours["red"]["classes"]:
        assert positive == guessed == hits
    assert "hits" not in colours["blue"]
