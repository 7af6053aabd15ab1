"""The target: which problem it poses, which rows are valid, and the numbers that learners see.

Labels stay as they are spelled in the data; they are sorted, numbers by value, and a class index is a
position in that order. Of two classes the second is the positive one ("no" < "yes", 0 < 1, False < True).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from windvane.domain.problem import (
    METRICS_OF,
    MetricName,
    ProblemSpec,
    ProblemType,
    check_objective,
    default_objective,
)
from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.encoded import EncodedColumn, read_column
from windvane.engine.data.notation import find_numbers
from windvane.engine.data.plainnumbers import PlainNumbers
from windvane.errors import DataFault, InvalidRequest
from windvane.notes.codes import DataValue, NoteCode
from windvane.notes.note import Note

MOST_CLASSES = 2000
MOST_INTEGER_CLASSES = 20
"""Integers with more distinct values than this are quantities, unless the caller says otherwise."""

MOSTLY = 0.95
_NO_LABEL = frozenset({"nan", "null", "n/a", "#n/a", "<na>", "?", "na"})
_BOOLEAN = {"false": 0, "true": 1}
_AS_ASKED = "set by you"


@dataclass(frozen=True)
class Target:
    """The target of a table with the problem that follows from it.

    y          (n_valid,) float64: values, or class indices
    valid      (n_rows,) bool: rows with a usable target; y has only those
    n_invalid  rows without one, and some of their texts
    unseen     labels that only the validation data have, with their rows, which are not valid
    """

    problem_type: ProblemType
    reason: str
    objective: MetricName
    y: NDArray[np.float64]
    valid: NDArray[np.bool_]
    labels: tuple[str, ...] = ()
    label_type: str = "float"
    class_counts: tuple[int, ...] = ()
    invalid_examples: tuple[str, ...] = ()
    unseen: dict[str, int] = field(default_factory=dict)

    @property
    def n_invalid(self) -> int:
        return int((~self.valid).sum()) - sum(self.unseen.values())


@dataclass(frozen=True)
class _Facts:
    """The distinct labels and their counts, and, where they are numbers, how to read them."""

    name: str
    labels: tuple[str, ...]
    counts: tuple[int, ...]
    spec: ColumnSpec | None
    n_integers: int

    @property
    def n_rows(self) -> int:
        return sum(self.counts)

    @property
    def is_numeric(self) -> bool:
        return self.spec is not None

    @property
    def is_integer(self) -> bool:
        return self.n_integers == len(self.labels)


def may_be_numbers(problem: ProblemSpec) -> bool:
    """Return whether a target of plain numbers with fractions would be taken as it is: nobody asks for classes."""
    if problem.problem_type is not None:
        return problem.problem_type is ProblemType.REGRESSION
    return problem.objective is None or problem.objective in METRICS_OF[ProblemType.REGRESSION]


def resolve_target(
    column: EncodedColumn | PlainNumbers,
    problem: ProblemSpec,
    min_rows: int,
    is_validation: NDArray[np.bool_] | None = None,
) -> Target:
    """Settle problem type and objective, and encode the target.

    column         PlainNumbers only if `may_be_numbers`
    is_validation  (n_rows,) rows of a validation set, which have no say in what the problem is
    raises         DataFault if the target cannot be learned from, or contradicts what the caller said
    """
    if isinstance(column, PlainNumbers):
        numbers = column if is_validation is None else column.keep(~is_validation)
        return _plain(column, numbers, problem, min_rows)
    training = column if is_validation is None else column.keep(~is_validation)
    facts = _facts(training)
    _check_rows(training, facts.n_rows, min_rows)
    problem_type, reason = _settle(facts, problem)
    objective = problem.objective or default_objective(problem_type)
    _check_objective(problem_type, objective, reason)
    if problem_type is ProblemType.REGRESSION:
        target = _as_numbers(column, facts, reason, objective)
    else:
        target = _as_classes(column, facts, problem_type, reason, objective)
    y = target.y if is_validation is None else target.y[~is_validation[target.valid]]
    _check_rows(training, len(y), min_rows)
    if not target.labels and np.ptp(y) == 0:
        raise DataFault(_constant(column.name, f"{y[0]:g}", len(y)))
    if is_validation is None or not target.labels:
        return target
    return replace(target, unseen=_labels_of(column.keep(is_validation & ~target.valid)))


def _plain(
    column: PlainNumbers, training: PlainNumbers, problem: ProblemSpec, min_rows: int
) -> Target:
    valid = ~np.isnan(column.values)
    y = column.values[valid]
    _check_rows(training, int((~np.isnan(training.values)).sum()), min_rows)
    reason = (
        f"the target is numeric with fractions, {len(np.unique(y))} distinct values"
        if problem.problem_type is None
        else _AS_ASKED
    )
    objective = problem.objective or default_objective(ProblemType.REGRESSION)
    _check_objective(ProblemType.REGRESSION, objective, reason)
    return Target(ProblemType.REGRESSION, reason, objective, y, valid)


def _labels_of(column: EncodedColumn) -> dict[str, int]:
    """Return texts that can be labels, with their rows."""
    told = zip(column.texts.to_pylist(), column.counts(), strict=True)
    return {text: int(count) for text, count in told if is_label(text)}


def is_label(text: str) -> bool:
    """Return whether a cell holds a label: it is neither empty nor a sign of a missing value."""
    stripped = text.strip()
    return bool(stripped) and stripped.casefold() not in _NO_LABEL


def _facts(column: EncodedColumn) -> _Facts:
    found = _labels_of(column)
    if not found:
        facts = {"column": DataValue(column.name), "n_rows": column.n_rows}
        raise DataFault(Note(NoteCode.TARGET_EMPTY, facts))
    if len(found) == 1:
        raise DataFault(_constant(column.name, _short(next(iter(found))), sum(found.values())))
    stripped = [label.strip() for label in found]
    numbers = find_numbers(stripped[:5000], np.array(list(found.values())[:5000]), MOSTLY)
    spec = (
        None
        if numbers is None
        else ColumnSpec(
            column.name, ColumnType.NUMERIC, "target", parse=dict(numbers.notation.to_json())
        )
    )
    n_integers = sum(_is_integer(label) for label in stripped) if spec else 0
    return _Facts(column.name, tuple(found), tuple(found.values()), spec, n_integers)


def _is_integer(label: str) -> bool:
    try:
        return float(label).is_integer()
    except ValueError:
        return False


def _settle(facts: _Facts, problem: ProblemSpec) -> tuple[ProblemType, str]:
    if problem.problem_type is None:
        return _infer(facts, problem.objective)
    _check_fits(facts, problem.problem_type)
    return problem.problem_type, _AS_ASKED


def _infer(facts: _Facts, objective: MetricName | None) -> tuple[ProblemType, str]:
    n, rows = len(facts.labels), facts.n_rows
    if n == 2:
        shown = " and ".join(f"'{_short(label)}'" for label in sorted(facts.labels))
        return ProblemType.BINARY, f"the target has two distinct values: {shown}"
    is_of_classes = objective in METRICS_OF[ProblemType.MULTICLASS]
    if is_of_classes and n > MOST_CLASSES:
        raise DataFault(
            f"The objective {objective} is for classes, but the target column '{facts.name}' has {n} distinct values in "
            f"{rows} rows; at most {MOST_CLASSES} classes are supported. Choose another target, or merge classes."
        )
    if not facts.is_numeric:
        if n > MOST_CLASSES or (n > max(20, 0.5 * rows) and not is_of_classes):
            raise DataFault(
                f"The problem type cannot be inferred from the target column '{facts.name}': it "
                f"has {n} distinct text values in {rows} rows, too many for classes, and they "
                "are not numbers. Choose another target, or set the problem type and the objective "
                "(ProblemType and AutoMLJobObjective)."
            )
        return (
            ProblemType.MULTICLASS,
            f"the target has {n} distinct non-numeric values in {rows} rows",
        )
    if objective is not None:
        fits_numbers = objective in METRICS_OF[ProblemType.REGRESSION]
        return (
            ProblemType.REGRESSION if fits_numbers else ProblemType.MULTICLASS,
            f"the target is numeric with {n} distinct values and the objective is {objective}",
        )
    if not facts.is_integer:
        return ProblemType.REGRESSION, f"the target is numeric with fractions, {n} distinct values"
    if n > MOST_INTEGER_CLASSES:
        return ProblemType.REGRESSION, f"the target is numeric with {n} distinct integers"
    return ProblemType.MULTICLASS, f"the target has few distinct integers: {n} in {rows} rows"


def _check_fits(facts: _Facts, problem_type: ProblemType) -> None:
    n = len(facts.labels)
    if problem_type is ProblemType.BINARY and n != 2:
        shown = ", ".join(f"'{_short(label)}'" for label in facts.labels[:5])
        raise DataFault(
            f"ProblemType is BinaryClassification but the target column '{facts.name}' has {n} distinct "
            f"values ({shown}, ...). Use MulticlassClassification or Regression, or leave ProblemType out."
        )
    if problem_type is ProblemType.MULTICLASS and n > MOST_CLASSES:
        raise DataFault(
            f"ProblemType is MulticlassClassification but the target column '{facts.name}' has "
            f"{n} distinct values in {facts.n_rows} rows; at most {MOST_CLASSES} classes are "
            "supported. Use Regression for quantities, or merge classes."
        )
    if problem_type is ProblemType.REGRESSION and not any(_is_number(x) for x in facts.labels):
        raise DataFault(
            f"ProblemType is Regression but the target column '{facts.name}' contains no "
            f"numbers: its values look like '{_short(facts.labels[0])}'. Use "
            "BinaryClassification or MulticlassClassification, or leave ProblemType out."
        )


def _is_number(label: str) -> bool:
    return find_numbers([label.strip()], np.array([1]), 1.0) is not None


def _check_objective(problem_type: ProblemType, objective: MetricName, reason: str) -> None:
    try:
        check_objective(problem_type, objective)
    except InvalidRequest as error:
        raise DataFault(f"{error} The problem is {problem_type}: {reason}.") from error


def _as_numbers(column: EncodedColumn, facts: _Facts, reason: str, objective: MetricName) -> Target:
    spec = facts.spec or ColumnSpec(column.name, ColumnType.NUMERIC, "target")
    read = read_column(column, spec)
    valid = np.isfinite(read.values)
    return Target(
        ProblemType.REGRESSION,
        reason,
        objective,
        read.values[valid],
        valid,
        label_type="integer" if facts.is_integer else "float",
        invalid_examples=tuple(list(read.unreadable)[:3]),
    )


def _as_classes(
    column: EncodedColumn,
    facts: _Facts,
    problem_type: ProblemType,
    reason: str,
    objective: MetricName,
) -> Target:
    label_type = _label_type(facts)
    labels = tuple(sorted(facts.labels, key=lambda label: _order(label, label_type)))
    counts = dict(zip(facts.labels, facts.counts, strict=True))
    single = next((label for label in labels if counts[label] == 1), None)
    if single is not None:
        of_label = {
            "label": DataValue(_short(single)),
            "column": DataValue(column.name),
            "is_numeric": facts.is_numeric,
        }
        raise DataFault(Note(NoteCode.CLASS_OF_ONE_ROW, of_label))
    index_of = {label: index for index, label in enumerate(labels)}
    texts = column.texts.to_pylist()
    indices = np.array([index_of.get(text, -1) for text in texts] + [-1], dtype=np.float64)
    y = indices[column.codes]
    return Target(
        problem_type,
        reason,
        objective,
        y[y >= 0],
        y >= 0,
        labels,
        label_type,
        tuple(np.bincount(y[y >= 0].astype(np.int64), minlength=len(labels)).tolist()),
        tuple(text for text in texts if not is_label(text))[:3],
    )


def _label_type(facts: _Facts) -> str:
    if all(label.strip().casefold() in _BOOLEAN for label in facts.labels):
        return "boolean"
    if not all(_is_plain_float(label) for label in facts.labels):
        return "string"
    return "integer" if all(_is_plain_integer(label) for label in facts.labels) else "float"


def _is_plain_float(label: str) -> bool:
    try:
        return np.isfinite(float(label)) and "_" not in label
    except ValueError:
        return False


def _is_plain_integer(label: str) -> bool:
    return label.strip().lstrip("+-").isdigit()


def _order(label: str, label_type: str) -> tuple[float, str]:
    if label_type == "string":
        return 0.0, label
    if label_type == "boolean":
        return float(_BOOLEAN[label.strip().casefold()]), label
    return float(label), label


def _check_rows(column: EncodedColumn | PlainNumbers, n_valid: int, min_rows: int) -> None:
    if n_valid >= min_rows:
        return
    facts = {
        "n_rows": n_valid,
        "n_invalid": column.n_rows - n_valid,
        "least_rows": min_rows,
        "column": DataValue(column.name),
    }
    raise DataFault(Note(NoteCode.TOO_FEW_ROWS, facts))


def _constant(column: str, value: str, n_rows: int) -> Note:
    facts = {
        "column": DataValue(column),
        "value": DataValue(value),
        "n_rows": n_rows,
    }
    return Note(NoteCode.TARGET_CONSTANT, facts)


def _short(label: str) -> str:
    return label if len(label) <= 60 else label[:57] + "..."
