"""The objective by blocks of rows, from which a difference of two candidates has its standard error."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from windvane.domain.problem import MetricName
from windvane.engine.quality.measured import metric_value
from windvane.engine.quality.paired import MOST_BLOCKS, blocks_of_rows


def _placed(judged, **changes):
    return replace(judged, places=np.arange(judged.n_rows), **changes)


def _error(one, other):
    differences = np.subtract(one.blocks, other.blocks)
    n = differences.size
    return float(np.sqrt(n / (n - 1) * (differences**2).sum()))


def test_of_few_rows_it_is_the_standard_error_of_a_mean_of_differences(judge_values):
    random = np.random.default_rng(0)
    y = random.normal(size=200)
    first, second = y + random.normal(size=200), y + random.normal(size=200)
    one, other = (blocks_of_rows(_placed(judge_values(p, y))) for p in (first, second))
    losses = (first - y) ** 2 - (second - y) ** 2
    assert one.rows == other.rows
    assert one.value - other.value == pytest.approx(losses.mean())
    assert _error(one, other) == pytest.approx(losses.std(ddof=1) / np.sqrt(200), rel=1e-6)


@pytest.mark.parametrize("metric", [MetricName.AUC, MetricName.F1, MetricName.LOG_LOSS])
def test_of_many_rows_blocks_tell_what_resampling_does(judge_two, metric):
    """Rows in the order of the target, as tables are: a block must not be a stretch of them."""
    random = np.random.default_rng(1)
    n_rows = 1200
    y = np.sort(random.random(n_rows) < 0.3).astype(float)
    sign = random.normal(size=n_rows) + 1.5 * y
    first, second = (1 / (1 + np.exp(-(sign + 0.5 * random.normal(size=n_rows)))) for _ in "ab")
    judged = [_placed(judge_two(p, y, objective=metric)) for p in (first, second)]
    one, other = map(blocks_of_rows, judged)
    assert len(one.blocks) == MOST_BLOCKS
    assert abs(sum(one.blocks)) < 1e-9
    drawn = []
    for _ in range(60):
        rows = random.integers(0, n_rows, n_rows)
        values = [metric_value(each.of(rows), metric) for each in judged]
        drawn.append(values[0] - values[1])
    assert _error(one, other) == pytest.approx(np.std(drawn), rel=0.35)


def test_groups_are_not_divided(judge_values):
    random = np.random.default_rng(2)
    groups = np.repeat(np.arange(50), 8)
    of_group = random.normal(size=50)[groups]
    y = np.zeros(400)
    judged = _placed(judge_values(1 + of_group, y), groups=groups)
    found, by_row = blocks_of_rows(judged), blocks_of_rows(replace(judged, groups=None))
    assert (found.n_units, len(found.blocks)) == (50, 50)
    assert _error(found, replace(found, blocks=(0.0,) * 50)) > 2 * _error(
        by_row, replace(by_row, blocks=(0.0,) * 400)
    )
    assert found.rows != by_row.rows


def test_other_rows_are_told_apart(judge_values):
    random = np.random.default_rng(3)
    y = random.normal(size=60)
    judged = _placed(judge_values(y + 1, y))
    found = blocks_of_rows(judged)
    assert blocks_of_rows(judged.of(np.arange(59))).rows != found.rows
    assert blocks_of_rows(replace(judged, places=np.arange(1, 61))).rows != found.rows
    assert blocks_of_rows(replace(judged, weight=np.linspace(0.5, 1.5, 60))).rows != found.rows


def test_what_rows_do_not_tell_is_left_out(judge_two, judge_values):
    one_class = judge_two([0.9] * 30, [1] * 30, objective=MetricName.AUC)
    assert blocks_of_rows(_placed(one_class)) is None
    few = judge_values(np.arange(10.0), np.arange(10.0) + 1)
    assert blocks_of_rows(_placed(few)) is None
    assert blocks_of_rows(judge_values(np.arange(90.0), np.arange(90.0))) is None, "no places"
