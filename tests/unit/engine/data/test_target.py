from __future__ import annotations

import pyarrow as pa
import pytest

from windvane.domain.problem import MetricName, ProblemSpec, ProblemType
from windvane.engine.data.encoded import encode
from windvane.engine.data.target import Target, resolve_target
from windvane.errors import DataFault


def resolved(
    cells: list[str | None],
    problem_type: ProblemType | None = None,
    objective: MetricName | None = None,
    min_rows: int = 2,
) -> Target:
    column = encode("y", pa.chunked_array([pa.array(cells, pa.string())]))
    return resolve_target(column, ProblemSpec("y", problem_type, objective), min_rows)


@pytest.mark.parametrize(
    ("cells", "problem_type"),
    [
        (["True.", "False."] * 10, ProblemType.BINARY),
        (["0", "1"] * 10, ProblemType.BINARY),
        (["0.5", "1.5"] * 10, ProblemType.BINARY),
        (["a", "b", "c"] * 10, ProblemType.MULTICLASS),
        (["1", "2", "3"] * 10, ProblemType.MULTICLASS),
        (["1.0", "2.0", "3.0"] * 10, ProblemType.MULTICLASS),
        (["1.5", "2", "3"] * 10, ProblemType.REGRESSION),
        ([str(i) for i in range(40)] * 2, ProblemType.REGRESSION),
        (["$1,200", "$900", "$85.50"] * 10, ProblemType.REGRESSION),
    ],
)
def test_the_problem_type_is_told_by_the_target(
    cells: list[str | None], problem_type: ProblemType
) -> None:
    assert resolved(cells).problem_type is problem_type


def test_a_regression_objective_settles_few_integers() -> None:
    cells: list[str | None] = ["1", "2", "3"] * 10
    assert resolved(cells, objective=MetricName.RMSE).problem_type is ProblemType.REGRESSION


@pytest.mark.parametrize(
    ("cells", "labels", "label_type"),
    [
        (["True.", "False."], ("False.", "True."), "string"),
        (["true", "false"], ("false", "true"), "boolean"),
        (["10", "9", "2"], ("2", "9", "10"), "integer"),
        (["1.0", "0.0"], ("0.0", "1.0"), "float"),
        (["yes", "no"], ("no", "yes"), "string"),
        ([" <=50K", " >50K"], (" <=50K", " >50K"), "string"),
    ],
)
def test_labels_stay_as_they_are_spelled_and_are_sorted(
    cells: list[str | None], labels: tuple[str, ...], label_type: str
) -> None:
    target = resolved(cells * 5)
    assert (target.labels, target.label_type) == (labels, label_type)
    assert [target.labels[int(i)] for i in target.y[: len(cells)]] == cells


def test_rows_without_a_label_are_left_out_and_counted() -> None:
    target = resolved(["a", "", None, "b", " ", "NaN"] * 5)
    assert target.n_invalid == 20
    assert list(target.y) == [0, 1] * 5
    assert target.class_counts == (5, 5)


def test_regression_leaves_out_what_is_no_number() -> None:
    target = resolved(["1.5", "2.5", "high", "9"] * 5, ProblemType.REGRESSION)
    assert target.n_invalid == 5
    assert target.invalid_examples == ("high",)


@pytest.mark.parametrize(
    ("cells", "problem_type", "message"),
    [
        ([None, ""], None, "is empty in all 2 rows"),
        (["a"] * 9, None, r"has only one value: 'a' \(rows with a value: 9\)"),
        (["a", "a", "b", "b", "c"], None, "The class 'c' .* has a single row"),
        ([f"w{i}" for i in range(50)] * 1, None, "Choose another target"),
        (["a", "b", "c"] * 2, ProblemType.BINARY, "has 3 distinct values"),
        (["a", "b", "c"] * 2, ProblemType.REGRESSION, "contains no numbers"),
        ([str(i) for i in range(2001)] * 2, ProblemType.MULTICLASS, "at most 2000 classes"),
    ],
)
def test_a_target_that_cannot_be_learned_is_refused(
    cells: list[str | None], problem_type: ProblemType | None, message: str
) -> None:
    with pytest.raises(DataFault, match=message):
        resolved(cells, problem_type)


def test_too_few_rows_are_told_with_their_count() -> None:
    with pytest.raises(
        DataFault, match=r"have 6 rows .* \(3 other rows have none\)\. At least 500"
    ):
        resolved(["a", "b", None] * 3, min_rows=500)


def test_an_objective_that_does_not_fit_names_those_that_do() -> None:
    with pytest.raises(DataFault, match=r"MSE does not fit .*BinaryClassification.*F1, AUC"):
        resolved(["a", "b"] * 3, objective=MetricName.MSE)


def test_the_objective_is_the_default_of_the_problem_type() -> None:
    assert resolved(["a", "b"] * 3).objective is MetricName.F1
