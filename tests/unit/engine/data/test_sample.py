"""Rows as the cells they were read from."""

from __future__ import annotations

import shutil

import pytest

from windvane.engine.data.dataset import read_dataset
from windvane.errors import CorruptArtifact


def test_rows_hold_the_cells_of_the_table(two_classes):
    table = read_dataset(two_classes.dataset)
    rows = table.sample_rows()
    names = [spec.name for spec in table.analysis.columns]
    assert len(rows) == 50
    assert rows[0] == [
        repr(float(table.columns[name][0])) if name != "colour" else table.columns[name][0]
        for name in names
    ]
    assert len({tuple(row) for row in rows}) == 50


def test_what_is_stored_is_what_would_be_made(two_classes, tmp_path):
    shutil.copytree(two_classes.dataset, tmp_path / "dataset")
    stored = read_dataset(tmp_path / "dataset")
    (tmp_path / "dataset" / "sample.json").unlink()
    made = read_dataset(tmp_path / "dataset")
    assert made.sample == []
    assert list(made.sample_rows()) == list(stored.sample)


def test_a_damaged_sample_is_refused(two_classes, tmp_path):
    shutil.copytree(two_classes.dataset, tmp_path / "dataset")
    (tmp_path / "dataset" / "sample.json").write_text("[1")
    with pytest.raises(CorruptArtifact, match=r"sample\.json"):
        read_dataset(tmp_path / "dataset")
