"""Shapley values of any predictor by sampling: what its answer changes by when columns take over from a background
row, in random orders. Each pair of permutations has a background row of its own, so that the more is sampled, the
better both the orders and the rows that stand for "not known" are covered; the standard errors speak of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import Columns
from windvane.engine.explain.attribution import Attribution, taken
from windvane.engine.explain.budget import Budget
from windvane.engine.explain.permutations import Answer, pair_contributions
from windvane.engine.explain.running_mean import RunningMean
from windvane.errors import OutOfTime

LEAST_PAIRS = 3
"""Fewer tell nothing of their error."""

ENOUGH_PAIRS = 30
"""Rather fewer rows than fewer pairs: the error that background rows bring with them is common to all rows."""

LEAST_ROWS = 5

FEW_PAIRS, FEW_ROWS = 12, 20
"""Where there is no time for more of both: then the rows tell more of the table than further pairs tell of the rows."""

_TRIED_ROWS = (LEAST_ROWS, 20, 80)
_TRIAL_SHARE = 0.05
"""Of the time that is left, for each trial but the first."""

PRECISE = 0.02
"""Standard error over value, both as root mean squares: no more pairs are needed."""


@dataclass(frozen=True)
class Question:
    """Rows to explain by sampling, and the background data.

    names        of all columns to speak of
    players      those that the predictor looks at; the others add nothing
    cells        (n_rows) of the players, in the rows to explain; the first rows come first if the time is short
    background   (n_background) of the players, in rows drawn at random: one for each pair of permutations, of which
                 there are so many at most
    """

    names: Sequence[str]
    players: Sequence[str]
    cells: Columns
    background: Columns
    n_rows: int
    n_background: int

    def first(self, n_rows: int) -> Question:
        """Return the question for the first rows only."""
        return replace(self, cells=taken(self.cells, slice(0, n_rows)), n_rows=n_rows)


def sampled_attribution(
    answer: Answer, question: Question, seed: int, budget: Budget
) -> Attribution:
    """Pairs of permutations until the values are precise, the background rows are used up or the budget is over.
    The same seed gives the same orders; how many rows and pairs there are is up to the time.

    raises    OutOfTime if there is not even time for three pairs of five rows
    """
    generator = np.random.default_rng(seed)
    question = question.first(_fitting_rows(answer, question, budget))
    answers = answer(question.cells, question.n_rows)
    tally = _Tally(question.n_rows, len(question.players), answers.shape[1])
    order = np.tile(np.arange(len(question.players)), (question.n_rows, 1))
    while tally.n_pairs < question.n_background and not tally.is_precise():
        ranks = generator.permuted(order, axis=1)
        background = taken(question.background, slice(tally.n_pairs, tally.n_pairs + 1))
        first = answer(background, 1)[0]
        ends = first, answers
        try:
            made = pair_contributions(answer, question.cells, background, ends, ranks, budget)
        except OutOfTime:
            break
        tally.add(made, first)
    if tally.n_pairs < LEAST_PAIRS:
        raise OutOfTime(f"The time limit was too short to explain {question.n_rows} rows.")
    return tally.attribution(question)


def _fitting_rows(answer: Answer, question: Question, budget: Budget) -> int:
    """Return how many rows there is time for."""
    row_s = _seconds_a_row(answer, question, budget)
    fitting = budget.left_s / ENOUGH_PAIRS / row_s
    if fitting < FEW_ROWS:
        fitting = min(FEW_ROWS, budget.left_s / FEW_PAIRS / row_s)
    return int(min(question.n_rows, max(LEAST_ROWS, fitting)))


def _seconds_a_row(answer: Answer, question: Question, budget: Budget) -> float:
    """Return what a row of a pair takes at most, by a trial with a few rows and, if there is time for it, with more: of few
    rows, most of the time is that of asking at all."""
    row_s = 1e-9
    for n_rows in _TRIED_ROWS:
        is_first = n_rows == LEAST_ROWS
        if not is_first and (
            n_rows > question.n_rows or n_rows * row_s > _TRIAL_SHARE * budget.left_s
        ):
            break
        some = question.first(min(n_rows, question.n_rows))
        trial = budget.share(1)
        background = taken(question.background, slice(0, 1))
        ends = answer(background, 1)[0], answer(some.cells, some.n_rows)
        ranks = np.tile(np.arange(len(question.players)), (some.n_rows, 1))
        pair_contributions(answer, some.cells, background, ends, ranks)
        row_s = max(trial.used_s / some.n_rows, 1e-9)
    return row_s


class _Tally:
    def __init__(self, n_rows: int, n_players: int, n_outputs: int) -> None:
        self._values = RunningMean((n_rows, n_players, n_outputs))
        self._expected = RunningMean((n_outputs,))
        self._sizes = RunningMean((n_players, n_outputs))

    @property
    def n_pairs(self) -> int:
        return self._values.n

    def add(self, contributions: NDArray[np.float64], expected: NDArray[np.float64]) -> None:
        if self.n_pairs:
            # The direction that the other pairs found: by its own, chance alone would look like size.
            self._sizes.add((np.sign(self._values.mean) * contributions).mean(axis=0))
        self._values.add(contributions)
        self._expected.add(expected)

    def is_precise(self) -> bool:
        if self.n_pairs < ENOUGH_PAIRS:
            return False
        noise, signal = self._values.error(), self._values.mean
        return bool(np.sum(noise**2) <= PRECISE**2 * np.sum(signal**2))

    def attribution(self, question: Question) -> Attribution:
        place = {name: i for i, name in enumerate(question.names)}
        places = [place[name] for name in question.players]
        n_rows, _, n_outputs = self._values.mean.shape
        values = np.zeros((n_rows, len(question.names), n_outputs))
        errors, common = np.zeros_like(values), np.zeros(values.shape[1:])
        values[:, places] = self._values.mean
        errors[:, places] = self._values.error()
        common[places] = self._sizes.error()
        return Attribution(
            values=values,
            errors=errors,
            expected=self._expected.mean,
            expected_errors=self._expected.error(),
            common_errors=common,
            background=taken(question.background, slice(0, self.n_pairs)),
            pairs=self.n_pairs,
        )
