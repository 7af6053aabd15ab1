"""Sampled Shapley values of a single row: as sampled.py finds them for many, with many background rows at a time.

The way from a background row to the row is the way back taken backwards: what a column adds on one it takes on the
other. So the background rows are asked about as if they were explained against the row, all at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from windvane.engine.explain.attribution import Attribution, taken
from windvane.engine.explain.budget import Budget
from windvane.engine.explain.permutations import Answer, pair_contributions
from windvane.engine.explain.sampled import ENOUGH_PAIRS, LEAST_PAIRS, PRECISE, Question
from windvane.errors import OutOfTime

_STEPS = (5, 15, 30, 60, 100, 200, 300, 400, 500)
"""Numbers of background rows at which it is asked whether the values are precise, and whether there is time for more. They
do not depend on how fast the machine is at the moment, so that a row explained twice gets the same values."""


def sampled_row(answer: Answer, question: Question, seed: int, budget: Budget) -> Attribution:
    """Pairs of permutations, each with a background row of its own, until the values are precise, the background rows
    are used up or the budget is over. The same question gets the same values wherever the time suffices for as many pairs.

    question    of one row
    raises      OutOfTime if there is not even time for three pairs
    """
    generator = np.random.default_rng(seed)
    here = answer(question.cells, 1)
    made = np.empty((0, len(question.players), here.shape[1]))
    first = np.empty((0, here.shape[1]))
    s_each = 0.0
    for step in _STEPS:
        n_next = min(step, question.n_background) - len(made)
        if not n_next or budget.left_s <= n_next * s_each or _is_precise(made):
            break
        trial = budget.share(1)
        background = taken(question.background, slice(len(made), len(made) + n_next))
        starts = answer(background, n_next)
        ranks = np.tile(np.arange(len(question.players)), (n_next, 1))
        ranks = generator.permuted(ranks, axis=1)
        ends = here[0], starts
        back = pair_contributions(answer, background, question.cells, ends, ranks)
        made, first = np.concatenate([made, -back]), np.concatenate([first, starts])
        s_each = trial.used_s / n_next
    if len(made) < LEAST_PAIRS:
        raise OutOfTime("The time limit was too short to explain a row.")
    return _attribution(question, made, first)


def _is_precise(made: NDArray[np.float64]) -> bool:
    if len(made) < ENOUGH_PAIRS:
        return False
    return bool(np.sum(_error(made) ** 2) <= PRECISE**2 * np.sum(made.mean(axis=0) ** 2))


def _error(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return standard error of the mean over the first axis."""
    return np.asarray(samples.std(axis=0, ddof=1) / np.sqrt(len(samples)))


def _attribution(
    question: Question, made: NDArray[np.float64], first: NDArray[np.float64]
) -> Attribution:
    place = {name: i for i, name in enumerate(question.names)}
    places = [place[name] for name in question.players]
    values = np.zeros((1, len(question.names), made.shape[2]))
    errors = np.zeros_like(values)
    values[0, places], errors[0, places] = made.mean(axis=0), _error(made)
    return Attribution(
        values=values,
        errors=errors,
        expected=first.mean(axis=0),
        expected_errors=_error(first),
        common_errors=np.zeros_like(values[0]),
        background=taken(question.background, slice(0, len(made))),
        pairs=len(made),
    )
