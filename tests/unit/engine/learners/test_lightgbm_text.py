"""What LightGBM is given to read."""

import lightgbm
import numpy as np
import pytest

from windvane.engine.learners.lightgbm_native import NativeBooster
from windvane.engine.learners.lightgbm_text import read_lightgbm
from windvane.errors import CorruptArtifact


def _trained(n_rounds=5, **more):
    generator = np.random.default_rng(0)
    X = generator.normal(size=(400, 3))
    X[:, 1] = generator.integers(0, 40, 400)
    X[::9, 0] = np.nan
    y = np.nan_to_num(X[:, 0]) + 5 * (X[:, 1] % 3)
    parameters = {"verbosity": -1, "num_leaves": 6, "num_threads": 1, **more}
    parameters |= {"min_data_per_group": 1, "cat_smooth": 1, "min_data_in_leaf": 5}
    return lightgbm.train(parameters, lightgbm.Dataset(X, y, categorical_feature=[1]), n_rounds), X


BOOSTER, X = _trained()
TEXT = BOOSTER.model_to_string().encode()


def test_a_model_is_given_whole_without_what_its_library_need_not_know():
    model = read_lightgbm(TEXT)
    assert (model.n_features, model.n_outputs, len(model.n_leaves)) == (3, 1, 5)
    for gone in (b"parameters", b"feature_importances", b"Column_0", b"split_gain", b"tree_sizes"):
        assert gone in TEXT
        assert gone not in model.text
    assert b"cat_threshold" in model.text
    found = NativeBooster(model).predict(X.astype(np.float32))[:, 0]
    np.testing.assert_array_equal(found, BOOSTER.predict(X.astype(np.float32)))
    assert read_lightgbm(model.text).text == model.text


def test_trees_of_a_single_leaf_are_trees():
    flat = lightgbm.train(
        {"verbosity": -1, "num_leaves": 2, "min_data_in_leaf": 10_000},
        lightgbm.Dataset(X, X[:, 1]),
        2,
    )
    model = read_lightgbm(flat.model_to_string().encode())
    assert model.n_leaves.tolist() == [1] * len(model.n_leaves)
    assert NativeBooster(model).predict(X[:2].astype(np.float32)).shape == (2, 1)


def _with(name, told, tree=0):
    start = TEXT.index(b"Tree=%d\n" % tree)
    at = TEXT.index(b"\n" + name + b"=", start) + len(name) + 2
    return TEXT[:at] + told(TEXT[at : TEXT.index(b"\n", at)]) + TEXT[TEXT.index(b"\n", at) :]


@pytest.mark.parametrize(
    ("name", "told", "message"),
    [
        (
            b"split_feature",
            lambda t: b"3" + t[1:],
            "tree 0, node 0 has split_feature=3; there are 3",
        ),
        (b"split_feature", lambda t: t + b" 1", "6 numbers in split_feature where 5 belong"),
        (b"split_feature", lambda t: t.replace(b" ", b"  ", 1), "numbers in split_feature"),
        (b"split_feature", lambda t: b"4294967296" + t[1:], "split_feature=4294967296"),
        (b"split_feature", lambda t: b"9" * 30 + t[1:], "split_feature="),
        (b"left_child", lambda t: b"--1" + t[1:], "left_child holds what is no number"),
        (b"left_child", lambda t: t + b"-", "left_child holds what is no number"),
        (b"left_child", lambda t: b"1-1" + t[1:], "left_child holds what is no number"),
        (b"decision_type", lambda t: b"12" + t[1:], "decision_type"),
        (b"leaf_value", lambda t: b"1e999 " + t.split(b" ", 1)[1], "too large"),
        (b"leaf_value", lambda t: b"9" * 40 + b" " + t.split(b" ", 1)[1], "no number"),
        (b"leaf_value", lambda t: b"nan " + t.split(b" ", 1)[1], "not written as one"),
        (b"num_leaves", lambda _: b"7", r"where 6 belong|where 7 belong"),
        (b"num_leaves", lambda _: b"0", "0 leaves"),
        (b"num_leaves", lambda _: b"9999999", "9999999 leaves"),
        (b"num_cat", lambda _: b"9", r"cat_boundaries|sets of codes"),
        (b"num_cat", lambda _: b"0", "sets of codes"),
        (b"cat_boundaries", lambda t: t[:-1] + b"9", "cat_boundaries"),
        (b"cat_boundaries", lambda t: b"1" + t[1:], "cat_boundaries"),
        (b"cat_threshold", lambda t: b"4294967296" + t[t.index(b" ") :], "cat_threshold"),
        (b"shrinkage", lambda t: t + b" 1", "not written as one"),
        (b"is_linear", lambda _: b"1", "not written as one"),
    ],
)
def test_a_line_that_cannot_be_is_named(name, told, message):
    with pytest.raises(CorruptArtifact, match=message):
        read_lightgbm(_with(name, told))


def test_a_set_of_codes_that_there_is_not_is_named():
    start = TEXT.index(b"decision_type=") + len(b"decision_type=")
    kinds = TEXT[start : TEXT.index(b"\n", start)].split(b" ")
    node = next(i for i, kind in enumerate(kinds) if int(kind) & 1)

    def told(thresholds):
        each = thresholds.split(b" ")
        each[node] = b"77"
        return b" ".join(each)

    with pytest.raises(CorruptArtifact, match=f"tree 0, node {node} names the set 77"):
        read_lightgbm(_with(b"threshold", told))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"num_class=1\n", b"num_class=2\n"),
        (b"max_feature_idx=2\n", b"max_feature_idx=3\n"),
        (b"max_feature_idx=2\n", b"max_feature_idx=99999999999\n"),
        (b"tree\n", b"tree\naverage_output\n"),
        (b"Tree=1\n", b"Tree=2\n"),
        (b"Tree=1\n", b"leaf_features=1\nTree=1\n"),
        (b"end of trees", b"end of tree"),
        (b"label_index=0", b"label_index=0\nmachines=10.0.0.1"),
    ],
)
def test_what_is_not_this_grammar_is_refused(old, new):
    assert old in TEXT
    with pytest.raises(CorruptArtifact, match="The LightGBM trees cannot be used"):
        read_lightgbm(TEXT.replace(old, new, 1))


@pytest.mark.parametrize("length", range(0, TEXT.index(b"end of trees"), 101))
def test_a_text_that_ends_too_early_is_refused(length):
    with pytest.raises(CorruptArtifact):
        read_lightgbm(TEXT[:length])
