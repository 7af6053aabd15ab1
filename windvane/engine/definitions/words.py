"""Plain words for what pipelines are made of."""

from __future__ import annotations

from collections.abc import Mapping

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.analysis import Analysis
from windvane.engine.features.cards import RecipeCard, TransformerSetting
from windvane.engine.features.text_scores import TextScores
from windvane.engine.learners.space import Categorical, Dimension
from windvane.wording import number

TRANSFORMERS: Mapping[str, str] = {
    "number": "the number unchanged; missing values stay missing",
    "filled-number": "the number clipped to the range of the training rows; missing values are imputed with the "
    "median, with an indicator if there were any",
    "scaled-number": "the number, clipped at extreme quantiles and standardised (mean 0, standard deviation 1); "
    "missing values are imputed with the median, with an indicator if there were any",
    "robust-number": "the number, scaled by its quartiles with extremes compressed smoothly; missing values are "
    "imputed with the median, with an indicator if there were any",
    "number-rank": (
        "the rank of the number among the training rows; omitted for columns with few values"
    ),
    "ordinal": (
        "a code for each category, the most frequent first; omitted for columns with too many "
        "categories"
    ),
    "ordered": (
        "the rank of each category by its mean target; omitted for columns with many categories"
    ),
    "frequency": (
        "frequency encoding: the share of training rows with the same category; omitted for "
        "columns with few categories"
    ),
    "one-hot": (
        "one-hot encoding: one feature for each frequent category, one for all others, one for "
        "missing values"
    ),
    "target-means": "target encoding: the smoothed mean target, or class rates, of training rows with the same "
    "category; every training row is encoded from other rows only",
    "scaled-target-means": (
        "like target-means, for a standardised target (mean 0, standard deviation 1)"
    ),
    "date-parts": "year, month, day, weekday, day of the year, hour, and days since the first training date",
    "filled-date-parts": (
        "like date-parts; missing values are imputed with the medians of the training rows"
    ),
    "date-cycles": "time since the first training date, and sine and cosine of month, weekday and hour",
    "text-shape": "numbers of characters and words, shares of digits, capitals and punctuation",
    "text-topics": "topics: tf-idf of words and pairs of words, reduced by a truncated SVD",
    "text-scores": (
        "a score for each class: ridge regression on the tf-idf of words and pairs of words, or of adjacent characters; every training "
        "row is scored by a model of other rows"
    ),
}
"""By the name their state is saved under."""


def transformers_of(card: RecipeCard, column: ColumnSpec, analysis: Analysis) -> list[str]:
    """Return names of the transformers that a column goes through; none if the recipe makes nothing of it."""
    found = transformers_for(card, column.type, analysis.n_classes)
    is_text_alone = column.type is ColumnType.TEXT and len(analysis.features) == 1
    return [*found, TextScores.kind] if found and is_text_alone else found


def transformers_for(card: RecipeCard, of: ColumnType, n_classes: int = 0) -> list[str]:
    """Return the same for any column of a type.

    n_classes    0 for a target of numbers

    >>> from windvane.engine.features.cards import recipe_card
    >>> transformers_for(recipe_card("dpp0"), ColumnType.CATEGORICAL)
    ['ordinal', 'frequency']
    """
    making = TransformerSetting("", width=2, n_classes=n_classes, seed=0)
    return [make(making).kind for make in card.makers.get(of, ())]


def range_in_words(dimension: Dimension) -> str:
    """
    >>> range_in_words(Categorical((False, True)))
    'one of False, True'
    """
    if isinstance(dimension, Categorical):
        return f"one of {', '.join(map(str, dimension.options))}"
    scale = ", on a logarithmic scale" if dimension.log else ""
    return f"{number(dimension.low)} to {number(dimension.high)}{scale}"
