"""Long columns of numbers, typed without a table of their texts."""

import numpy as np
import pyarrow as pa
import pytest

from windvane.domain.problem import MetricName, ProblemSpec, ProblemType
from windvane.engine.columns import ColumnType
from windvane.engine.data import plainnumbers
from windvane.engine.data.encoded import encode
from windvane.engine.data.plainnumbers import LEAST_ROWS, plain_numbers
from windvane.engine.data.target import may_be_numbers, resolve_target
from windvane.engine.data.typed import add_to_keys, type_column

N_ROWS = LEAST_ROWS + 5


def numbers(seed: int = 0) -> list[float | None]:
    values = np.random.default_rng(seed).normal(100, 15, N_ROWS).tolist()
    return [None, *values[1:]]


def texts(values: list[float | None]) -> list[str | None]:
    return [None if value is None else repr(value) for value in values]


def chunked(cells: list, kind: pa.DataType) -> pa.ChunkedArray:
    half = len(cells) // 2
    return pa.chunked_array([pa.array(cells[:half], kind), pa.array(cells[half:], kind)])


@pytest.mark.parametrize("kind", [pa.float64(), pa.string()])
def test_they_are_typed_as_the_slow_way_types_them(kind: pa.DataType) -> None:
    values = numbers()
    cells = chunked(values if kind == pa.float64() else texts(values), kind)
    quick = plain_numbers("x", cells)
    assert quick is not None
    found, slow = type_column(quick), type_column(encode("x", cells))
    assert found.spec == slow.spec
    assert found.statistics == slow.statistics
    np.testing.assert_array_equal(found.values, slow.values)


@pytest.mark.parametrize(
    ("why", "cells", "kind"),
    [
        ("few rows", [i / 7 for i in range(LEAST_ROWS - 1)], pa.float64()),
        ("whole numbers", [float(i) for i in range(N_ROWS)], pa.float64()),
        ("repeated", [i % 100 / 7 for i in range(N_ROWS)], pa.float64()),
        ("a word late", [*(repr(i / 7) for i in range(N_ROWS)), "none"], pa.string()),
        ("infinite", [*(i / 7 for i in range(N_ROWS)), np.inf], pa.float64()),
        ("not a number", [*(i / 7 for i in range(N_ROWS)), np.nan], pa.float64()),
        ("empty", [None] * N_ROWS, pa.string()),
        ("words", ["a", "b"] * N_ROWS, pa.string()),
    ],
)
def test_others_go_the_ordinary_way(why: str, cells: list, kind: pa.DataType) -> None:
    assert plain_numbers("x", chunked(cells, kind)) is None, why


def test_of_very_many_rows_numbers_may_repeat_here_and_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cells = chunked([i % 5_000 / 7 for i in range(N_ROWS)], pa.float64())
    assert plain_numbers("x", cells) is None
    monkeypatch.setattr(plainnumbers, "_MANY_ROWS", N_ROWS)
    quick = plain_numbers("x", cells)
    assert quick is not None
    found, slow = type_column(quick), type_column(encode("x", cells))
    assert (found.spec, found.statistics) == (slow.spec, slow.statistics)
    assert plain_numbers("x", chunked([i % 100 / 7 for i in range(N_ROWS)], pa.float64())) is None


def test_equal_columns_are_found() -> None:
    one, same, other = (
        plain_numbers(name, chunked(numbers(seed), pa.float64()))
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert one is not None
    assert same is not None
    assert other is not None
    digests = [type_column(column).codes_digest for column in (one, same, other)]
    assert digests[0] == digests[1] != digests[2]


def test_equal_rows_get_equal_keys() -> None:
    values = numbers()
    values[7] = values[3]
    column = plain_numbers("x", chunked(values, pa.float64()))
    assert column is not None
    keys = add_to_keys(np.zeros(N_ROWS, np.uint64), column.words())
    assert keys[7] == keys[3]
    assert len(np.unique(keys)) == N_ROWS - 1


def test_kept_rows_keep_their_numbers() -> None:
    column = plain_numbers("x", chunked(numbers(), pa.float64()))
    assert column is not None
    rows = np.arange(N_ROWS) % 2 == 0
    np.testing.assert_array_equal(column.keep(rows).values, column.values[::2])
    assert type_column(column).spec.type is ColumnType.NUMERIC


@pytest.mark.parametrize(
    "problem",
    [
        ProblemSpec("y"),
        ProblemSpec("y", ProblemType.REGRESSION),
        ProblemSpec("y", objective=MetricName.MAE),
    ],
)
def test_a_target_of_them_is_what_the_slow_way_makes_of_it(problem: ProblemSpec) -> None:
    cells = chunked(numbers(), pa.float64())
    quick = plain_numbers("y", cells)
    assert quick is not None
    assert may_be_numbers(problem)
    found, slow = (resolve_target(c, problem, 20) for c in (quick, encode("y", cells)))
    assert (found.problem_type, found.objective) == (slow.problem_type, slow.objective)
    assert found.label_type == slow.label_type
    np.testing.assert_array_equal(found.y, slow.y)
    np.testing.assert_array_equal(found.valid, slow.valid)


def test_a_target_of_which_classes_are_asked_goes_the_ordinary_way() -> None:
    assert not may_be_numbers(ProblemSpec("y", ProblemType.MULTICLASS))
    assert not may_be_numbers(ProblemSpec("y", objective=MetricName.AUC))


def test_of_very_many_rows_nan_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plainnumbers, "_MANY_ROWS", N_ROWS)
    cells = chunked([np.nan, None, *(i / 7 for i in range(N_ROWS))], pa.float64())
    quick = plain_numbers("x", cells)
    assert quick is not None
    assert type_column(quick).statistics["missing"] == 2
    assert (
        plain_numbers("x", chunked([np.inf, *(i / 7 for i in range(N_ROWS))], pa.float64())) is None
    )
