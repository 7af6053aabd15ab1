"""Fits of a recipe: which there are, when they appear, what they learn from."""

import numpy as np
import pandas as pd
import pytest

from windvane.automl.local.frames import source_of
from windvane.domain.problem import ProblemSpec
from windvane.engine import stages
from windvane.engine.data.analysis import ReadOptions, SourceFile
from windvane.engine.data.dataset import read_dataset
from windvane.engine.features.cards import RECIPES
from windvane.engine.features.recipe import load_recipe
from windvane.engine.training import matrices
from windvane.engine.training.matrices import fit_names, read_matrix, write_fits
from windvane.errors import CorruptArtifact


def dataset_of(frame, folder):
    source = source_of(frame, folder)
    stages.analyse(
        [SourceFile(source.path, source.name)],
        ReadOptions(folder, source.format, min_rows=20),
        ProblemSpec("y"),
        folder / "dataset",
    )
    return read_dataset(folder / "dataset")


@pytest.fixture
def mixed(tmp_path, make_table):
    return dataset_of(make_table().drop(columns="amount"), tmp_path)


@pytest.fixture
def numbers(tmp_path):
    x = np.random.default_rng(0).normal(size=(3, 200)).round(3)
    return dataset_of(pd.DataFrame({"a": x[0], "b": x[1], "y": x[2]}), tmp_path)


def test_fits_come_in_the_order_in_which_training_needs_them():
    assert fit_names(2) == ("fold0", "fold1", "full")


def test_one_fit_can_be_used_before_the_others_are_there(mixed, tmp_path):
    folder = tmp_path / "features" / "dpp0"
    write_fits(mixed, "dpp0", ["fold0"], folder)
    early = np.array(read_matrix(folder, "fold0").X)
    with pytest.raises(CorruptArtifact, match="full"):
        read_matrix(folder, "full")
    write_fits(mixed, "dpp0", fit_names(mixed.analysis.n_folds), folder)
    assert {path.name for path in folder.iterdir()} == set(fit_names(mixed.analysis.n_folds))
    np.testing.assert_array_equal(read_matrix(folder, "fold0").X, early)


def test_fits_one_by_one_are_those_made_together(mixed, tmp_path):
    names = fit_names(mixed.analysis.n_folds)
    write_fits(mixed, "dpp2", names, tmp_path / "together")
    for name in reversed(names):
        write_fits(mixed, "dpp2", [name], tmp_path / "single")
    for name in names:
        np.testing.assert_array_equal(
            read_matrix(tmp_path / "together", name).X, read_matrix(tmp_path / "single", name).X
        )


@pytest.mark.parametrize("recipe", [card.name for card in RECIPES])
def test_a_matrix_written_block_by_block_is_the_same(recipe, mixed, tmp_path, monkeypatch):
    write_fits(mixed, recipe, ["fold0", "full"], tmp_path / "whole")
    monkeypatch.setattr(matrices, "_MANY_ROWS", 1)
    monkeypatch.setattr(matrices, "_BLOCK", 7)
    write_fits(mixed, recipe, ["fold0", "full"], tmp_path / "blocks")
    for fit in ("fold0", "full"):
        whole, blocks = (read_matrix(tmp_path / name, fit) for name in ("whole", "blocks"))
        np.testing.assert_array_equal(whole.X, blocks.X)
        assert whole.features == blocks.features


def test_a_fit_is_not_there_before_it_is_whole(mixed, tmp_path, monkeypatch):
    folder = tmp_path / "features" / "dpp0"

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("windvane.engine.training.matrices._share", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_fits(mixed, "dpp0", ["fold0"], folder)
    assert list(folder.iterdir()) == []
    assert [path.name for path in folder.parent.iterdir()] == ["dpp0"]


def test_what_a_fit_learns_does_not_depend_on_its_validation_rows(mixed, tmp_path):
    changed = mixed.columns["colour"].copy()
    changed[mixed.folds == 0] = "violet"
    other = type(mixed)(mixed.analysis, {**mixed.columns, "colour": changed}, mixed.y, mixed.folds)
    for dataset, folder in ((mixed, "as it is"), (other, "changed")):
        write_fits(dataset, "dpp2", ["fold0"], tmp_path / folder)
    one, two = (load_recipe(tmp_path / name / "fold0") for name in ("as it is", "changed"))
    columns = dict(mixed.columns)
    np.testing.assert_array_equal(one.transform(columns), two.transform(columns))


def test_equal_matrices_are_one_file(numbers, tmp_path):
    names = fit_names(numbers.analysis.n_folds)
    write_fits(numbers, "dpp0", names, tmp_path / "dpp0")
    files = [tmp_path / "dpp0" / name / "matrix.npy" for name in names]
    assert len({file.stat().st_ino for file in files}) == 1
    np.testing.assert_array_equal(
        read_matrix(tmp_path / "dpp0", "full").X[:, 0], numbers.columns["a"].astype(np.float32)
    )


def test_matrices_that_differ_stay_apart(numbers, tmp_path):
    write_fits(numbers, "dpp1", ["fold0", "full"], tmp_path / "dpp1")
    files = [tmp_path / "dpp1" / name / "matrix.npy" for name in ("fold0", "full")]
    assert len({file.stat().st_ino for file in files}) == 2
