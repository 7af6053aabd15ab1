from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from windvane.automl.local.frames import (
    cells_of,
    label_kind,
    labels_as,
    numbers_of,
    source_of,
    write_arrow,
)
from windvane.errors import InvalidRequest


@pytest.mark.parametrize(
    ("series", "cells"),
    [
        (pd.Series([1, -2]), ["1", "-2"]),
        (pd.Series([1.5, np.nan, 1e-7]), ["1.5", None, "1e-07"]),
        (pd.Series([True, False]), ["true", "false"]),
        (pd.Series(["a", None, ""]), ["a", None, ""]),
        (pd.Series(["x", "y", None], dtype="category"), ["x", "y", None]),
        (pd.Series([1, None], dtype="Int64"), ["1", None]),
        (pd.Series([Decimal("1.10"), "b"]), ["1.10", "b"]),
        (
            pd.to_datetime(
                pd.Series(["2024-01-02", "2024-01-02 03:04:05.25", None], dtype=object),
                format="ISO8601",
            ),
            ["2024-01-02 00:00:00", "2024-01-02 03:04:05.25", None],
        ),
    ],
)
def test_cells_are_what_a_csv_file_would_hold(series, cells):
    assert cells_of(series) == cells


def written(frame, folder):
    write_arrow(frame, folder / "t.arrow")
    return pa.ipc.open_file(folder / "t.arrow").read_all()


def test_mixed_columns_survive_the_way_to_a_file(tmp_path):
    frame = pd.DataFrame({"n": [1, 2], "m": [1, "b"], 3: ["x", None]})
    assert written(frame, tmp_path).to_pydict() == {"n": [1, 2], "m": ["1", "b"], "3": ["x", None]}


def test_cells_reach_the_file_as_a_csv_file_would_hold_them(tmp_path):
    frame = pd.DataFrame(
        {
            "words": ["a", None, ""],
            "strings": pd.array(["a", None, ""], "string"),
            "kinds": pd.Categorical(["x", "", None], categories=["", "never", "x"]),
            "codes": pd.Categorical([2.5, None, 1.0]),
            "flags": [True, False, None],
            "nullable": pd.array([1, None, 3], "Int64"),
            "nothing": [None, None, None],
            "days": pd.to_datetime(["2024-01-02", None, "2024-01-02"]),
        }
    )
    table = written(frame, tmp_path)
    for name in frame.columns:
        expected = [cell or None for cell in cells_of(frame[name])]
        assert table[name].to_pylist() == expected, name


def test_numbers_reach_the_file_as_they_are(tmp_path):
    frame = pd.DataFrame({"x": [0.1, np.nan, np.inf], "n": np.array([1, 2, 3], np.uint8)})
    table = written(frame, tmp_path)
    assert table["x"].to_pylist() == [0.1, None, np.inf]
    assert table["n"].type == pa.uint8()


def test_two_columns_of_one_name_are_refused(tmp_path):
    frame = pd.DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(InvalidRequest, match="more than one column named 'a'"):
        write_arrow(frame, tmp_path / "t.arrow")


@pytest.mark.parametrize(
    ("name", "kind"),
    [("t.csv", ("csv", "None")), ("t.csv.gz", ("csv", "Gzip")), ("t.parquet", ("parquet", "None"))],
)
def test_the_suffix_tells_how_a_file_is_read(tmp_path, name, kind):
    (tmp_path / name).touch()
    source = source_of(tmp_path / name, tmp_path)
    assert (source.format, source.compression) == kind


def test_labels_have_the_type_of_the_training_data():
    assert labels_as(["0", "1"], "integer").dtype == np.int64
    assert labels_as(["False", "True"], "boolean").tolist() == [False, True]
    assert labels_as(["a", "b"], "string").tolist() == ["a", "b"]


def test_texts_that_read_like_numbers_stay_texts():
    assert label_kind(pd.Series(["0", "1"]), "integer") == "string"
    assert label_kind(pd.Series([0, 1]), "integer") == "integer"
    assert label_kind(pd.Series(["0", "1"], dtype="category"), "integer") == "string"


def test_what_is_no_number_is_unknown():
    assert np.isnan(numbers_of(pd.Series(["x", None]))).all()
