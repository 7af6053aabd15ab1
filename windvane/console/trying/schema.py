"""The columns that an endpoint's model takes as the fields of a form."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_MOST_CHOICES = 30
"""Categories among which one chooses from a list; of more one types."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LETTERS = {"%Y": "YYYY", "%y": "YY", "%m": "MM", "%d": "DD", "%b": "Mon", "%H": "hh", "%M": "mm"}


class Control(StrEnum):
    """The kinds of form controls for a cell."""

    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    LIST = "list"
    LONG = "long"
    LINE = "line"


@dataclass(frozen=True)
class Slider:
    """The range of a number in the training data.

    step    that an arrow key makes
    """

    least: str
    most: str
    step: str


@dataclass(frozen=True)
class Field:
    """A column of the model as a field of the form.

    place     of the column in a row
    value    the cell as it stands in the form
    choices  categories, the most frequent first
    slider   None but for numbers that differ
    """

    place: int
    name: str
    kind: str
    control: Control
    value: str
    typical: str
    hint: str
    choices: Sequence[str] = ()
    is_used: bool = True
    slider: Slider | None = None

    @property
    def is_strange(self) -> bool:
        """A category that is none of the choices."""
        return bool(self.value) and self.value not in self.choices


@dataclass(frozen=True)
class Schema:
    """The schema that DescribeEndpointSchema returns, as far as pages need it."""

    variant: str
    target: str
    problem_type: str
    algorithm: str
    labels: Sequence[str]
    columns: Sequence[Mapping[str, Any]]
    has_typical_row: bool
    responses: Sequence[str] = ()

    @property
    def names(self) -> list[str]:
        return [column["Name"] for column in self.columns]

    @property
    def typical_row(self) -> list[str]:
        return [column["Typical"] for column in self.columns]

    def fields(self, row: Sequence[str]) -> tuple[Field, ...]:
        """Return the fields of the form, filled with the values of a row.

        row    a cell for each column
        """
        pairs = zip(self.columns, row, strict=True)
        return tuple(_field(place, column, cell) for place, (column, cell) in enumerate(pairs))

    def far_outside(self, row: Sequence[str]) -> tuple[str, ...]:
        """Return a warning for each number further outside the range of the training data than that range is wide.

        row    cells in the order of the columns
        """
        pairs = zip(self.columns, row, strict=False)
        return tuple(
            f"{column['Name']} is {cell.strip()}, far outside the range of the training data "
            f"({column['Minimum']} to {column['Maximum']}): the prediction is unreliable."
            for column, cell in pairs
            if column["Used"] and _is_far_outside(column, cell.strip())
        )


def schema_from(answer: Mapping[str, Any]) -> Schema:
    return Schema(
        answer["VariantName"],
        answer["Target"],
        answer["ProblemType"],
        answer["Algorithm"],
        answer["Labels"],
        answer["Columns"],
        answer["HasTypicalRow"],
        answer["Responses"],
    )


def _field(place: int, column: Mapping[str, Any], cell: str) -> Field:
    control = _control(column, cell)
    return Field(
        place=place,
        name=column["Name"],
        kind=column["Type"],
        control=control,
        value=cell,
        typical=column["Typical"],
        hint=_hint(column),
        choices=column.get("Values", ()),
        is_used=column["Used"],
        slider=_slider(column) if control is Control.NUMBER and column["Used"] else None,
    )


def _slider(column: Mapping[str, Any]) -> Slider | None:
    least, most = column.get("Minimum", ""), column.get("Maximum", "")
    if not (_is_number(least) and _is_number(most)) or not float(least) < float(most):
        return None
    is_whole = all(float(one).is_integer() for one in (least, most, column["Typical"] or "0"))
    span = float(most) - float(least)
    return Slider(least, most, "1" if is_whole else f"{span / 200:.2g}")


def _control(column: Mapping[str, Any], cell: str) -> Control:
    """Return a field that takes the cell as it is."""
    kind, values = column["Type"], column.get("Values", ())
    if kind == "numeric":
        is_plain = "Format" not in column and (not cell or _is_number(cell))
        return Control.NUMBER if is_plain else Control.LINE
    if kind == "datetime":
        days = [cell, column.get("Minimum", ""), column.get("Maximum", "")]
        is_plain = column.get("Format") == "%Y-%m-%d" and all(
            not one or _DAY.fullmatch(one) for one in days
        )
        return Control.DATE if is_plain else Control.LINE
    if kind == "text" or "\n" in cell:
        return Control.LONG
    if values:
        is_short = len(values) == column.get("ValueCount") and len(values) <= _MOST_CHOICES
        return Control.CHOICE if is_short else Control.LIST
    return Control.LINE


def _is_far_outside(column: Mapping[str, Any], cell: str) -> bool:
    ends = column.get("Minimum", ""), column.get("Maximum", "")
    if column["Type"] != "numeric" or not all(_is_number(one) for one in (*ends, cell)):
        return False
    low, high = map(float, ends)
    return not 2 * low - high <= float(cell) <= 2 * high - low


def _is_number(cell: str) -> bool:
    return re.fullmatch(r"-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", cell) is not None


def _hint(column: Mapping[str, Any]) -> str:
    told = [_range(column), _format(column)]
    if column["Type"] == "text":
        told.append("free text")
    if column["MayBeMissing"]:
        told.append("may be empty")
    return " · ".join(one for one in told if one)


def _range(column: Mapping[str, Any]) -> str:
    least, most = column.get("Minimum", ""), column.get("Maximum", "")
    if least and most:
        return f"{least} to {most}"
    n_values = column.get("ValueCount", 0)
    return f"{n_values} categories" if n_values > _MOST_CHOICES else ""


def _format(column: Mapping[str, Any]) -> str:
    """YYYY-MM-DD rather than %Y-%m-%d."""
    text: str = column.get("Format", "")
    for directive, letters in _LETTERS.items():
        text = text.replace(directive, letters)
    return text
