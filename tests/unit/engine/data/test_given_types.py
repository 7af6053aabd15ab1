"""Columns that are given a type, or left out."""

import numpy as np
import pytest

from windvane.domain.features import FeatureSpecification, FeatureType
from windvane.domain.problem import ProblemSpec
from windvane.engine.columns import ColumnType
from windvane.engine.data.parse import cell_reader
from windvane.errors import DataFault

N_ROWS = 600


def _text(cells, rows=N_ROWS):
    random = np.random.default_rng(0)
    body = [f"{random.normal():.4f},{cells(i)},{'ny'[i % 2]}\n" for i in range(rows)]
    return "a,x,y\n" + "".join(body)


def _typed(workshop, cells, kind, rows=N_ROWS):
    features = FeatureSpecification(None, {"x": kind})
    analysis = workshop.analyse(_text(cells, rows), problem=ProblemSpec("y", features=features))
    return analysis, next(column for column in analysis.columns if column.name == "x")


@pytest.mark.parametrize("kind", [FeatureType.CATEGORICAL, FeatureType.TEXT])
@pytest.mark.parametrize("rows", [600, 20_000])
def test_numbers_can_be_taken_as_words(workshop, kind, rows):
    random = np.random.default_rng(1).random(rows)
    _, column = _typed(workshop, lambda i: f"{random[i]:.9f}", kind, rows)
    assert column.type == kind.value
    assert column.reason.startswith("set by you: ")
    assert workshop.dataset().columns["x"][0] == f"{random[0]:.9f}"


def test_codes_and_identifiers_can_be_taken_as_numbers(workshop):
    _, column = _typed(workshop, lambda i: i, FeatureType.NUMERIC)
    assert column.type is ColumnType.NUMERIC
    assert workshop.dataset().columns["x"][:3].tolist() == [0.0, 1.0, 2.0]


def test_words_among_numbers_are_missing_then_and_later_and_it_is_counted(workshop):
    analysis, column = _typed(
        workshop, lambda i: f"word{i}" if i % 3 else f"${i}.50", FeatureType.NUMERIC
    )
    assert column.type is ColumnType.NUMERIC
    (finding,) = [one for one in analysis.findings if one.code == "unreadable-cells"]
    assert finding.columns == ("x",)
    assert finding.message.startswith("400 values of 'x' cannot be read as a number")
    values = workshop.dataset().columns["x"]
    assert values[3] == 3.5
    assert np.isnan(values).sum() == 400
    read = cell_reader(column)
    assert read("$7.25") == 7.25
    assert np.isnan(read("never seen"))


@pytest.mark.parametrize(
    ("cells", "formats", "second"),
    [
        (lambda i: 1_700_000_000 + 86_400 * i, ["epoch-s"], 1_700_086_400.0),
        (lambda i: 1_700_000_000_000 + 86_400_000 * i, ["epoch-ms"], 1_700_086_400.0),
        (lambda i: 1970 + i % 30, ["%Y"], 365 * 86_400.0),
    ],
)
def test_numbers_can_be_taken_as_dates(workshop, cells, formats, second):
    _, column = _typed(workshop, cells, FeatureType.DATETIME)
    assert column.type is ColumnType.DATETIME
    assert column.parse["formats"] == formats
    assert workshop.dataset().columns["x"][1] == second


def test_a_few_dates_among_words_are_found(workshop):
    _, column = _typed(
        workshop, lambda i: "2024-02-03" if i in (7, 300) else f"w{i}", FeatureType.DATETIME
    )
    assert column.type is ColumnType.DATETIME
    assert np.isfinite(workshop.dataset().columns["x"]).sum() == 2


@pytest.mark.parametrize(
    ("kind", "told"), [(FeatureType.NUMERIC, "numbers"), (FeatureType.DATETIME, "dates")]
)
def test_a_type_that_no_cell_has_is_refused(workshop, kind, told):
    with pytest.raises(
        DataFault, match=rf"'x' was given the type {kind}.* read as {told}, for example 'word0'"
    ):
        _typed(workshop, lambda i: f"word{i % 50}", kind)


def test_a_constant_stays_one(workshop):
    _, column = _typed(workshop, lambda i: "same", FeatureType.TEXT)
    assert column.type is ColumnType.CONSTANT


def test_columns_that_are_not_named_are_kept_and_not_used(workshop):
    features = FeatureSpecification(("a",))
    analysis = workshop.analyse(
        _text(lambda i: f"2024-01-{1 + i % 28:02d}"), problem=ProblemSpec("y", features=features)
    )
    assert [(column.name, column.type) for column in analysis.columns] == [
        ("a", ColumnType.NUMERIC),
        ("x", ColumnType.UNUSED),
    ]
    assert analysis.columns[1].reason == "ignored, set by you"
    assert [column.name for column in analysis.features] == ["a"]
    assert "constant-column" not in [one.code for one in analysis.findings]


def test_rows_that_only_an_unused_column_tells_apart_are_copies_to_a_model(workshop):
    features = FeatureSpecification(("a",))
    text = "a,x,y\n" + "".join(f"{i % 560},{i},{'ny'[i % 2]}\n" for i in range(600))
    analysis = workshop.analyse(text, problem=ProblemSpec("y", features=features))
    folds = workshop.dataset().folds
    assert np.array_equal(folds[:40], folds[560:])
    assert "renamed-duplicates" in [one.code for one in analysis.findings]


@pytest.mark.parametrize("names", [None, ("a",)])
def test_an_unused_column_that_tells_the_target_leaks_nothing(workshop, names):
    problem = ProblemSpec("y", features=FeatureSpecification(names))
    analysis = workshop.analyse(_text(lambda i: "NY"[i % 2]), problem=problem)
    assert ("target-copy" in [one.code for one in analysis.findings]) == (names is None)


def test_a_column_that_is_not_there_is_named(workshop):
    features = FeatureSpecification(("a", "X"))
    with pytest.raises(
        DataFault, match=r"The feature column 'X' is not in the data\. Did you mean"
    ):
        workshop.analyse(_text(str), problem=ProblemSpec("y", features=features))
