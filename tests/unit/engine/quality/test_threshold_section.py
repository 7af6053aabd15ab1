import numpy as np
import pytest

from windvane.engine.quality.curves import ranking
from windvane.engine.quality.threshold_section import threshold_section
from windvane.engine.reports.document import Figure, Table


def _tables(judged):
    section = threshold_section(judged, ranking(judged))
    (figure,) = (block for block in section.blocks if isinstance(block, Figure))
    (costs,) = (block for block in section.blocks if isinstance(block, Table))
    return figure.numbers, costs


def _cost(judged, threshold, alarm, miss):
    said = judged.positive >= threshold
    alarms, misses = np.sum(said & (judged.y == 0)), np.sum(~said & (judged.y == 1))
    return 100 * (alarm * alarms + miss * misses) / judged.n_rows


def test_costs_of_each_threshold_are_those_of_its_mistakes(random_two):
    judged = random_two()
    table, _ = _tables(judged)
    assert table.head[5:] == (
        *("Cost at 10 : 1", "Cost at 3 : 1", "Cost at 1 : 1"),
        *("Cost at 1 : 3", "Cost at 1 : 10"),
    )
    for row in table.rows:
        threshold = float(row[0].partition(" ")[0])
        assert float(row[5]) == pytest.approx(_cost(judged, threshold, 10, 1), rel=1e-3)
        assert float(row[9]) == pytest.approx(_cost(judged, threshold, 1, 10), rel=1e-3)


def test_the_models_own_threshold_is_marked_once(random_two):
    table, _ = _tables(random_two())
    assert [row[0] for row in table.rows if "current" in row[0]] == ["0.5 (current)"]


def test_the_cheapest_threshold_costs_no_more_than_the_models(random_two):
    judged = random_two()
    _, table = _tables(judged)
    for row in table.rows:
        alarm, miss = map(float, row[0].split(" : "))
        threshold = np.inf if row[1] == "never positive" else float(row[1])
        assert float(row[2]) == pytest.approx(alarm / (alarm + miss), abs=1e-4)
        assert float(row[5]) == pytest.approx(_cost(judged, threshold, alarm, miss), rel=1e-3)
        assert float(row[6]) == pytest.approx(_cost(judged, 0.5, alarm, miss), rel=1e-3)
        assert float(row[5]) <= float(row[6])
    assert float(table.rows[0][5]) < float(table.rows[0][6])


def test_never_to_predict_a_class_can_be_cheapest(judge_two):
    _, table = _tables(judge_two(np.full(50, 0.3), np.arange(50) < 10))
    assert table.rows[0][1] == "never positive"
    assert table.rows[0][4] == "0 %"
