"""Which objects below a prefix are the files of a dataset."""

import pytest

from windvane.work.tasks.step_context import _DATASET_FILE


@pytest.mark.parametrize(
    "name",
    [
        "analysis.json",
        "y.npy",
        "folds.npy",
        "repeats.npy",
        "units.npy",
        "weight.npy",
        "columns/0.npy",
    ],
)
def test_a_file_of_a_dataset_is_fetched(name):
    assert _DATASET_FILE.fullmatch(name)


@pytest.mark.parametrize(
    "name", ["sample.json", "units.npy.gz", "../units.npy", "columns/../y.npy", "columns/1.csv"]
)
def test_anything_else_is_left_alone(name):
    assert not _DATASET_FILE.fullmatch(name)
