"""Recipes by name: which transformers go to which type of column, in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from windvane.engine.columns import ColumnType
from windvane.engine.features.base import ColumnTransformer
from windvane.engine.features.categorical import (
    Frequency,
    OneHot,
    OrderedCodes,
    OrdinalCodes,
    ScaledTargetMeans,
    TargetMeans,
)
from windvane.engine.features.dates import DateCycles, DateParts, FilledDateParts
from windvane.engine.features.numeric import (
    FilledNumber,
    Number,
    NumberRank,
    RobustNumber,
    ScaledNumber,
)
from windvane.engine.features.terms import TermTable
from windvane.engine.features.text import TextShape, TextTopics
from windvane.engine.features.text_scores import TextScores

_ONE_HOT = 24
"""Categories of a column that a network sees one by one; what is known of the others is in their target means."""

_MOST_CODES = 24
"""Categories of a column that trees tell apart in dpp2 and dpp4; more are too many to choose from soundly."""

MOST_SCORES = 50
"""Classes that a text has a score of."""

_LINEAR_TOPICS = 200
_MOST_RATES = 5
"""Classes whose rates a column of many categories gets in dpp4."""


@dataclass(frozen=True)
class TransformerSetting:
    """The settings that a transformer may be made with.

    table, grams   the terms of the texts of its column, and their adjacent characters (features/terms.py), if at hand
    """

    source: str
    width: int
    n_classes: int
    seed: int
    table: TermTable | None = None
    grams: TermTable | None = None


Maker = Callable[[TransformerSetting], ColumnTransformer]


@dataclass(frozen=True)
class RecipeCard:
    """A recipe as a plan.

    makers       transformers of a column, in order, by the column's type
    most_pairs   features of two columns, where they help
    n_topics     of a linear model of texts: if it has more weights for them than there are texts, it loses more than it learns
                 where there are scores for classes; 0 of other recipes
    """

    name: str
    title: str
    description: str
    makers: Mapping[ColumnType, tuple[Maker, ...]]
    most_pairs: int = 0
    n_topics: int = 0


def _topics(limit: int) -> Maker:
    return lambda setting: TextTopics(
        setting.source, min(limit, setting.width), setting.seed, setting.table
    )


def _scores_of_words(setting: TransformerSetting) -> ColumnTransformer:
    width = min(MOST_SCORES, setting.width)
    return TextScores(setting.source, setting.n_classes, width, setting.table, of_grams=False)


def _scores_of_grams(setting: TransformerSetting) -> ColumnTransformer:
    width = min(MOST_SCORES, setting.width)
    return TextScores(setting.source, setting.n_classes, width, setting.grams)


def makers_of_text(
    card: RecipeCard, n_rows: int, n_classes: int, *, has_grams: bool
) -> tuple[Maker, ...]:
    """Return what a recipe makes of a column of texts that is the only feature: a score for each class besides, or instead of
    topics. Which of the two kinds says more depends on the texts: words tell pages apart, and adjacent characters tell short
    lines, and languages.

    has_grams   whether adjacent characters are found
    """
    topics, *others = card.makers[ColumnType.TEXT]
    scores = (_scores_of_grams, _scores_of_words) if has_grams else (_scores_of_words,)
    if n_rows < card.n_topics * n_classes and n_classes <= MOST_SCORES:
        return (*others, *scores)
    return (topics, *others, *scores)


RECIPES: tuple[RecipeCard, ...] = (
    RecipeCard(
        name="dpp0",
        title="native columns for boosted trees",
        description=(
            "Numbers stay unchanged, including missing values; categories are encoded as codes "
            "that the algorithm treats as categorical, plus their frequency if there are many; "
            "dates become calendar features; text becomes topics (tf-idf reduced by a truncated "
            "SVD) and length statistics."
        ),
        makers=MappingProxyType(
            {
                ColumnType.NUMERIC: (lambda setting: Number(setting.source),),
                ColumnType.CATEGORICAL: (
                    lambda setting: OrdinalCodes(setting.source),
                    lambda setting: Frequency(setting.source),
                ),
                ColumnType.DATETIME: (lambda setting: DateParts(setting.source),),
                ColumnType.TEXT: (_topics(64), lambda setting: TextShape(setting.source)),
            }
        ),
    ),
    RecipeCard(
        name="dpp1",
        title="scaled and one-hot for linear models",
        description=(
            "Missing numbers are imputed with the median, with an indicator of missing values; "
            "numbers are clipped at extreme quantiles and scaled; frequent categories are "
            "one-hot encoded, rare ones grouped; dates become a time axis and cyclical "
            "features; text becomes topics and length statistics."
        ),
        makers=MappingProxyType(
            {
                ColumnType.NUMERIC: (lambda setting: ScaledNumber(setting.source, setting.width),),
                ColumnType.CATEGORICAL: (lambda setting: OneHot(setting.source, setting.width),),
                ColumnType.DATETIME: (lambda setting: DateCycles(setting.source),),
                ColumnType.TEXT: (
                    _topics(_LINEAR_TOPICS),
                    lambda setting: TextShape(setting.source),
                ),
            }
        ),
        n_topics=_LINEAR_TOPICS,
    ),
    RecipeCard(
        name="dpp2",
        title="ordinal and target encoding for forests",
        description=(
            "Missing numbers are imputed with the median, with an indicator of missing values; "
            "columns with few categories are encoded by the rank of their mean target, those "
            "with many by smoothed target encoding; dates become calendar features; text "
            "becomes topics and length statistics. Nothing is missing afterwards."
        ),
        makers=MappingProxyType(
            {
                ColumnType.NUMERIC: (lambda setting: FilledNumber(setting.source, setting.width),),
                ColumnType.CATEGORICAL: (
                    lambda setting: OrderedCodes(setting.source, setting.n_classes, _MOST_CODES),
                    lambda setting: TargetMeans(
                        setting.source,
                        setting.n_classes,
                        min(10, setting.width),
                        fewest=_MOST_CODES + 1,
                    ),
                    lambda setting: Frequency(setting.source, _MOST_CODES + 1),
                ),
                ColumnType.DATETIME: (lambda setting: FilledDateParts(setting.source),),
                ColumnType.TEXT: (_topics(64), lambda setting: TextShape(setting.source)),
            }
        ),
    ),
    RecipeCard(
        name="dpp3",
        title="robustly scaled for neural networks",
        description=(
            "Missing numbers are imputed with the median, with an indicator of missing values; "
            "numbers are scaled by their quartiles with extremes compressed smoothly, plus "
            "their rank; frequent categories are one-hot encoded, and all categories "
            "target-encoded; dates become a time axis and cyclical features; text becomes "
            "topics and length statistics. Nothing is missing afterwards."
        ),
        makers=MappingProxyType(
            {
                ColumnType.NUMERIC: (
                    lambda setting: RobustNumber(setting.source, setting.width),
                    lambda setting: NumberRank(setting.source),
                ),
                ColumnType.CATEGORICAL: (
                    lambda setting: ScaledTargetMeans(
                        setting.source, setting.n_classes, min(10, setting.width)
                    ),
                    lambda setting: OneHot(setting.source, min(_ONE_HOT, setting.width)),
                    lambda setting: Frequency(setting.source),
                ),
                ColumnType.DATETIME: (lambda setting: DateCycles(setting.source),),
                ColumnType.TEXT: (_topics(100), lambda setting: TextShape(setting.source)),
            }
        ),
    ),
    RecipeCard(
        name="dpp4",
        title="target encoding and pairwise interactions for boosted trees",
        description=(
            "Numbers stay unchanged, including missing values; columns with few categories are "
            "encoded as codes that the algorithm treats as categorical, those with many by "
            "smoothed target encoding and their frequency; dates become calendar features; text "
            "becomes topics and length statistics. Sums, differences, products and ratios of "
            "the most important numbers are added if they help to predict the target of "
            "held-out rows."
        ),
        makers=MappingProxyType(
            {
                ColumnType.NUMERIC: (lambda setting: Number(setting.source),),
                ColumnType.CATEGORICAL: (
                    lambda setting: OrdinalCodes(setting.source, _MOST_CODES),
                    lambda setting: TargetMeans(
                        setting.source,
                        setting.n_classes,
                        min(_MOST_RATES, setting.width),
                        fewest=_MOST_CODES + 1,
                    ),
                    lambda setting: Frequency(setting.source, _MOST_CODES + 1),
                ),
                ColumnType.DATETIME: (lambda setting: DateParts(setting.source),),
                ColumnType.TEXT: (_topics(64), lambda setting: TextShape(setting.source)),
            }
        ),
        most_pairs=16,
    ),
)


def recipe_card(name: str) -> RecipeCard:
    """Return the card of a recipe.

    raises    LookupError naming the recipes there are
    """
    for card in RECIPES:
        if card.name == name:
            return card
    raise LookupError(f"No recipe {name!r}; there are {', '.join(card.name for card in RECIPES)}.")
