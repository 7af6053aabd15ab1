"""A leaderboard as a table for terminals of 80 columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from windvane.wording import number

_TEXTS = ("name", "model")


def board_table(title: str, rows: Iterable[Mapping[Any, Any]], columns: Mapping[str, str]) -> Table:
    """Return a table of some columns of a leaderboard.

    columns    name of each -> its heading
    """
    table = Table(
        title=Text(title),
        box=box.SIMPLE_HEAD,
        title_justify="left",
        pad_edge=False,
        show_edge=False,
    )
    for name, heading in columns.items():
        is_text = name in _TEXTS
        table.add_column(heading, justify="left" if is_text else "right", no_wrap=not is_text)
    for row in rows:
        table.add_row(*(Text(_cell(row[name])) for name in columns))
    return table


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    return value if isinstance(value, str) else number(None if value is None else float(value))
