import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as oracle

from windvane.engine.quality.confusion import Confusion, confusion, confusion_json, pooled


def _counted(y, classes, n_classes):
    counts = np.zeros((n_classes, n_classes), np.int64)
    np.add.at(counts, (y, classes), 1)
    return Confusion(counts)


pairs = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40)


@given(pairs)
@settings(max_examples=80, deadline=None)
def test_figures_of_each_class_agree_with_scikit_learn(rows):
    y, classes = np.array(rows).T
    found = _counted(y, classes, 5)
    for beta in (0.5, 1, 2):
        precision, recall, f, support = oracle.precision_recall_fscore_support(
            y, classes, beta=beta, labels=range(5), zero_division=0
        )
        assert found.actual.tolist() == support.tolist()
        assert np.nan_to_num(found.precision()) == pytest.approx(precision)
        assert np.nan_to_num(found.recall()) == pytest.approx(recall)
        assert np.nan_to_num(found.f(beta)) == pytest.approx(f)


@given(pairs)
@settings(max_examples=80, deadline=None)
def test_weighted_figures_agree_with_scikit_learn(rows):
    y, classes = np.array(rows).T
    found = _counted(y, classes, 5)
    expected = oracle.precision_recall_fscore_support(
        y, classes, labels=range(5), average="weighted", zero_division=0
    )
    weighted = [found.weighted(one) for one in (found.precision(), found.recall(), found.f(1))]
    assert weighted == pytest.approx(expected[:3])


def test_the_matrix_is_that_of_scikit_learn(random_many):
    judged = random_many()
    expected = oracle.confusion_matrix(judged.truth, judged.classes, labels=range(30))
    assert (confusion(judged).counts == expected).all()


def test_a_class_without_rows_has_no_recall_but_a_precision_of_nought_if_predicted():
    found = Confusion(np.array([[2, 1, 0], [0, 0, 0], [1, 0, 0]]))
    assert np.isnan(found.recall()).tolist() == [False, True, False]
    assert found.precision().tolist() == [pytest.approx(2 / 3), 0.0, 0.0]


def test_a_class_that_neither_occurs_nor_is_predicted_has_no_figures():
    found = Confusion(np.array([[2, 0], [0, 0]]))
    assert np.isnan([found.recall()[1], found.precision()[1], found.f(1)[1]]).all()


def test_labels_of_any_kind_are_keys(random_many, hostile_labels):
    found = Confusion(np.arange(100).reshape(10, 10))
    document = confusion_json(found, hostile_labels)
    assert list(document) == list(hostile_labels)
    assert document["$x^2$"]["\\$5"] == 9
    assert sum(sum(row.values()) for row in document.values()) == found.n_rows


def test_among_very_many_labels_pairs_without_rows_are_left_out():
    counts = np.zeros((120, 120), np.int64)
    counts[3, 5] = 2
    document = confusion_json(Confusion(counts), [str(place) for place in range(120)])
    assert len(document) == 120
    assert document["3"] == {"5": 2}
    assert document["4"] == {}


@given(st.integers(1, 6), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_pooling_loses_no_row(n_kept, seed):
    random = np.random.default_rng(seed)
    found = Confusion(random.integers(0, 9, (6, 6)))
    kept = random.permutation(6)[:n_kept]
    shown = pooled(found, kept)
    assert len(shown.counts) == min(n_kept + 1, 6)
    assert shown.n_rows == found.n_rows
    assert shown.actual[:n_kept].tolist() == found.actual[kept].tolist()
    assert (shown.counts[:n_kept, :n_kept] == found.counts[np.ix_(kept, kept)]).all()
