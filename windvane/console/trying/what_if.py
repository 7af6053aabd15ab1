"""Covariates known in advance, as fields that change their values in the steps ahead."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from windvane.console.trying.forecasts import Columns, Key, Rows, value_of
from windvane.console.trying.schema import Schema

KNOWN = "known-covariate"
"""Role of a column whose values are given for the steps ahead."""

FIELDS = ("step-", "all-")
"""Beginnings of the names of fields of the form."""

_VALUE = "_value"
_MOST_STEPS, _MOST_COLUMNS = 60, 8
"""That have a field each; a value for all steps reaches those beyond, too."""

Changes = Mapping[tuple[int, int], str]
"""Step and covariate, counted from 0 -> what it is to be."""


@dataclass(frozen=True)
class Covariate:
    """A covariate with its fields.

    choices    texts that the model knows; () for numbers
    """

    name: str
    choices: Sequence[str]


@dataclass(frozen=True)
class Step:
    """A step ahead with the value of each covariate, and whether it is another than the forecast was made with."""

    time: str
    values: Sequence[tuple[str, bool]]


@dataclass(frozen=True)
class WhatIf:
    """The fields of the steps ahead of one series.

    n_steps, n_covariates    in all, more than have fields
    """

    covariates: Sequence[Covariate]
    steps: Sequence[Step]
    n_steps: int
    n_covariates: int


def known_of(schema: Schema) -> list[Covariate]:
    """Return the covariates whose values the model has to be given for the steps ahead."""
    return [
        Covariate(column["Name"], column.get("Values", ()))
        for column in schema.columns
        if column.get("Role") == KNOWN
    ]


def what_if_of(
    columns: Columns, rows: Rows, known: Sequence[Covariate], changes: Changes
) -> WhatIf:
    """Return the fields, with the values that a forecast was made with, and what was typed in instead.

    rows    of one series, with what it is made of
    """
    shown = list(known[:_MOST_COLUMNS])
    steps = [
        Step(
            row[columns.timestamp],
            [
                (
                    changes.get((step, place), _plain(row.get(f"{one.name}{_VALUE}", ""))),
                    (step, place) in changes,
                )
                for place, one in enumerate(shown)
            ],
        )
        for step, row in enumerate(islice(rows, _MOST_STEPS))
    ]
    return WhatIf(shown, steps, len(rows), len(known))


def _plain(text: str) -> str:
    """
    >>> _plain("1.0"), _plain("0.25"), _plain("rain")
    ('1', '0.25', 'rain')
    """
    return text.removesuffix(".0")


def changes_of(fields: Mapping[str, str], rows: Rows, known: Sequence[Covariate]) -> Changes:
    """Return what was changed: a value for all steps, or those of single steps.

    fields    `all-COVARIATE` and `step-STEP-COVARIATE`, both counted from 0
    rows      of a forecast, with the values that it was made with
    """
    made = {}
    for place, one in enumerate(known):
        everywhere = fields.get(f"all-{place}", "")
        for step, row in enumerate(rows):
            used = row.get(f"{one.name}{_VALUE}", "")
            wanted = everywhere or fields.get(f"step-{step}-{place}", used)
            if not _is_same(wanted, used):
                made[step, place] = wanted
    return made


def _is_same(text: str, other: str) -> bool:
    numbers = value_of(text), value_of(other)
    return text == other or (numbers[0] is not None and numbers[0] == numbers[1])


def rows_of(text: str, key: Key, names: Sequence[str]) -> str:
    """Return the rows of a request that are about one series; all of them if they name none.

    names     of the columns that tell series apart
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    header = [name.strip() for name in next(reader, [])]
    places = [header.index(name) for name in names if name in header]
    if len(places) != len(names):
        return text
    kept = (row for row in reader if _key_of(row, places) == key)
    return _written([header, *kept])


def changed_rows(text: str, columns: Columns, rows: Rows, schema: Schema, changes: Changes) -> str:
    """Return a request for one series with other covariates in the steps ahead.

    text      a request for this series
    rows      of its forecast, with what it is made of
    """
    reader = csv.DictReader(io.StringIO(text, newline=""))
    names, target = list(reader.fieldnames or ()), schema.target
    history = [row for row in reader if (row.get(target) or "").strip()]
    head = list(dict.fromkeys([*names, *schema.names, target]))
    known = {one.name: place for place, one in enumerate(known_of(schema))}
    ahead = [dict(_ahead(columns, row, known, step, changes)) for step, row in enumerate(rows)]
    every = [*history, *ahead] if history else ahead
    return _written([head, *([one.get(name) or "" for name in head] for one in every)])


def _ahead(
    columns: Columns,
    row: Mapping[str, str],
    known: Mapping[str, int],
    step: int,
    changes: Changes,
) -> Iterator[tuple[str, str]]:
    for name in (*columns.keys, columns.timestamp):
        yield name, row[name]
    for name, place in known.items():
        yield name, changes.get((step, place), row.get(f"{name}{_VALUE}", ""))


def _key_of(row: Sequence[str], places: Sequence[int]) -> Key:
    return tuple(row[place] if place < len(row) else "" for place in places)


def _written(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
