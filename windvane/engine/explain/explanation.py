"""What is known of why a predictor answers as it does; documents.py and report.py say it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from windvane.domain.problem import ProblemType
from windvane.engine.columns import Columns, ColumnSpec
from windvane.engine.explain.attribution import Attribution
from windvane.engine.explain.dependence import Dependence
from windvane.engine.explain.importance import Importance, importance_of


@dataclass(frozen=True)
class Explanation:
    """The content of an explainability report.

    columns      that can be learned from, in the order of the table; identifiers and constants are not among them
    target       its name
    labels       class labels, () for regression; of two, the second one's log-odds are explained
    rows         (n_rows,) numbers of the explained rows in the dataset
    n_drawn      that were to be explained; time may have been short for all of them
    cells        of the columns, in those rows
    attribution  what each column adds to each row's answer
    gap          largest difference between the answer of the predictor and what the values add up to, relative to
                 the largest answer if that is above 1
    dependences  of the columns that matter most, the first one first
    seconds      used; of budget_s
    """

    columns: tuple[ColumnSpec, ...]
    target: str
    problem_type: ProblemType
    labels: tuple[str, ...]
    rows: NDArray[np.intp]
    n_drawn: int
    cells: Columns
    attribution: Attribution
    gap: float
    dependences: tuple[Dependence, ...]
    seconds: float
    budget_s: float

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def outputs(self) -> tuple[str, ...]:
        """What each output is about: the target, the second label, or each label."""
        if not self.labels:
            return (self.target,)
        return self.labels[1:] if len(self.labels) == 2 else self.labels

    @property
    def method(self) -> str:
        return self.attribution.method

    def importance(self) -> Importance:
        return importance_of(self.attribution)
