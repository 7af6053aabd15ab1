import numpy as np
import pandas as pd
import pytest

from windvane.automl.local import frame_reader
from windvane.automl.local.frame_reader import FrameReader
from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.errors import InvalidRequest

N, C = ColumnType.NUMERIC, ColumnType.CATEGORICAL


def columns_of(frame, specs):
    return FrameReader(specs).read(frame)


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
    monkeypatch.setattr(frame_reader, "_CELLS_AT_ONCE", 4)
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
    monkeypatch.setattr(frame_reader, "cells_of", lambda _: taken.append("a column"))
    columns_of(frame, [ColumnSpec(f"c{i}", N, "") for i in range(300)])
    assert taken == [1]


def test_a_row_of_many_columns_of_several_types_is_read_as_among_others():
    chance = np.random.default_rng(0)
    frame = pd.DataFrame(index=range(3))
    dtypes = (np.float64, np.float32, np.int64, np.uint8, np.float16)
    for i in range(60):
        frame[f"c{i}"] = (100 * chance.random(3)).astype(dtypes[i % len(dtypes)])
    frame["c7"] = [np.inf, np.nan, 2**0.5]
    frame["c8"] = [2**62 + 1, 0, -1]
    numbers = [ColumnSpec(f"c{i}", N, "") for i in range(60)]
    with_word = frame.assign(word=["a", None, "b"])
    for table, specs in ((frame, numbers), (with_word, [*numbers, ColumnSpec("word", C, "")])):
        for specs_in_order in (specs, specs[::-1], specs[::3]):
            together = columns_of(table, specs_in_order)
            assert list(together) == [spec.name for spec in specs_in_order]
            for row in range(3):
                one = columns_of(table.iloc[[row]], specs_in_order)
                for name, values in together.items():
                    np.testing.assert_array_equal(one[name], values[[row]])
    assert frame["c7"][0] == np.inf


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
