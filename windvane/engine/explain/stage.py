"""The stage that explains: a dataset and the packages of a candidate in, an Explanation out."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import Columns, ColumnSpec
from windvane.engine.data.dataset import read_analysis, read_dataset, read_rows
from windvane.engine.explain.attribution import Attribution, taken
from windvane.engine.explain.budget import Budget
from windvane.engine.explain.dependence import Dependence, dependence_of
from windvane.engine.explain.explanation import Explanation
from windvane.engine.explain.importance import importance_of
from windvane.engine.explain.margins import as_margins, margins
from windvane.engine.explain.sampled import Question
from windvane.engine.explain.shapley import (
    Predict,
    background_places,
    exact_or_sampled_attribution,
    predicting,
    used_columns,
)
from windvane.engine.packages.loading import load_predictor
from windvane.engine.packages.predictor import Predictions
from windvane.errors import CorruptArtifact

MOST_ROWS = 300
"""Explained of a dataset; more would hardly make what is told of all rows more certain."""

_VALUES_SHARE = 0.8
"""Of the time for Shapley values; the rest is for partial dependence."""

_DEPENDENCES = 6
_DEPENDENCE_ROWS = 100


def explain(
    dataset: Path,
    packages: Path,
    budget_s: float,
    seed: int,
    *,
    most_rows: int = MOST_ROWS,
    threads: int = 1,
    now: Callable[[], float] = time.monotonic,
) -> Explanation:
    """Return why the candidate answers as it does: Shapley values of a sample of the dataset's rows, exact where the
    pipeline allows, and partial dependence for the columns that matter most.

    packages    the folder that stages.assemble wrote
    budget_s    wall clock; it is kept by explaining fewer rows less precisely, then fewer columns' dependence
    raises      OutOfTime if the budget is too short for anything; CorruptArtifact if the packages are not of this
                dataset
    """
    budget = Budget(budget_s, now)
    predictor = load_predictor(packages / "transformers", packages / "model")
    analysis = read_analysis(dataset)
    if predictor.schema.features != tuple(column.name for column in analysis.columns):
        raise CorruptArtifact(f"{packages} was trained on other columns than those of {dataset}.")
    explained, background = _drawn_rows(read_dataset(dataset).learnable, most_rows, seed)
    names = [column.name for column in analysis.features]
    cells = read_rows(dataset, names, np.concatenate([explained, background]))
    question = _question(cells, used_columns(predictor), len(explained), len(background))
    predict = predicting(predictor, threads)
    attribution = exact_or_sampled_attribution(
        predictor, predict, question, seed, budget.share(_VALUES_SHARE)
    )
    n_rows = len(attribution.values)
    answer = predict(question.first(n_rows).cells, n_rows)
    return Explanation(
        columns=analysis.features,
        target=analysis.target,
        problem_type=analysis.problem_type,
        labels=analysis.labels,
        rows=explained[:n_rows],
        n_drawn=len(explained),
        cells=taken(cells, slice(0, n_rows)),
        attribution=attribution,
        gap=_gap(answer, attribution),
        dependences=_dependences(predict, analysis.features, question, attribution, budget),
        seconds=budget.used_s,
        budget_s=budget_s,
    )


def _drawn_rows(
    learnable: NDArray[np.bool_], most_rows: int, seed: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return rows to explain, of all; and rows that stand for "not known", of those that the model may have learnt
    from."""
    generator = np.random.default_rng(seed)
    explained = generator.permutation(learnable.size)[:most_rows]
    training = np.flatnonzero(learnable)
    return explained, training[background_places(training.size, generator)]


def _question(cells: Columns, used: set[str], n_rows: int, n_background: int) -> Question:
    """Divide cells into those to explain and background data.

    cells    of the rows to explain and, after them, of the background rows
    """
    players = {name: values for name, values in cells.items() if name in used}
    return Question(
        names=tuple(cells),
        players=tuple(players),
        cells=taken(players, slice(0, n_rows)),
        background=taken(players, slice(n_rows, None)),
        n_rows=n_rows,
        n_background=n_background,
    )


def _gap(answer: Predictions, attribution: Attribution) -> float:
    """Return the gap; of predicted probabilities as far as margins.py tells them apart; exact values know no end of
    certainty."""
    told, found = margins(answer), attribution.answers
    if attribution.is_exact and not len(answer.values):
        found = as_margins(found)
    return float(np.abs(told - found).max() / np.abs(told).max(initial=1.0))


def _dependences(
    predict: Predict,
    columns: tuple[ColumnSpec, ...],
    question: Question,
    attribution: Attribution,
    budget: Budget,
) -> tuple[Dependence, ...]:
    """Return partial dependences, as many as there is time for, the columns that matter most first."""
    importance = importance_of(attribution)
    n_rows = min(_DEPENDENCE_ROWS, question.n_rows)
    cells = taken(question.cells, slice(0, n_rows))
    made: list[Dependence] = []
    longest_s = 0.0
    for number in importance.ranking():
        if len(made) == _DEPENDENCES or budget.left_s <= longest_s or not importance.total[number]:
            break
        started = budget.share(1)
        column = columns[number]
        seen = np.concatenate([question.cells[column.name], question.background[column.name]])
        found = dependence_of(predict, column, cells, n_rows, seen)
        longest_s = max(longest_s, started.used_s)
        if found is not None:
            made.append(found)
    return tuple(made)
