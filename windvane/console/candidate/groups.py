"""How a candidate of two classes treats the groups that a column makes, from segments.json of its model insights report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from windvane.console.wording import NOTHING, number, percent
from windvane.group_metrics import (
    FEWEST_ROWS,
    Comparison,
    Estimate,
    Group,
    Rate,
    compare,
    default_reference,
    spread,
)

Document = Mapping[str, Any]

_MOST_COLUMNS, _MOST_GROUPS = 100, 20


@dataclass(frozen=True)
class Cell:
    """A number and its 95 % interval, both as text; the interval is "" where there is none."""

    text: str
    interval: str = ""


@dataclass(frozen=True)
class GroupRow:
    """One group; `rates` are base rate, selection rate, TPR, FPR, precision and accuracy."""

    label: str
    rows: int
    is_reliable: bool
    is_reference: bool
    rates: Sequence[Cell]
    calibration_error: str


@dataclass(frozen=True)
class DifferenceRow:
    """One group beside the reference: DPPL, DI, RD, SD, DAR and AD."""

    label: str
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Groups:
    """The groups of a column.

    columns     that can be chosen, those marked as sensitive first;  column  the chosen one, "" if none is
    reference   label of the group that the others are compared with
    spread      name and value of the largest differences among groups with enough rows
    missing     columns marked as sensitive that the report does not have
    """

    columns: Sequence[str]
    column: str
    reference: str
    rows: Sequence[GroupRow]
    differences: Sequence[DifferenceRow]
    spread: Sequence[tuple[str, str]]
    missing: Sequence[str]
    fewest_rows: int = FEWEST_ROWS


def groups_by(
    document: Document | None, asked: str, reference: str, sensitive: Sequence[str]
) -> Groups | None:
    """Return the groups of the column asked for, else of the first one marked as sensitive; None of a model that has not two
    classes, and without a document.

    document    segments.json
    reference   label of the group to compare with; the largest one if there is no such group
    raises      InvalidRequest if counts of the document contradict each other
    """
    columns = {
        one["name"]: one["segments"][:_MOST_GROUPS]
        for one in (document or {}).get("columns", ())[:_MOST_COLUMNS]
        if all("hits" in segment for segment in one["segments"])
    }
    if not columns:
        return None
    marked = [name for name in sensitive if name in columns]
    missing = [name for name in sensitive if name not in columns]
    names = [*marked, *(name for name in columns if name not in marked)]
    chosen = asked if asked in columns else next(iter(marked), "")
    if not chosen:
        return Groups(names, "", "", (), (), (), missing)
    groups = [Group.of(one) for one in columns[chosen]]
    base = next((one for one in groups if one.label == reference), default_reference(groups))
    others = [one for one in groups if one is not base]
    return Groups(
        names,
        chosen,
        base.label,
        [_row(one, base) for one in groups],
        [DifferenceRow(one.label, _cells(compare(one, base))) for one in others],
        _spread(groups),
        missing,
    )


def _row(group: Group, reference: Group) -> GroupRow:
    rates = (
        group.base,
        group.selection,
        group.true_positive,
        group.false_positive,
        group.precision,
        group.accuracy,
    )
    return GroupRow(
        group.label,
        group.rows,
        group.is_reliable,
        group is reference,
        [_rate(one) for one in rates],
        percent(group.calibration_error),
    )


def _rate(rate: Rate) -> Cell:
    ends = rate.interval
    if ends is None:
        return Cell(NOTHING)
    return Cell(percent(rate.value), f"{percent(ends[0])} to {percent(ends[1])}")


def _cells(found: Comparison) -> list[Cell]:
    estimates = (found.dppl, found.di, found.rd, found.sd, found.dar, found.ad)
    return [_estimate(one) for one in estimates]


def _estimate(found: Estimate | None) -> Cell:
    if found is None:
        return Cell(NOTHING)
    return Cell(number(found.value), f"{number(found.low)} to {number(found.high)}")


def _spread(groups: Sequence[Group]) -> list[tuple[str, str]]:
    found = spread(groups)
    return [
        ("Demographic parity difference", number(found.demographic_parity_difference)),
        ("Disparate impact ratio", number(found.disparate_impact_ratio)),
        ("Equal opportunity difference", number(found.equal_opportunity_difference)),
        ("Equalized odds difference", number(found.equalized_odds_difference)),
    ]
