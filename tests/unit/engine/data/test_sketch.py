"""What the columns of a table usually hold, and what is not told of anybody."""

import json

import numpy as np
import pytest

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.sketch import (
    MOST_DRAWN,
    MOST_VALUES,
    SKETCH,
    read_sketch,
    sketch_from_json,
    sketch_of,
    sketch_to_json,
)
from windvane.errors import CorruptArtifact

N_ROWS = 400
ROWS = np.arange(N_ROWS)
PLAIN = {"formats": ["%Y-%m-%d"]}


def texts(cells):
    made = np.empty(len(cells), object)
    made[:] = cells
    return made


def sketched(kind, values, rows=None, statistics=None, parse=None):
    spec = ColumnSpec("c", kind, "", parse or {})
    rows = np.arange(len(values)) if rows is None else rows
    told = {"c": statistics or {}}
    return sketch_of([spec], {"c": values}, rows, told, 0)["c"]


def test_of_numbers_the_middle_one_and_the_ends_are_told():
    told = sketched(ColumnType.NUMERIC, np.array([5.0, 1.0, 9.0, np.nan, 2.5]))
    assert (told.typical, told.least, told.most, told.has_missing) == ("2.5", "1", "9", True)
    assert told.values == ()


def test_ends_of_all_rows_are_known_from_the_statistics():
    values = np.arange(100.0)
    told = sketched(ColumnType.NUMERIC, values, np.arange(50), {"min": -3, "max": 99, "missing": 2})
    assert (told.typical, told.least, told.most, told.has_missing) == ("24", "-3", "99", True)


def test_of_dates_the_middle_one_is_told_as_a_date():
    days = np.array([18_321, 18_322, 18_330]) * 86_400.0
    told = sketched(ColumnType.DATETIME, days, parse=PLAIN)
    assert (told.least, told.typical, told.most) == ("2020-02-29", "2020-03-01", "2020-03-09")


def test_of_categories_the_most_frequent_is_typical_and_the_first():
    told = sketched(ColumnType.CATEGORICAL, texts(["b", "a", "b", None, "c", "a", "b"]))
    assert (told.typical, told.values, told.n_values, told.has_missing) == (
        "b",
        ("b", "a", "c"),
        3,
        True,
    )


def test_many_or_long_names_are_counted_and_not_all_told():
    many = texts([f"n{i}" for i in range(N_ROWS)])
    told = sketched(ColumnType.CATEGORICAL, many)
    assert (len(told.values), told.n_values) == (MOST_VALUES, N_ROWS)
    told = sketched(ColumnType.CATEGORICAL, texts(["x" * 10_000, "a"]))
    assert (told.values, told.n_values) == (("a",), 2)


def test_what_most_rows_lack_is_typically_missing():
    lacking = np.full(10, np.nan)
    assert sketched(ColumnType.NUMERIC, lacking).typical == ""
    lacking[:4] = 1.0
    assert sketched(ColumnType.NUMERIC, lacking).typical == ""
    assert sketched(ColumnType.CATEGORICAL, texts(["a", None, None])).typical == ""


def test_a_text_is_told_only_if_several_rows_share_it():
    own = texts([f"my own words {i}" for i in range(20)])
    told = sketched(ColumnType.TEXT, own)
    assert (told.typical, told.values, told.drawn) == ("", (), ())
    own[:3] = "no comment"
    assert sketched(ColumnType.TEXT, own).typical == "no comment"


def test_of_what_is_no_feature_nothing_is_kept():
    specs = [
        ColumnSpec("id", ColumnType.IDENTIFIER, ""),
        ColumnSpec("n", ColumnType.NUMERIC, ""),
    ]
    columns = {"id": texts(["a", "b"]), "n": np.array([1.0, 2.0])}
    assert list(sketch_of(specs, columns, np.arange(2), {}, 0)) == ["n"]


def test_drawn_cells_are_of_their_column_and_stand_beside_others_by_chance():
    specs = [ColumnSpec(name, ColumnType.NUMERIC, "") for name in "ab"]
    values = np.random.default_rng(1).normal(size=N_ROWS)
    made = sketch_of(specs, {"a": values, "b": values}, ROWS, {}, 0)
    drawn = {name: np.array(column.drawn) for name, column in made.items()}
    assert len(drawn["a"]) == MOST_DRAWN
    assert np.isin(drawn["a"], values).all()
    n_kept_together = np.sum(drawn["a"] == drawn["b"])
    assert n_kept_together < 5, "the two columns are the same in every row of the table"


def test_rows_that_may_not_be_looked_at_are_not():
    values = np.where(ROWS < 200, 1.0, 7.0)
    told = sketched(ColumnType.NUMERIC, values, ROWS[:200])
    assert (set(told.drawn), told.most) == ({1.0}, "1")


def test_wide_tables_keep_fewer_cells_of_each_column():
    specs = [ColumnSpec(f"c{i}", ColumnType.NUMERIC, "") for i in range(2_000)]
    columns = {spec.name: np.arange(50.0) for spec in specs}
    made = sketch_of(specs, columns, np.arange(50), {}, 0)
    assert {len(column.drawn) for column in made.values()} == {25}


def test_a_sketch_survives_json_and_is_the_same_for_the_same_seed():
    values = texts(["b", "a", None] * 10)
    spec = ColumnSpec('a "q",\n', ColumnType.CATEGORICAL, "")
    made = [sketch_of([spec], {spec.name: values}, np.arange(30), {}, 7) for _ in range(2)]
    assert made[0] == made[1] == sketch_from_json(json.loads(json.dumps(sketch_to_json(made[0]))))


@pytest.mark.parametrize(
    "text", ["[", "[]", '{"a": 1}', '{"a": {"typical": ""}}', '{"a": {"drawn": [[]]}}']
)
def test_a_damaged_sketch_is_refused_and_none_is_none(tmp_path, text):
    assert read_sketch(tmp_path) == {}
    (tmp_path / SKETCH).write_text(text)
    with pytest.raises(CorruptArtifact, match="cannot be read as a sketch of columns"):
        read_sketch(tmp_path)
