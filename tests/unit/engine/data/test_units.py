from __future__ import annotations

import numpy as np
import pytest

from windvane.domain.problem import ProblemSpec
from windvane.engine.columns import ColumnType
from windvane.engine.splits import SplitKind
from windvane.errors import DataFault
from windvane.notes.sentences import sentence
from windvane.testing.tables import Workshop

GROUPS = ProblemSpec("y", group_column="who")
TIMES = ProblemSpec("y", time_column="at")


def table(who: list[object], name: str = "who") -> str:
    amounts = np.random.default_rng(0).random(len(who)).round(4)
    rows = (f"{a},{w},{('no', 'yes')[int(a * 100) % 2]}" for a, w in zip(amounts, who, strict=True))
    return f"amount,{name},y\n" + "\n".join(rows) + "\n"


def dated(days: list[int]) -> str:
    return table([f"2024-{1 + d // 28:02d}-{1 + d % 28:02d}" for d in days], "at")


def test_rows_of_one_group_are_never_on_both_sides(workshop: Workshop) -> None:
    analysis = workshop.analyse(table([f"p{i % 70}" for i in range(700)]), problem=GROUPS)
    assert (analysis.split_kind, analysis.split_column) == (SplitKind.GROUPS, "who")
    assert (analysis.n_folds, analysis.n_repeats, analysis.n_units) == (5, 2, 70)
    dataset = workshop.dataset()
    for fold in range(analysis.n_fold_fits):
        inside, outside = dataset.split.validated(fold), dataset.split.training(fold)
        assert inside.any()
        assert not set(np.arange(700)[inside] % 70) & set(np.arange(700)[outside] % 70)
    assert "whole groups of 'who' (70 groups, 5 folds)" in sentence(analysis.remarks[0])


def test_windows_validate_later_rows_than_they_are_trained_on(workshop: Workshop) -> None:
    days = np.random.default_rng(1).integers(0, 300, 600)
    analysis = workshop.analyse(dated(days.tolist()), problem=TIMES)
    assert (analysis.split_kind, analysis.n_folds, analysis.n_repeats) == (SplitKind.TIME, 5, 1)
    split = workshop.dataset().split
    for fold in range(5):
        assert days[split.training(fold)].max() < days[split.validated(fold)].min()
    assert "in the order of 'at' (5 windows" in sentence(analysis.remarks[0])


def test_numbers_are_in_order_as_they_are(workshop: Workshop) -> None:
    rounds = np.random.default_rng(1).permutation(600) - 50
    workshop.analyse(table(rounds.tolist(), "at"), problem=TIMES)
    split = workshop.dataset().split
    assert rounds[split.training(0)].max() < rounds[split.validated(0)].min()


@pytest.mark.parametrize("problem", [GROUPS, TIMES])
def test_the_column_is_no_feature_unless_it_is_named(
    workshop: Workshop, problem: ProblemSpec
) -> None:
    content = table([i // 10 for i in range(600)], problem.split_column or "")
    analysis = workshop.analyse(content, problem=problem)
    types = {column.name: column.type for column in analysis.columns}
    assert types[problem.split_column or ""] is ColumnType.UNUSED
    assert [column.name for column in analysis.features] == ["amount"]


def test_fewer_groups_than_folds_make_as_many_folds(workshop: Workshop) -> None:
    analysis = workshop.analyse(table([f"p{i % 3}" for i in range(600)]), problem=GROUPS)
    assert (analysis.n_folds, analysis.n_repeats) == (3, 1)


def test_a_hold_out_is_of_whole_groups(workshop: Workshop) -> None:
    problem = ProblemSpec("y", group_column="who", validation_fraction=0.3)
    analysis = workshop.analyse(table([f"p{i % 100}" for i in range(600)]), problem=problem)
    assert (analysis.n_folds, analysis.n_held_out) == (1, 180)
    held = np.flatnonzero(workshop.dataset().folds == 0)
    assert np.unique(held % 100).size == 30


def test_a_hold_out_in_time_is_of_the_latest_rows(workshop: Workshop) -> None:
    problem = ProblemSpec("y", time_column="at", validation_fraction=0.25)
    analysis = workshop.analyse(table(list(range(600)), "at"), problem=problem)
    assert (analysis.n_folds, analysis.n_held_out) == (1, 150)
    assert np.flatnonzero(workshop.dataset().folds == 0).min() == 450
    assert "the latest 150 rows held out" in analysis.split_told


def test_windows_without_two_classes_before_them_are_left_out(workshop: Workshop) -> None:
    labels = np.where(np.arange(600) < 350, "no", np.where(np.arange(600) % 2 == 0, "no", "yes"))
    content = "amount,at,y\n" + "".join(f"{i % 97},{i},{y}\n" for i, y in enumerate(labels))
    assert workshop.analyse(content, problem=TIMES).n_folds == 2


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (["a"] * 600, r"All 600 usable rows have the same value in the group column 'who'"),
        ([f"p{i}" for i in range(600)], r"has a different value in each of the 600 usable rows"),
        (
            ["a", "", "b", "NaN"] + ["c"] * 596,
            r"2 rows have no value in the group column 'who': rows 2, 4\. Every row needs one",
        ),
    ],
)
def test_groups_that_cannot_divide_rows(workshop: Workshop, cells: list[object], told: str) -> None:
    with pytest.raises(DataFault, match=told):
        workshop.analyse(table(cells), problem=GROUPS)


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (["2024-01-01"] * 600, r"All 600 usable rows have the same time in the time column 'at'"),
        (
            ["2024-01-01", "2024-01-02", "", *["2024-01-03"] * 597],
            r"1 row has no value in the time column 'at': row 3",
        ),
        (
            ["2024-01-01", "soon", *["2024-01-03"] * 598],
            r"1 row of the time column 'at' cannot be read as times: row 2, the first of them 'soon'",
        ),
    ],
)
def test_times_that_cannot_order_rows(workshop: Workshop, cells: list[object], told: str) -> None:
    with pytest.raises(DataFault, match=told):
        workshop.analyse(table(cells, "at"), problem=TIMES)


@pytest.mark.parametrize("problem", [GROUPS, TIMES])
def test_a_column_that_is_not_there_is_named(workshop: Workshop, problem: ProblemSpec) -> None:
    with pytest.raises(DataFault, match=r"(group|time) column '(who|at)'"):
        workshop.analyse(table(["a", "b"] * 300, "which"), problem=problem)
