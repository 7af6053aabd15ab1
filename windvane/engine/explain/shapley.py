"""Shapley values: what each column adds to a predictor's answers to given rows; exact where the pipeline allows (exact.py), else
sampled (sampled.py)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import Columns
from windvane.engine.explain.attribution import Attribution
from windvane.engine.explain.budget import Budget
from windvane.engine.explain.exact import exact_attribution
from windvane.engine.explain.margins import margins
from windvane.engine.explain.sampled import Question, sampled_attribution
from windvane.engine.packages.blocks import predict_in_blocks
from windvane.engine.packages.predictor import Predictions, Predictor
from windvane.errors import InvalidRequest

_MOST_PAIRS = 500

Predict = Callable[[Columns, int], Predictions]


def predicting(predictor: Predictor, threads: int) -> Predict:
    """Return the predictor's answers to typed columns, by so many threads."""

    def predict(columns: Columns, n_rows: int) -> Predictions:
        return predict_in_blocks(predictor, columns, n_rows, threads)

    return predict


def used_columns(predictor: Predictor) -> set[str]:
    """Return names of the raw columns that make a difference to its answers."""
    return {
        source
        for recipe in predictor.recipes.values()
        for feature in recipe.features
        for source in feature.sources
    }


def background_places(n_rows: int, generator: np.random.Generator) -> NDArray[np.intp]:
    """Return which of `n_rows` rows stand for "not known", one for each pair of permutations there may be: a small table's
    again and again, in another order."""
    if n_rows == 0:
        return np.empty(0, np.intp)
    rounds = -(-_MOST_PAIRS // n_rows)
    return np.concatenate([generator.permutation(n_rows) for _ in range(rounds)])[:_MOST_PAIRS]


def exact_or_sampled_attribution(
    predictor: Predictor, predict: Predict, question: Question, seed: int, budget: Budget
) -> Attribution:
    """Return the Shapley values of the rows: of the first ones if the time is short for all.

    predict   the predictor's
    raises    OutOfTime if it is short for anything; InvalidRequest if the values must be sampled and there are no
              background rows to sample from
    """
    found = exact_attribution(predictor, question.names, question.cells, question.n_rows, budget)
    if found is not None:
        return found
    if question.n_background == 0:
        raise InvalidRequest(
            "Explaining this model's predictions needs background rows, and there are none: "
            "pass some of the training data as `background`, or keep some with `fit(..., "
            "background_rows=500)`."
        )
    return sampled_attribution(
        lambda columns, n_rows: margins(predict(columns, n_rows)), question, seed, budget
    )
