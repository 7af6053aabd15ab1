from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from windvane.automl.local import frames
from windvane.automl.local.frames import (
    cells_of,
    columns_of,
    label_kind,
    labels_as,
    numbers_of,
    source_of,
    write_arrow,
)
from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.errors import InvalidRequest

N, C = ColumnType.NUMERIC, ColumnType.CATEGORICAL


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


def test_numbers_come_without_a_detour_through_text():
    spec = ColumnSpec("a", N, "")
    frame = pd.DataFrame({"a": [0.1, np.inf, np.nan]})
    values = columns_of(frame, [spec])["a"]
    assert values[0] == 0.1
    assert np.isnan(values[1:]).all()


def test_numbers_written_with_a_marker_for_missing_are_read_as_the_file_was():
    spec = ColumnSpec("a", N, "", {"missing": ["-999"]})
    values = columns_of(pd.DataFrame({"a": [-999, 5]}), [spec])["a"]
    assert np.isnan(values[0])
    assert values[1] == 5


def test_numbers_as_text_are_read():
    values = columns_of(pd.DataFrame({"a": ["1.5", None]}), [ColumnSpec("a", N, "")])["a"]
    assert values[0] == 1.5
    assert np.isnan(values[1])


def test_some_rows_are_read_as_they_are_among_others():
    frame = pd.DataFrame(
        {
            "whole": [1, 2, 3, 4, 5, 6],
            "half": np.array([0.1, 2, np.nan, 4, np.inf, 6], np.float32),
            "mixed": ["a", None, 1, 2.5, True, pd.NaT],
            "list": [[1, None]] * 6,
            "time": pd.to_datetime(["2024-01-02 03:04:05.25", None] * 3),
            "code": pd.Categorical([1, 2, None, 2, 1, 1]),
            "word": pd.Categorical(["x", "y", None, "y", "x", "x"]),
            "nullable": pd.array([1, None, 3, 4, 5, 6], "Int64"),
        }
    )
    specs = [ColumnSpec(name, C, "") for name in frame.columns]
    specs[:2] = [ColumnSpec(name, N, "") for name in ("whole", "half")]
    together = columns_of(frame, specs)
    for start, end in [(0, 1), (2, 3), (1, 4), (5, 6)]:
        for name, values in columns_of(frame.iloc[start:end], specs).items():
            np.testing.assert_array_equal(values, together[name][start:end])


def test_numbers_read_some_columns_at_a_time_stay_in_their_columns(monkeypatch):
    monkeypatch.setattr(frames, "_CELLS_AT_ONCE", 4)
    frame = pd.DataFrame({"a": [1, 2], "b": [0.5, np.inf], "c": [5, 6], "d": ["7", None]})
    made = columns_of(frame, [ColumnSpec(name, N, "") for name in "dcba"])
    expected = {"d": [7, np.nan], "c": [5, 6], "b": [0.5, np.nan], "a": [1, 2]}
    assert list(made) == list(expected)
    for name, values in expected.items():
        np.testing.assert_array_equal(made[name], values)
    assert frame["b"].tolist() == [0.5, np.inf]


def test_many_numbers_are_taken_out_of_the_frame_at_once(monkeypatch):
    frame = pd.DataFrame(np.ones((1, 300)), columns=[f"c{i}" for i in range(300)])
    taken = []
    to_numpy = pd.DataFrame.to_numpy
    monkeypatch.setattr(
        pd.DataFrame, "to_numpy", lambda some, dtype: taken.append(1) or to_numpy(some, dtype)
    )
    monkeypatch.setattr(frames, "cells_of", lambda _: taken.append("a column"))
    columns_of(frame, [ColumnSpec(f"c{i}", N, "") for i in range(300)])
    assert taken == [1]


def test_missing_columns_are_named():
    specs = [
        ColumnSpec("a", N, ""),
        ColumnSpec("b", C, ""),
        ColumnSpec("id", ColumnType.IDENTIFIER, ""),
    ]
    with pytest.raises(InvalidRequest, match="'b'"):
        columns_of(pd.DataFrame({"a": [1]}), specs)


def test_unreadable_value_is_named_with_row_and_column():
    with pytest.raises(InvalidRequest, match="Row 2, column 'a': 'x'"):
        columns_of(pd.DataFrame({"a": ["1", "x"]}), [ColumnSpec("a", N, "")])


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
