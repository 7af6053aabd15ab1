"""How a candidate treats the groups that a column makes, from segments.json of its model insights report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from windvane.console.wording import NOTHING, number, percent
from windvane.group_metrics import (
    FEWEST_ROWS,
    A,
    ClassesGroup,
    Estimate,
    Group,
    Mean,
    NumericGroup,
    Rate,
    compare,
    default_reference,
    difference,
    mean_difference,
    spread,
    value_range,
)

Document = Mapping[str, Any]
Say = Callable[[float | None], str]

_MOST_COLUMNS, _MOST_GROUPS, _MOST_CLASSES = 100, 20, 20


class Kind(StrEnum):
    """The kind of target that a model predicts; it decides by which metrics groups are compared."""

    TWO_CLASSES = "two classes"
    MANY_CLASSES = "many classes"
    ONE_OF_MANY = "one class of many"
    NUMBERS = "numbers"


_MEMBERS = {
    "hits": Kind.TWO_CLASSES,
    "classes": Kind.MANY_CLASSES,
    "actual": Kind.NUMBERS,
}
"""Members of segments that tell what a model predicts."""


@dataclass(frozen=True)
class Head:
    """The title of a column of a table, and the term of the glossary that explains it; "" for none."""

    title: str
    term: str = ""


_TRUE_AND_FALSE = "true positive rate, false positive rate"
_RATES = (
    Head("Base rate", "base rate"),
    Head("Selection rate", "selection rate"),
    Head("True positive rate", _TRUE_AND_FALSE),
    Head("False positive rate", _TRUE_AND_FALSE),
    Head("Precision", "precision, recall"),
)
_MORE_OF_TWO = (Head("Accuracy"), Head("Calibration error", "calibration error"))
_DIFFERENCES = (
    Head("Selection rate (DPPL)"),
    Head("Disparate impact (DI)", "disparate impact"),
    Head("Recall (RD)", "precision, recall"),
    Head("Specificity (SD)", _TRUE_AND_FALSE),
    Head("Precision (DAR)"),
)
_ACCURACY_DIFFERENCE = Head("Accuracy (AD)")
_MACRO_RECALL = Head("Macro recall", "precision, recall")
_ERRORS = (Head("Mean residual"), Head("Mean absolute error"), Head("Root mean squared error"))


@dataclass(frozen=True)
class Cell:
    """A number and its 95 % interval, both as text; the interval is "" where there is none.

    stands_out    whether it is a difference, or a ratio, whose interval contains no equality
    """

    text: str
    interval: str = ""
    stands_out: bool = False


@dataclass(frozen=True)
class GroupRow:
    """One group, with a cell for each head."""

    label: str
    rows: int
    is_reliable: bool
    is_reference: bool
    cells: Sequence[Cell]


@dataclass(frozen=True)
class DifferenceRow:
    """One group beside the reference, with a cell for each head of differences."""

    label: str
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Groups:
    """The groups of a column.

    columns     that can be chosen, those marked as sensitive first;  column  the chosen one, "" if none is
    missing     columns marked as sensitive that the report does not have
    classes     place and label of each class that can be chosen, () of a model that has not many;  place  of the chosen one
    reference   label of the group that the others are compared with
    spread      name, term of the glossary and value of the largest differences among groups with enough rows
    """

    kind: Kind
    columns: Sequence[str]
    missing: Sequence[str]
    classes: Sequence[tuple[int, str]] = ()
    column: str = ""
    place: int | None = None
    reference: str = ""
    heads: Sequence[Head] = ()
    rows: Sequence[GroupRow] = ()
    difference_heads: Sequence[Head] = ()
    differences: Sequence[DifferenceRow] = ()
    spread: Sequence[tuple[Head, str]] = ()
    fewest_rows: int = FEWEST_ROWS


@dataclass(frozen=True)
class AskedGroups:
    """A request for group metrics, as the page's form sends it.

    column      "" for the first of `sensitive`, the columns that the tags of the job mark
    reference   label of the group that others are compared with; "" for the largest
    place       of the class, of many, that is compared with all others; None for all classes together
    """

    column: str = ""
    reference: str = ""
    place: int | None = None
    sensitive: tuple[str, ...] = ()


def groups_by(document: Document | None, asked: AskedGroups) -> Groups | None:
    """Return the groups of a column; None without a document, and of one of an earlier version, which has no counts.

    document    segments.json
    raises      InvalidRequest if counts of the document contradict each other
    """
    columns = {
        one["name"]: one["segments"][:_MOST_GROUPS]
        for one in (document or {}).get("columns", ())[:_MOST_COLUMNS]
        if one["segments"] and _kind_of(one["segments"]) is not None
    }
    if document is None or not columns:
        return None
    marked = [name for name in asked.sensitive if name in columns]
    classes = list(enumerate(document.get("labels", ())[:_MOST_CLASSES]))
    kind = _kind_of(next(iter(columns.values())))
    if kind is Kind.MANY_CLASSES and asked.place in dict(classes):
        kind = Kind.ONE_OF_MANY
    found = Groups(
        kind or Kind.NUMBERS,
        [*marked, *(name for name in columns if name not in marked)],
        [name for name in asked.sensitive if name not in columns],
        classes,
    )
    chosen = asked.column if asked.column in columns else next(iter(marked), "")
    if not chosen:
        return found
    found, segments = replace(found, column=chosen), columns[chosen]
    if kind is Kind.NUMBERS:
        return _of_numbers(found, [NumericGroup.of(one) for one in segments], asked.reference)
    if kind is Kind.MANY_CLASSES:
        groups = [ClassesGroup.of(one) for one in segments]
        is_whole = document.get("class_count") == len(classes)
        return _of_every_class(found, groups, asked.reference, is_whole=is_whole)
    if kind is Kind.ONE_OF_MANY and asked.place is not None:
        found = replace(found, place=asked.place)
        of_class = [Group.of_class(one, asked.place) for one in segments]
        return _of_one_class(found, of_class, asked.reference)
    return _of_one_class(found, [Group.of(one) for one in segments], asked.reference)


def _kind_of(segments: Sequence[Document]) -> Kind | None:
    """Return what a model predicts; None if an earlier version wrote the segments."""
    found = (kind for name, kind in _MEMBERS.items() if all(name in one for one in segments))
    return next(found, None)


def _of_one_class(found: Groups, groups: Sequence[Group], reference: str) -> Groups:
    """Return the groups by how often one class is predicted; of two classes, accuracy and calibration are told too."""
    is_binary = found.kind is Kind.TWO_CLASSES
    base, told = _reference(groups, reference), spread(groups)
    return replace(
        found,
        reference=base.label,
        heads=[*_RATES, *(_MORE_OF_TWO if is_binary else ())],
        rows=[_row(one, base, _rates(one, is_binary=is_binary)) for one in groups],
        difference_heads=[*_DIFFERENCES, *((_ACCURACY_DIFFERENCE,) if is_binary else ())],
        differences=[
            DifferenceRow(one.label, _compared(one, base, is_binary=is_binary))
            for one in groups
            if one is not base
        ],
        spread=[
            (Head(title, term), _thousandths(value))
            for title, term, value in (
                (
                    "Demographic parity difference",
                    "selection rate",
                    told.demographic_parity_difference,
                ),
                ("Disparate impact ratio", "disparate impact", told.disparate_impact_ratio),
                (
                    "Equal opportunity difference",
                    "selection rate",
                    told.equal_opportunity_difference,
                ),
                ("Equalized odds difference", "selection rate", told.equalized_odds_difference),
            )
        ],
    )


def _rates(group: Group, *, is_binary: bool) -> list[Cell]:
    rates = (
        group.base,
        group.selection,
        group.true_positive,
        group.false_positive,
        group.precision,
        *((group.accuracy,) if is_binary else ()),
    )
    calibration = [Cell(percent(group.calibration_error))] if is_binary else []
    return [*map(_rate, rates), *calibration]


def _compared(group: Group, base: Group, *, is_binary: bool) -> list[Cell]:
    found = compare(group, base)
    others = (found.rd, found.sd, found.dar, *((found.ad,) if is_binary else ()))
    return [
        _estimate(found.dppl, _thousandths),
        _estimate(found.di, _thousandths, equal=1.0),
        *(_estimate(one, _thousandths) for one in others),
    ]


def _of_every_class(
    found: Groups, groups: Sequence[ClassesGroup], reference: str, *, is_whole: bool
) -> Groups:
    """Return the groups by how often the right one of many classes is predicted; `is_whole` says whether the groups have
    counts of all classes."""
    base = _reference(groups, reference)
    reliable = [one.accuracy for one in groups if one.is_reliable]
    return replace(
        found,
        reference=base.label,
        heads=[Head("Accuracy"), *((_MACRO_RECALL,) if is_whole else ())],
        rows=[
            _row(
                one,
                base,
                [_rate(one.accuracy), *([_share(one.macro_recall)] if is_whole else [])],
            )
            for one in groups
        ],
        difference_heads=[_ACCURACY_DIFFERENCE],
        differences=[
            DifferenceRow(
                one.label, [_estimate(difference(base.accuracy, one.accuracy), _thousandths)]
            )
            for one in groups
            if one is not base
        ],
        spread=[_widest("Accuracy", [one.count / one.of for one in reliable], _thousandths)],
    )


def _of_numbers(found: Groups, groups: Sequence[NumericGroup], reference: str) -> Groups:
    base = _reference(groups, reference)
    reliable = [one for one in groups if one.is_reliable]
    return replace(
        found,
        reference=base.label,
        heads=[Head("Mean target"), Head("Mean prediction"), *_ERRORS],
        rows=[
            _row(
                one,
                base,
                [Cell(number(one.actual)), Cell(number(one.predicted)), *map(_mean, _errors(one))],
            )
            for one in groups
        ],
        difference_heads=_ERRORS,
        differences=[
            DifferenceRow(one.label, _errors_compared(one, base))
            for one in groups
            if one is not base
        ],
        spread=[
            _widest(head.title, [_errors(one)[place].value for one in reliable], number)
            for place, head in enumerate(_ERRORS)
        ],
    )


def _errors(group: NumericGroup) -> tuple[Mean, Mean, Mean]:
    return group.residual, group.mae, group.rmse


def _errors_compared(group: NumericGroup, base: NumericGroup) -> list[Cell]:
    if not (group.is_reliable and base.is_reliable):
        return [Cell(NOTHING) for _ in _ERRORS]
    pairs = zip(_errors(base), _errors(group), strict=True)
    return [_estimate(mean_difference(one, other), number) for one, other in pairs]


def _widest(title: str, values: Sequence[float], say: Say) -> tuple[Head, str]:
    return Head(f"{title}: largest minus smallest"), say(value_range(values))


def _reference(groups: Sequence[A], label: str) -> A:
    return next((one for one in groups if one.label == label), default_reference(groups))


def _row(group: A, reference: A, cells: list[Cell]) -> GroupRow:
    return GroupRow(group.label, group.rows, group.is_reliable, group is reference, cells)


def _rate(rate: Rate) -> Cell:
    ends = rate.interval
    if ends is None:
        return Cell(NOTHING)
    return Cell(percent(rate.value), f"{percent(ends[0])} to {percent(ends[1])}")


def _share(found: Estimate | None) -> Cell:
    if found is None:
        return Cell(NOTHING)
    return Cell(percent(found.value), f"{percent(found.low)} to {percent(found.high)}")


def _mean(mean: Mean) -> Cell:
    ends = mean.interval
    if ends is None:
        return Cell(number(mean.value))
    return Cell(number(mean.value), f"{number(ends[0])} to {number(ends[1])}")


def _estimate(found: Estimate | None, say: Say, equal: float = 0.0) -> Cell:
    """Return a difference or a ratio; `equal` is its value if there is none."""
    if found is None:
        return Cell(NOTHING)
    stands_out = not found.low <= equal <= found.high
    return Cell(say(found.value), f"{say(found.low)} to {say(found.high)}", stands_out)


def _thousandths(share: float | None) -> str:
    """Return a difference of shares, or a ratio of them.

    >>> _thousandths(-0.30166), _thousandths(0.00002)
    ('-0.302', '0.000')
    """
    return NOTHING if share is None else f"{share:z.3f}"
