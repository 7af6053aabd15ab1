from __future__ import annotations

import json

import numpy as np
import pytest

from windvane.engine.columns import ColumnType
from windvane.engine.data.analysis import Analysis
from windvane.engine.data.dataset import (
    read_analysis,
    read_dataset,
    read_rows,
    read_stored,
    write_dataset,
)
from windvane.engine.data.encoded import EncodedColumn
from windvane.errors import CorruptArtifact
from windvane.testing.tables import HEADER, Workshop, lines


def test_a_dataset_survives_writing_and_reading(workshop: Workshop) -> None:
    analysis = workshop.analyse(HEADER + lines(600) + ",,no\n")
    dataset = workshop.dataset()
    assert dataset.analysis == analysis
    assert set(dataset.columns) == {"amount", "colour"}
    assert dataset.columns["amount"].dtype == np.float64
    assert np.isnan(dataset.columns["amount"][600])
    assert dataset.columns["colour"][600] is None
    assert dataset.columns["colour"].dtype == object
    assert dataset.folds.dtype == np.int8
    write_dataset(dataset, workshop.folder / "again")
    again = read_dataset(workshop.folder / "again")
    np.testing.assert_array_equal(again.columns["colour"], dataset.columns["colour"])
    np.testing.assert_array_equal(again.y, dataset.y)


def test_a_small_table_is_divided_into_folds_twice(workshop: Workshop) -> None:
    assert workshop.analyse(HEADER + lines(600)).n_repeats == 2
    dataset = workshop.dataset()
    assert len(dataset.repeats) == 1
    assert not np.array_equal(dataset.repeats[0], dataset.folds)
    for first in (0, dataset.analysis.n_folds):
        validated = [
            dataset.split.validated(first + fold) for fold in range(dataset.analysis.n_folds)
        ]
        assert np.stack(validated).sum(axis=0).tolist() == [1] * 600
    write_dataset(dataset, workshop.folder / "again")
    again = read_dataset(workshop.folder / "again")
    np.testing.assert_array_equal(again.repeats[0], dataset.repeats[0])


def test_a_larger_table_is_not(workshop: Workshop) -> None:
    assert workshop.analyse(HEADER + lines(5_100)).n_repeats == 1
    assert workshop.dataset().repeats == ()


def test_divisions_of_other_rows_are_told(workshop: Workshop) -> None:
    workshop.analyse(HEADER + lines(600))
    np.save(workshop.dataset_folder / "repeats.npy", np.zeros((1, 599), np.int8))
    with pytest.raises(CorruptArtifact, match=r"repeats\.npy is of shape \(1, 599\)"):
        read_dataset(workshop.dataset_folder)


def test_some_rows_of_some_columns_are_read(workshop: Workshop) -> None:
    workshop.analyse(HEADER + lines(600) + ",,no\n")
    whole = workshop.dataset().columns
    rows = np.array([600, 3, 3])
    read = read_rows(workshop.dataset_folder, ["colour", "amount"], rows)
    assert list(read) == ["colour", "amount"]
    for name, values in read.items():
        np.testing.assert_array_equal(values, whole[name][rows])


def test_an_analysis_survives_json(workshop: Workshop) -> None:
    analysis = workshop.analyse(HEADER + lines(600))
    assert Analysis.from_json(json.loads(json.dumps(analysis.to_json()))) == analysis
    assert read_analysis(workshop.dataset_folder) == analysis


def test_columns_that_are_no_features_are_stored_but_not_learned_from(workshop: Workshop) -> None:
    rows = "".join(f"{i},7,{i % 5},{i % 2}\n" for i in range(600))
    analysis = workshop.analyse("id,same,x,y\n" + rows)
    assert [c.type for c in analysis.columns] == [
        ColumnType.IDENTIFIER,
        ColumnType.CONSTANT,
        ColumnType.NUMERIC,
    ]
    assert list(workshop.dataset().columns) == ["x"]
    identifier = read_stored(workshop.dataset_folder, 0, "id")
    assert isinstance(identifier, EncodedColumn)
    assert identifier.texts[599].as_py() == "599"


def test_the_same_input_and_seed_give_the_same_files(workshop: Workshop) -> None:
    content = HEADER + lines(600)
    workshop.analyse(content)
    first = workshop.dataset_folder.rename(workshop.folder / "part-first")
    workshop.analyse(content)
    for path in sorted(path for path in first.rglob("*") if path.is_file()):
        twin = workshop.dataset_folder / path.relative_to(first)
        assert twin.read_bytes() == path.read_bytes(), path.name


@pytest.mark.parametrize("name", ["analysis.json", "y.npy", "columns/0.npy", "columns/1.arrow"])
def test_a_damaged_file_is_told(workshop: Workshop, name: str) -> None:
    workshop.analyse(HEADER + lines(600))
    (workshop.dataset_folder / name).write_bytes(b"damaged")
    with pytest.raises(CorruptArtifact, match=name.split("/")[-1]):
        dict(workshop.dataset().columns)


def test_an_existing_folder_is_not_overwritten(workshop: Workshop) -> None:
    workshop.analyse(HEADER + lines(600))
    with pytest.raises(OSError, match="dataset"):
        workshop.analyse(HEADER + lines(600))
