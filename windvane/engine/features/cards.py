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

_ONE_HOT = 24
"""Categories of a column that a network sees one by one; what is known of the others is in their target means."""

_MOST_CODES = 24
"""Categories of a column that trees tell apart in dpp2 and dpp4; more are too many to choose from soundly."""

_MOST_RATES = 5
"""Classes whose rates a column of many categories gets in dpp4."""


@dataclass(frozen=True)
class Making:
    """What a transformer may be made with."""

    source: str
    width: int
    n_classes: int
    seed: int
    table: TermTable | None = None


Maker = Callable[[Making], ColumnTransformer]


@dataclass(frozen=True)
class RecipeCard:
    """A recipe as a plan.

    makers       transformers of a column, in order, by the column's type
    most_pairs   features of two columns, where they help
    """

    name: str
    title: str
    description: str
    makers: Mapping[ColumnType, tuple[Maker, ...]]
    most_pairs: int = 0


def _topics(limit: int) -> Maker:
    return lambda making: TextTopics(
        making.source, min(limit, making.width), making.seed, making.table
    )


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
                ColumnType.NUMERIC: (lambda making: Number(making.source),),
                ColumnType.CATEGORICAL: (
                    lambda making: OrdinalCodes(making.source),
                    lambda making: Frequency(making.source),
                ),
                ColumnType.DATETIME: (lambda making: DateParts(making.source),),
                ColumnType.TEXT: (_topics(64), lambda making: TextShape(making.source)),
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
                ColumnType.NUMERIC: (lambda making: ScaledNumber(making.source, making.width),),
                ColumnType.CATEGORICAL: (lambda making: OneHot(making.source, making.width),),
                ColumnType.DATETIME: (lambda making: DateCycles(making.source),),
                ColumnType.TEXT: (_topics(200), lambda making: TextShape(making.source)),
            }
        ),
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
                ColumnType.NUMERIC: (lambda making: FilledNumber(making.source, making.width),),
                ColumnType.CATEGORICAL: (
                    lambda making: OrderedCodes(making.source, making.n_classes, _MOST_CODES),
                    lambda making: TargetMeans(
                        making.source,
                        making.n_classes,
                        min(10, making.width),
                        fewest=_MOST_CODES + 1,
                    ),
                    lambda making: Frequency(making.source, _MOST_CODES + 1),
                ),
                ColumnType.DATETIME: (lambda making: FilledDateParts(making.source),),
                ColumnType.TEXT: (_topics(64), lambda making: TextShape(making.source)),
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
                    lambda making: RobustNumber(making.source, making.width),
                    lambda making: NumberRank(making.source),
                ),
                ColumnType.CATEGORICAL: (
                    lambda making: ScaledTargetMeans(
                        making.source, making.n_classes, min(10, making.width)
                    ),
                    lambda making: OneHot(making.source, min(_ONE_HOT, making.width)),
                    lambda making: Frequency(making.source),
                ),
                ColumnType.DATETIME: (lambda making: DateCycles(making.source),),
                ColumnType.TEXT: (_topics(100), lambda making: TextShape(making.source)),
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
                ColumnType.NUMERIC: (lambda making: Number(making.source),),
                ColumnType.CATEGORICAL: (
                    lambda making: OrdinalCodes(making.source, _MOST_CODES),
                    lambda making: TargetMeans(
                        making.source,
                        making.n_classes,
                        min(_MOST_RATES, making.width),
                        fewest=_MOST_CODES + 1,
                    ),
                    lambda making: Frequency(making.source, _MOST_CODES + 1),
                ),
                ColumnType.DATETIME: (lambda making: DateParts(making.source),),
                ColumnType.TEXT: (_topics(64), lambda making: TextShape(making.source)),
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
