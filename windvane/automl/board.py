"""The leaderboard as a DataFrame that can be read in a terminal."""

from __future__ import annotations

import textwrap
from typing import Any, ClassVar

import pandas as pd

from windvane.wording import UNKNOWN, number

_WIDTH = 80
_MOST_ROWS = 60


class Board(pd.DataFrame):
    """A leaderboard: a DataFrame that prints the columns that matter within 80 characters, where pandas prints the first and the last
    ones. Notebooks show all of them. Parts of it that have these columns do likewise; others print like any DataFrame.

    brief     the columns that are printed
    """

    _metadata: ClassVar[list[str]] = ["brief"]
    brief: tuple[str, ...] = ()

    @classmethod
    def of(cls, frame: pd.DataFrame, brief: tuple[str, ...]) -> Board:
        board = cls(frame)
        board.brief = brief
        return board

    @property
    def _constructor(self) -> type[Board]:
        return Board

    def __repr__(self) -> str:
        names = [str(name) for name in self.columns]
        others = [name for name in names if name not in self.brief]
        if not self.brief or not others or not set(self.brief) <= set(names):
            return super().__repr__()
        texts = {name: [_told(value) for value in self[name].tolist()] for name in self.brief}
        shown = pd.DataFrame(texts).to_string(index=False, max_rows=_MOST_ROWS)
        told = f"{len(self)} rows, {len(names)} columns; not shown: {', '.join(others)}"
        return f"{shown}\n\n{textwrap.fill(told, _WIDTH)}"

    def _repr_html_(self) -> str:
        return pd.DataFrame(self).to_html(max_rows=_MOST_ROWS, na_rep=UNKNOWN, notebook=True)


def _told(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else ""
    return UNKNOWN if pd.isna(value) else number(float(value))
