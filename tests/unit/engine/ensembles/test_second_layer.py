"""The second layer answers alike however it is asked, and is read as it was saved."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windvane.domain.problem import MetricName
from windvane.engine.ensembles.blend import OutOfFold, weighted
from windvane.engine.ensembles.pool import pool_for, pooled
from windvane.engine.ensembles.second_layer import (
    SecondLayer,
    inputs_of,
    load_second_layer,
    starting_scores,
)
from windvane.engine.ensembles.stacking import Stacking, stacked
from windvane.engine.manifest import write_manifest
from windvane.errors import CorruptArtifact

N = 400
CLASSES = [0, 2, 3, 11]


def _answers(n_classes, seed=0):
    """Of three members, and the truth."""
    random = np.random.default_rng(seed)
    if not n_classes:
        y = random.normal(size=N)
        return [y + random.normal(size=N) for _ in range(3)], y
    odds = random.normal(size=(N, n_classes))
    y = odds.argmax(axis=1).astype(float)
    noisy = [np.exp(odds + random.normal(size=odds.shape)) for _ in range(3)]
    return [one / one.sum(axis=1, keepdims=True) for one in noisy], y


def _pool(answers):
    n_classes = 0 if answers[0].ndim == 1 else answers[0].shape[1]
    return pooled(zip((0.5, 0.3, 0.2), answers, strict=True), pool_for(n_classes))


@cache
def _fitted(n_classes):
    answers, y = _answers(n_classes)
    members = dict(enumerate(answers))
    objective = MetricName.LOG_LOSS if n_classes else MetricName.RMSE
    first = OutOfFold(members, y, np.arange(N) % 4, objective)
    return stacked(Stacking(), first, weighted(members, {0: 0.5, 1: 0.3, 2: 0.2}))[1]


@pytest.mark.parametrize("n_classes", CLASSES)
def test_what_is_saved_answers_the_same_when_it_is_read(n_classes, tmp_path):
    answers, _ = _answers(n_classes, seed=1)
    layer = _fitted(n_classes)
    layer.save(tmp_path / "layer")
    read = load_second_layer(tmp_path / "layer")
    before = layer.answer(answers, _pool(answers))
    assert (read.answer(answers, _pool(answers)) == before).all()
    assert before.shape == answers[0].shape
    assert (before != _pool(answers)).any()
    if n_classes:
        np.testing.assert_allclose(before.sum(axis=1), 1)


def test_a_single_member_may_have_one(tmp_path):
    answers, y = _answers(0)
    first = OutOfFold({7: answers[0]}, y, np.arange(N) % 4, MetricName.RMSE)
    layer = stacked(Stacking(), first, weighted(first.predictions, {7: 1.0}))[1]
    layer.save(tmp_path / "layer")
    assert load_second_layer(tmp_path / "layer").n_members == 1


@settings(max_examples=30, deadline=None)
@given(n_classes=st.sampled_from(CLASSES), seed=st.integers(0, 99), row=st.integers(0, N - 1))
def test_a_row_alone_and_among_others_has_the_same_answer(n_classes, seed, row):
    answers, _ = _answers(n_classes, seed)
    layer = _fitted(n_classes)
    alone = [one[row : row + 1] for one in answers]
    among = layer.answer(answers, _pool(answers))[row]
    assert (layer.answer(alone, _pool(alone))[0] == among).all()


def test_a_class_that_is_ruled_out_has_a_number_still():
    sure = np.array([[1.0, 0.0], [0.0, 1.0]])
    answer = _fitted(2).answer([sure] * 3, sure)
    assert np.isfinite(answer).all()
    assert (answer.argmax(axis=1) == [0, 1]).all()


def test_a_changed_file_is_named(tmp_path):
    _fitted(2).save(tmp_path / "layer")
    (tmp_path / "layer/model.txt").write_bytes(b"no trees")
    with pytest.raises(CorruptArtifact, match=r"layer/model\.txt differs"):
        load_second_layer(tmp_path / "layer")


@pytest.mark.parametrize("about", [{"n_members": 3, "n_classes": 2}, {"n_members": "x"}, {}])
def test_a_forged_file_is_named(about, tmp_path):
    _fitted(2).save(tmp_path / "layer")
    if about.get("n_classes"):
        (tmp_path / "layer/model.txt").write_bytes(b"no trees")
    write_manifest(tmp_path / "layer", "second-layer", about)
    with pytest.raises(CorruptArtifact, match=r"layer/model\.txt holds no second layer"):
        load_second_layer(tmp_path / "layer")


@pytest.mark.parametrize(("n_members", "n_classes"), [(2, 3), (3, 2), (3, 0), (4, 3)])
def test_trees_of_other_members_or_classes_are_refused(n_members, n_classes, tmp_path):
    _fitted(3).save(tmp_path / "layer")
    text = (tmp_path / "layer/model.txt").read_bytes()
    with pytest.raises(CorruptArtifact, match="need others"):
        SecondLayer(text, n_members, n_classes)


@pytest.mark.parametrize("n_classes", CLASSES)
def test_its_size_is_that_of_its_file(n_classes, tmp_path):
    _fitted(n_classes).save(tmp_path / "layer")
    assert _fitted(n_classes).size_bytes == (tmp_path / "layer/model.txt").stat().st_size
    told = load_second_layer(tmp_path / "layer")
    assert (told.n_members, told.n_classes) == (3, n_classes)


def test_trees_see_what_members_and_their_pool_say():
    answers, _ = _answers(0)
    seen = inputs_of(answers, _pool(answers))
    assert seen.dtype == np.float32
    np.testing.assert_allclose(seen, np.stack([*answers, _pool(answers)], axis=1), rtol=1e-6)
    answers, _ = _answers(2)
    odds = [np.log(one[:, 1] / one[:, 0]) for one in (*answers, _pool(answers))]
    np.testing.assert_allclose(inputs_of(answers, _pool(answers)), np.stack(odds, 1), rtol=1e-5)


def test_of_three_classes_and_more_they_see_log_probabilities_about_their_mean():
    answers, _ = _answers(3)
    seen = inputs_of(answers, _pool(answers)).reshape(N, 4, 3)
    logs = np.log(np.stack([*answers, _pool(answers)], axis=1))
    np.testing.assert_allclose(seen, logs - logs.mean(axis=2, keepdims=True), atol=1e-5)


def test_values_beyond_what_trees_can_compare_are_the_largest_that_they_can():
    seen = inputs_of([np.array([1e300, -1e300, 1.0])], np.zeros(3))
    assert np.isfinite(seen).all()
    assert seen[0, 0] == -seen[1, 0] == np.finfo(np.float32).max


def test_trees_begin_from_the_pool():
    values = np.array([1.5, -2.0])
    assert starting_scores(values).tolist() == [[1.5], [-2.0]]
    two = np.array([[0.25, 0.75], [1.0, 0.0]])
    assert starting_scores(two)[:, 0] == pytest.approx([np.log(3), np.log(1e-9)])
    three = np.array([[0.5, 0.25, 0.25]])
    assert starting_scores(three) == pytest.approx(np.log(three))
