"""A row with other values than the one it started from: what was changed, and what that changes of the prediction."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from windvane.console.trying.explanation import decision
from windvane.console.trying.intervals import Intervals
from windvane.console.trying.schema import Schema
from windvane.console.wording import number, percent
from windvane.errors import InvalidRequest

_MOST_SHOWN = 12
"""Columns that differ, and labels of which probabilities are told."""


@dataclass(frozen=True)
class Outcome:
    """A response of the model to both rows.

    change    "" where there is no difference of numbers
    """

    name: str
    before: str
    now: str
    change: str = ""


@dataclass(frozen=True)
class ChangedRow:
    """A changed row beside the one it started from.

    columns     name, value before and now of those that differ, the first ones
    n_changed   of all
    remarks     why the label is not the likeliest one, and what makes the prediction unreliable
    """

    outcomes: Sequence[Outcome]
    columns: Sequence[Outcome]
    n_changed: int
    remarks: Sequence[str]


def start_row(text: str, schema: Schema) -> list[str]:
    """Read the row that was started from: a JSON list with a cell for each column.

    raises    InvalidRequest
    """
    try:
        cells = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("The starting row is not JSON.") from error
    is_row = isinstance(cells, list) and len(cells) == len(schema.names)
    if not is_row or not all(isinstance(cell, str) for cell in cells):
        raise InvalidRequest(f"The starting row must be a list of {len(schema.names)} texts.")
    return list(cells)


def changed_row(
    schema: Schema,
    rows: tuple[Sequence[str], Sequence[str]],
    head: Sequence[str],
    answers: Sequence[Sequence[Any]],
    intervals: Intervals | None = None,
) -> ChangedRow:
    """Return what is shown of two rows and the model's responses to them.

    rows      before and now
    head      names of the responses;  answers  to both rows
    intervals of a regression, None if they are not known
    """
    before, now = rows
    changed = [
        Outcome(name, one, other)
        for name, one, other in zip(schema.names, before, now, strict=True)
        if one.strip() != other.strip()
    ]
    outcomes = list(_outcomes(head, answers[0], answers[1]))
    if intervals is not None and list(head) == ["score"]:
        ends = (intervals.around(answer[0]) for answer in answers)
        told = [f"{number(low)} to {number(high)}" for low, high in ends]
        outcomes.append(Outcome(f"{percent(intervals.level)} interval", *told))
    return ChangedRow(
        outcomes,
        changed[:_MOST_SHOWN],
        len(changed),
        [*_decided(head, answers[1]), *schema.far_outside(now)],
    )


def _decided(head: Sequence[str], now: Sequence[Any]) -> list[str]:
    told = dict(zip(head, now, strict=True))
    labels, chances = told.get("labels"), told.get("probabilities")
    if not labels or not chances or "predicted_label" not in told:
        return []
    return decision(
        str(told["predicted_label"]), dict(zip(labels, map(float, chances), strict=True))
    )


def _outcomes(head: Sequence[str], before: Sequence[Any], now: Sequence[Any]) -> Iterator[Outcome]:
    told, told_now = (dict(zip(head, answer, strict=True)) for answer in (before, now))
    is_same_label = told.get("predicted_label") == told_now.get("predicted_label")
    for name in head:
        if name == "labels" or (name == "probability" and told.get("labels")):
            continue  # the probabilities of all labels say it, and whose they are
        one, other = told[name], told_now[name]
        if isinstance(one, list):
            yield from _by_label(told.get("labels", []), one, other)
        elif isinstance(one, int | float) and not isinstance(one, bool):
            # The probability is that of the predicted label: of two labels it has no difference.
            change = _difference(one, other) if name != "probability" or is_same_label else ""
            yield Outcome(name, number(one), number(other), change)
        else:
            yield Outcome(name, str(one), str(other))


def _by_label(
    labels: Sequence[str], before: Sequence[Any], now: Sequence[Any]
) -> Iterator[Outcome]:
    """Yield the probability of each label, those that changed most first."""
    names = [f"probability of {label}" for label in labels] or [
        f"probability {place}" for place in range(1, len(before) + 1)
    ]
    each = list(zip(names, map(float, before), map(float, now), strict=True))
    each.sort(key=lambda one: -abs(one[2] - one[1]))
    for name, one, other in each[:_MOST_SHOWN]:
        yield Outcome(name, number(one), number(other), _difference(one, other))


def _difference(before: float, now: float) -> str:
    """
    >>> _difference(0.25, 0.5), _difference(3.0, 1.0), _difference(1.0, 1.0)
    ('+0.25', '\u22122', 'none')
    """
    gain = float(f"{now - before:.4g}")
    if not math.isfinite(gain):
        return ""
    if gain == 0:
        return "none"
    return f"+{number(gain)}" if gain > 0 else f"−{number(-gain)}"
