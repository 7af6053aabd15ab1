"""TypedRows explained, as DataFrames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from windvane.engine.columns import Columns
from windvane.engine.data.analysis import Analysis
from windvane.engine.explain.attribution import Attribution
from windvane.engine.explain.budget import Budget
from windvane.engine.explain.sampled import Question
from windvane.engine.explain.shapley import (
    background_places,
    exact_or_sampled_attribution,
    predicting,
    used_columns,
)
from windvane.engine.packages.predictor import Predictor
from windvane.errors import InvalidRequest
from windvane.wording import counted, number

_MOST_SHOWN = 20
"""Columns in the table that notebooks show."""


@dataclass(frozen=True)
class TypedRows:
    """Rows of a table, with the values of each feature column in its type.

    cells    typed, `n_rows` values each, of every feature column
    """

    cells: Columns
    n_rows: int


def explain_rows(
    predictor: Predictor,
    analysis: Analysis,
    rows: TypedRows,
    background: TypedRows | None,
    budget: Budget,
    threads: int,
) -> Attribution:
    """Return what each of the analysis' feature columns adds to the answers to the rows, the first ones if the time is
    short for all.

    background   rows that stand for "not known"; None is enough for a model that is explained exactly
    raises       InvalidRequest if it is not; OutOfTime
    """
    used = used_columns(predictor)
    n_background = 0 if background is None else background.n_rows
    places = background_places(n_background, np.random.default_rng(analysis.seed))
    others = {} if background is None else background.cells
    question = Question(
        names=tuple(column.name for column in analysis.features),
        players=tuple(column.name for column in analysis.features if column.name in used),
        cells={name: values for name, values in rows.cells.items() if name in used},
        background={name: values[places] for name, values in others.items() if name in used},
        n_rows=rows.n_rows,
        n_background=len(places),
    )
    predict = predicting(predictor, threads)
    return exact_or_sampled_attribution(predictor, predict, question, analysis.seed, budget)


@dataclass(frozen=True)
class ExplainedRows:
    """The contribution of each column of the table to a model's answers to some rows (SHAP values). They add up:
    `values().sum(axis=1) + expected` is the answer, on the scale on which answers are explained: the value itself;
    of two classes the log-odds of the second; of more the logarithm of each one's probability, less their mean.

    index        of the rows explained; the first ones if there was no time for all
    columns      names, in the order of the table
    outputs      what there are values for: the target; of two classes the second; or each class
    attribution  the same as arrays, with standard errors
    """

    index: pd.Index[Any]
    columns: tuple[str, ...]
    outputs: Sequence[Any]
    attribution: Attribution

    def values(self, output: Any = None) -> pd.DataFrame:
        """Return (n_rows, n_columns)

        output    one of `outputs`; may be left out if there is but one
        raises    InvalidRequest if it is none of them
        """
        return self._frame(self.attribution.values, output)

    def errors(self, output: Any = None) -> pd.DataFrame:
        """Return standard errors of `values`; 0 where nothing was sampled."""
        return self._frame(self.attribution.errors, output)

    @property
    def expected(self) -> pd.Series[Any]:
        """The answer by output, when no column is known."""
        return pd.Series(self.attribution.expected, index=list(self.outputs))

    @property
    def answers(self) -> pd.DataFrame:
        """(n_rows, n_outputs) that the values and the expected answer add up to."""
        return pd.DataFrame(self.attribution.answers, index=self.index, columns=list(self.outputs))

    @property
    def importance(self) -> pd.Series[Any]:
        """The importance by column, the one that matters most first: the mean of the absolute values, over all outputs."""
        sizes = np.abs(self.attribution.values).mean(axis=0).sum(axis=1)
        return pd.Series(sizes, index=list(self.columns)).sort_values(
            ascending=False, kind="stable"
        )

    @property
    def method(self) -> str:
        return self.attribution.method

    def _repr_html_(self) -> str:
        """Return the importance of the columns as a table, which Jupyter shows; without scripts, names escaped."""
        importance = self.importance
        largest = float(importance.max()) or 1.0
        lines = [
            f'<tr><th scope="row">{escape(str(name))}</th><td>{number(float(size))}</td>'
            f'<td><progress max="1" value="{size / largest:.3f}"></progress></td></tr>'
            for name, size in importance.head(_MOST_SHOWN).items()
        ]
        n_more = len(importance) - len(lines)
        more = f"<p>And {counted(n_more, 'column')} of less importance.</p>" if n_more else ""
        return (
            f"<table><caption>Importance of columns: mean absolute SHAP value of "
            f"{counted(len(self.index), 'row')}; {escape(self.method)}</caption>"
            '<thead><tr><th scope="col">column</th><th scope="col">importance</th>'
            '<th scope="col">compared with the largest</th></tr></thead>'
            f"<tbody>{''.join(lines)}</tbody></table>{more}"
        )

    def _frame(self, values: NDArray[np.float64], output: Any) -> pd.DataFrame:
        place = self._place(output)
        return pd.DataFrame(values[:, :, place], index=self.index, columns=list(self.columns))

    def _place(self, output: Any) -> int:
        known = list(self.outputs)
        if output is None and len(known) == 1:
            return 0
        if output not in known:
            told = ", ".join(map(repr, known))
            raise InvalidRequest(f"output is {output!r}; choose one of: {told}.")
        return known.index(output)
