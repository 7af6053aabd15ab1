"""Rows to time a predictor with."""

from windvane.engine.packages.latency import row_latency_s


class Counting:
    def __init__(self):
        self.asked = []

    def predict(self, rows):
        self.asked += rows


def test_rows_are_asked_one_by_one_in_turn():
    predictor = Counting()
    assert row_latency_s(predictor, [["a"], ["b"], ["c"]]) > 0
    assert predictor.asked[1:5] == [["a"], ["b"], ["c"], ["a"]]
