"""Tables with a row for each column: types and samples, cardinality, statistics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.exploration.sections.cells import cells_of
from windvane.engine.exploration.stored import StoredTable, drawn_rows, of_type
from windvane.engine.exploration.wording import cell
from windvane.engine.reports.document import Block, Section, Table, Text
from windvane.wording import UNKNOWN, number, percent

_SAMPLE_ROWS = 5
_CUTS = ("0.05", "0.25", "0.5", "0.75", "0.95")


def sample(table: StoredTable) -> Section:
    columns = table.analysis.columns
    told = [
        (column.name, str(column.type), _power(table, column), column.reason) for column in columns
    ]
    rows = drawn_rows(table.n_rows, _SAMPLE_ROWS, table.analysis.seed)
    names = [table.analysis.target, *(column.name for column in table.analysis.features)]
    return Section(
        "Data sample",
        [
            Text(
                "Prediction power: how well a column alone predicts the target on unseen rows, "
                "from 0 (not at all) to 1 (perfectly). It is measured on a sample of at most "
                "10,000 rows, and not for free text, identifiers and constants."
            ),
            Table(
                ("Column", "Type", "Prediction power", "Why this type"),
                told,
                frozenset({2}),
                "Columns in the order of the files, with their detected types.",
            ),
            Table(
                ("Column", *(f"Row {row + 1:,}" for row in rows)),
                [(name, *cells_of(table, name, rows)) for name in names],
                caption="A few random rows. Identifiers and constants are not shown.",
            ),
        ],
    )


def _power(table: StoredTable, column: ColumnSpec) -> str:
    power = table.power(column.name)
    return UNKNOWN if power < 0 else f"{power:.3f}"


def cardinality(table: StoredTable) -> Section:
    told = sorted(table.analysis.columns, key=lambda one: -_distinct(table, one))
    rows = [
        (
            column.name,
            str(column.type),
            f"{_distinct(table, column):,}",
            percent(_distinct(table, column), table.n_rows),
        )
        for column in told
    ]
    return Section(
        "Cardinality",
        [
            Text("Number of distinct values per column, as written in the files."),
            Table(("Column", "Type", "Distinct", "Per row"), rows, frozenset({2, 3})),
        ],
    )


def _distinct(table: StoredTable, column: ColumnSpec) -> int:
    return int(table.statistics(column.name).get("distinct", 0))


def descriptions(table: StoredTable) -> Section:
    columns = table.analysis.columns
    blocks: list[Block] = [Text("Shares of all rows and of non-missing values.")]
    numeric = of_type(columns, [ColumnType.NUMERIC])
    dates = of_type(columns, [ColumnType.DATETIME])
    words = of_type(columns, [ColumnType.CATEGORICAL, ColumnType.TEXT])
    blocks += _described(table, numeric, _NUMERIC, _of_numbers, "Numbers.")
    blocks += _described(table, dates, ("Column", "First", "Last"), _of_dates, "Dates.")
    blocks += _described(table, words, _WORDS, _of_words, "Categories and texts.")
    return Section("Descriptive statistics", blocks)


_NUMERIC = (
    "Column",
    "Mean",
    "Std",
    "Min",
    "5 %",
    "25 %",
    "Median",
    "75 %",
    "95 %",
    "Max",
    "Skewness",
    "Zeros",
    "Outliers",
)
_WORDS = ("Column", "Most frequent", "Share", "Words", "Characters")


def _described(
    table: StoredTable,
    columns: Sequence[ColumnSpec],
    head: Sequence[str],
    describe: Callable[[dict[str, Any], int], Sequence[str]],
    caption: str,
) -> list[Block]:
    if not columns:
        return []
    rows = [
        (column.name, *describe(table.statistics(column.name), table.n_rows)) for column in columns
    ]
    return [Table(head, rows, frozenset(range(1, len(head))), caption)]


def _of_numbers(known: dict[str, Any], n_rows: int) -> list[str]:
    cuts = [known.get("quantiles", {}).get(cut) for cut in _CUTS]
    told = (known.get("mean"), known.get("std"), known.get("min"), *cuts, known.get("max"))
    shares = (percent(known[name], n_rows) if name in known else UNKNOWN for name in _SHARES)
    return [*map(number, told), number(known.get("skewness")), *shares]


_SHARES = ("zeros", "outliers")


def _of_dates(known: dict[str, Any], n_rows: int) -> list[str]:  # noqa: ARG001 - as the others
    return [str(known.get(end, UNKNOWN))[:19].replace("T", " ") for end in ("min", "max")]


def _of_words(known: dict[str, Any], n_rows: int) -> list[str]:
    top = known.get("top") or [[UNKNOWN, 0]]
    n_filled = n_rows - int(known.get("missing", 0))
    return [
        cell(top[0][0]),
        percent(top[0][1], n_filled),
        number(known.get("mean_words")),
        number(known.get("mean_characters")),
    ]
