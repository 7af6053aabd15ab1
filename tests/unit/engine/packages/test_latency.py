"""Rows to time a predictor with."""

from windvane.engine.data.dataset import read_dataset
from windvane.engine.packages.latency import row_latency_s, sample_rows


def test_rows_hold_the_cells_of_the_table(two_classes):
    table = read_dataset(two_classes.dataset)
    rows = sample_rows(table)
    names = [spec.name for spec in table.analysis.columns]
    assert len(rows) == 50
    assert rows[0] == [
        repr(float(table.columns[name][0])) if name != "colour" else table.columns[name][0]
        for name in names
    ]
    assert len({tuple(row) for row in rows}) == 50


class Counting:
    def __init__(self):
        self.asked = []

    def predict(self, rows):
        self.asked += rows


def test_rows_are_asked_one_by_one_in_turn():
    predictor = Counting()
    assert row_latency_s(predictor, [["a"], ["b"], ["c"]]) > 0
    assert predictor.asked[1:5] == [["a"], ["b"], ["c"], ["a"]]
