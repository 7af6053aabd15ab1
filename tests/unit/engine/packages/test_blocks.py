"""Many rows by several threads."""

import threading

import numpy as np
import pytest

from windvane.engine.packages.blocks import predict_in_blocks
from windvane.engine.packages.predictor import Predictions
from windvane.errors import InvalidRequest

N = 12_345
COLUMNS = {"number": np.arange(N, dtype=float)}


class Halves:
    """A predictor of two classes that says which threads asked it, and waits until two have."""

    def __init__(self, parties):
        self.threads = set()
        self._met = threading.Barrier(parties)

    def predict_columns(self, columns, n_rows):
        if threading.get_ident() not in self.threads:
            self.threads.add(threading.get_ident())
            self._met.wait(timeout=240)
        second = columns["number"] / N
        assert len(second) == n_rows
        both = np.stack([1 - second, second], axis=1)
        return Predictions(np.empty(0), both, (second > 0.5).astype(np.int64))


def test_every_row_has_its_own_answer_whichever_thread_gave_it():
    predictor = Halves(parties=2)
    answer = predict_in_blocks(predictor, COLUMNS, N, threads=2)
    assert len(predictor.threads) == 2
    np.testing.assert_array_equal(answer.probabilities[:, 1], COLUMNS["number"] / N)
    np.testing.assert_array_equal(answer.classes, COLUMNS["number"] / N > 0.5)
    assert answer.values.shape == (0,)


@pytest.mark.parametrize(
    ("n_rows", "n_blocks"), [(2_000, 2), (4_000, 2), (10_000, 4), (20_000, 8), (100_000, 8)]
)
def test_blocks_are_long_where_each_thread_has_one(n_rows, n_blocks):
    answered = []

    class Counting:
        def predict_columns(self, columns, n_rows):
            answered.append(n_rows)
            return Predictions(np.zeros(n_rows), np.empty((0, 0)), np.empty(0, np.int64))

    predict_in_blocks(Counting(), {"number": np.zeros(n_rows)}, n_rows, threads=2)
    assert len(answered) == n_blocks
    assert sum(answered) == n_rows


@pytest.mark.parametrize(("n_rows", "threads"), [(N, 1), (1_999, 8)])
def test_few_rows_or_one_thread_are_answered_here(n_rows, threads):
    predictor = Halves(parties=1)
    part = {"number": COLUMNS["number"][:n_rows]}
    answer = predict_in_blocks(predictor, part, n_rows, threads)
    assert predictor.threads == {threading.get_ident()}
    assert len(answer.classes) == n_rows


def test_what_one_block_refuses_is_refused():
    class Refusing:
        def predict_columns(self, columns, n_rows):
            if columns["number"][0] > N / 2:
                raise InvalidRequest("no")
            return Predictions(np.zeros(n_rows), np.empty((0, 0)), np.empty(0, np.int64))

    with pytest.raises(InvalidRequest):
        predict_in_blocks(Refusing(), COLUMNS, N, threads=2)
