"""The analysis that a task left, as far as the search needs it.

A task may have left anything, and candidates are planned by it while nobody else may write to the store: what is read here
is of its kind and within its bounds, so that planning takes the time and memory that a table of as many columns takes.
"""

from __future__ import annotations

import json
from typing import Any

from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.checked import flag_in, number_in, text_in, texts_in, whole_in
from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.analysis import Analysis
from windvane.engine.splits import SplitKind
from windvane.jsonsize import count_values

_MOST_VALUES = 4_000_000
"""Of 10,000 columns an analysis has 0.4 million if they are numbers or levels; if all are long texts, 3 million where they
are full of commas."""

_MOST_DIGITS = 20
"""Of a whole number: to read one of thousands takes the square of their number, and 60,000 of those fit."""

_MOST_ROWS, _MOST_FOLDS, _MOST_SEED = 10**12, 1_000, 2**63
"""Folds of all divisions: what a task of the search reads and writes of each has a name."""

_QUANTILES = ("0.05", "0.5", "0.95")


def read_analysis(data: bytes, max_columns: int) -> Analysis:
    """Read what the search needs of the bytes of an analysis.json.

    max_columns    of a table
    raises         KeyError, TypeError, ValueError or RecursionError if that is no analysis, or larger than one is
    """
    if (n_values := count_values(data)) > _MOST_VALUES:
        raise ValueError(f"it has {n_values} values; {_MOST_VALUES} are the most")
    document = _object(json.loads(data, parse_int=_whole))
    if len(document["columns"]) > max_columns:  # each plan looks at all of them
        raise ValueError(f"it has more than {max_columns} columns")
    n_rows = whole_in(document, "n_rows", 1, _MOST_ROWS)
    target = text_in(document, "target")
    columns = tuple(_column(column) for column in document["columns"])
    n_folds = whole_in(document, "n_folds", 1, _MOST_FOLDS)
    return Analysis(
        target=target,
        problem_type=ProblemType(document["problem_type"]),
        problem_reason="",
        objective=MetricName(document["objective"]),
        columns=columns,
        labels=tuple(texts_in(document, "labels")),
        label_type=text_in(document, "label_type"),
        class_counts=(),
        n_rows=n_rows,
        n_rows_read=n_rows,
        n_folds=n_folds,
        seed=whole_in(document, "seed", 0, _MOST_SEED),
        statistics=_statistics(document.get("statistics", {}), target, columns),
        monotone=_monotone(document.get("monotone", {}), max_columns),
        n_held_out=whole_in({"n_held_out": 0, **document}, "n_held_out", 0, n_rows),
        has_validation_set=flag_in({"has_validation_set": False, **document}, "has_validation_set"),
        n_repeats=whole_in({"n_repeats": 1, **document}, "n_repeats", 1, _MOST_FOLDS // n_folds),
        split_kind=SplitKind(text_in({"split_kind": "rows", **document}, "split_kind")),
    )


def _whole(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"it has a number of {len(digits)} digits")
    return int(digits)


def _column(told: Any) -> ColumnSpec:
    """Return its name and type: the search does not read cells."""
    column = _object(told)
    return ColumnSpec(text_in(column, "name"), ColumnType(column["type"]), "")


def _statistics(
    told: Any, target: str, columns: tuple[ColumnSpec, ...]
) -> dict[str, dict[str, Any]]:
    """Return how many different values columns have, and where those of the target lie."""
    found: dict[str, dict[str, Any]] = {}
    for column in columns:
        of_column = _object(_object(told).get(column.name, {}))
        if "distinct" in of_column:
            found[column.name] = {"distinct": whole_in(of_column, "distinct", 0, _MOST_ROWS)}
    of_target = _object(_object(told).get(target, {}))
    if of_target.get("quantiles"):
        cuts = _object(of_target["quantiles"])
        found[target] = {
            "min": number_in(of_target, "min"),
            "quantiles": {share: number_in(cuts, share) for share in _QUANTILES},
        }
    return found


def _monotone(told: Any, most: int) -> dict[str, int]:
    if len(told) > most:
        raise ValueError(f"it has more than {most} columns with a direction")
    return {name: whole_in(told, name, -1, 1) for name in _object(told)}


def _object(told: Any) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise ValueError("it lacks an object where one must be")  # noqa: TRY004 - the content is wrong, no caller
    return told
