"""The rough model that a search makes at once, so that there is one whatever becomes of the rest."""

from __future__ import annotations

from dataclasses import replace

from windvane.engine.candidates import Plan
from windvane.engine.data.analysis import Analysis
from windvane.engine.learners.catalogue import learner
from windvane.engine.tuning import search
from windvane.engine.tuning.steps import most_hurried
from windvane.engine.tuning.strategy import ANYTHING, Strategy

FIRST_LOOK = 0
"""Its index: it is no proposal of the search, and not counted among its candidates."""

_MOST_ROUNDS = 40


def first_look(
    analysis: Analysis, n_rows: int | None = None, strategy: Strategy = ANYTHING
) -> Plan:
    """Return the first candidate in the largest steps, and few of them.

    n_rows   as of a Plan
    """
    first = most_hurried(search.propose(analysis, 1, (), strategy))
    short = learner(first.algorithm).with_rounds(first.hyperparameters, _MOST_ROUNDS)
    return replace(
        first,
        index=FIRST_LOOK,
        hyperparameters=short,
        n_rows=n_rows,
        why="a quick first model: high learning rate, scored on one fold",
    )
