"""Plain words for what pipelines are made of."""

from __future__ import annotations

from collections.abc import Mapping

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.analysis import Analysis
from windvane.engine.features.cards import Making, RecipeCard
from windvane.engine.tuning.space import Choice, Dimension
from windvane.engine.wording import number

TRANSFORMERS: Mapping[str, str] = {
    "number": "the number as it is; missing stays missing",
    "filled-number": "the number within the range of the training rows; missing becomes their median, with an "
    "indicator if some were missing",
    "scaled-number": "the number, clipped at extreme quantiles and brought to mean 0 and standard deviation 1; missing "
    "becomes the median, with an indicator if some were missing",
    "robust-number": "the number, scaled by its quartiles and bent smoothly where it is extreme; missing becomes the "
    "median, with an indicator if some were missing",
    "number-rank": "where the number stands among those of the training rows; left out of columns of few values",
    "ordinal": "a code for each category, the most frequent first; left out of columns of too many categories",
    "ordered": "places of a few categories in the order of their mean target; left out of columns of many categories",
    "frequency": "the share of training rows with the same category; left out of columns of few categories",
    "one-hot": "one feature for each frequent category, one for all others, one for missing",
    "target-means": "the smoothed mean target, or rates of classes, of training rows with the same category; every "
    "training row is encoded from other rows",
    "scaled-target-means": "as target-means, of a target brought to mean 0 and standard deviation 1",
    "date-parts": "year, month, day, weekday, day of the year, hour, and days since the first training date",
    "filled-date-parts": "as date-parts; missing becomes the medians of the training rows",
    "date-cycles": "time since the first training date, and sine and cosine of month, weekday and hour",
    "text-shape": "numbers of characters and words, shares of digits, capitals and punctuation",
    "text-topics": "topics: tf-idf of words and pairs of words, reduced by a truncated SVD",
}
"""By the name their state is saved under."""

ALGORITHMS: Mapping[str, str] = {
    "lightgbm": "Trees are added one after the other, each to what those before left unexplained, and grown where it "
    "helps most. Quick, and takes missing values and categories as they are.",
    "xgboost": "Trees are added one after the other, each to what those before left unexplained, level by level, with a "
    "penalty on large leaves.",
    "catboost": "Symmetric trees are added one after the other; categories become statistics of the target among rows "
    "that came before. Strong where there are many categories.",
    "linear-learner": "A weighted sum of the features, with penalties on large weights. It errs where the truth is not "
    "straight, and seldom anywhere else.",
    "randomforest": "Many deep trees, each of rows and features drawn by lot; their answers are averaged.",
    "extra-trees": "Many deep trees that split at places drawn by lot; their answers are averaged. Smoother than a random "
    "forest.",
    "neighbors": "The mean of the training rows that are most alike, the nearest counting most. The model holds its "
    "training rows.",
    "mlp": "A few small networks trained side by side, whose answers are averaged. Smooth where trees make steps.",
    "nn-torch": "One network that many members see through scales of their own; their answers are averaged. Trained with "
    "PyTorch, answered without it.",
    "fastai": "A network of two layers over numbers and learnt embeddings of categories, trained in one cycle of rising "
    "and falling steps. Trained with PyTorch, answered without it.",
}


def transformers_of(card: RecipeCard, column: ColumnSpec, analysis: Analysis) -> list[str]:
    """Names of the transformers that a column goes through; none if the recipe makes nothing of it."""
    return transformers_for(card, column.type, analysis.n_classes)


def transformers_for(card: RecipeCard, of: ColumnType, n_classes: int = 0) -> list[str]:
    """The same for any column of a type.

    n_classes    0 for a target of numbers

    >>> from windvane.engine.features.cards import recipe_card
    >>> transformers_for(recipe_card("dpp0"), ColumnType.CATEGORICAL)
    ['ordinal', 'frequency']
    """
    making = Making("", width=2, n_classes=n_classes, seed=0)
    return [make(making).kind for make in card.makers.get(of, ())]


def range_in_words(dimension: Dimension) -> str:
    """
    >>> range_in_words(Choice((False, True)))
    'one of False, True'
    """
    if isinstance(dimension, Choice):
        return f"one of {', '.join(map(str, dimension.options))}"
    scale = ", on a logarithmic scale" if dimension.log else ""
    return f"{number(dimension.low)} to {number(dimension.high)}{scale}"
