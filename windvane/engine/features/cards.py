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
        title="native values for boosted trees",
        description=(
            "Numbers stay as they are, missing included; categories become codes that the algorithm treats "
            "as categories, with their frequency where there are many; dates become calendar parts; text "
            "becomes topics (tf-idf reduced by a truncated SVD) and length statistics."
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
            "Numbers are filled with the median, clipped at extreme quantiles and scaled, with an indicator "
            "of missing values; frequent categories become one-hot, rare ones share one; dates become a time "
            "axis and cycles; text becomes topics and length statistics."
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
        title="ordered codes and target means for forests",
        description=(
            "Numbers are filled with the median, with an indicator of missing values; columns of few categories "
            "become places in the order of the mean target, those of many smoothed target means learnt from "
            "training rows; dates become calendar parts; text becomes topics and length statistics. Nothing is "
            "missing afterwards."
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
            "Numbers are filled with the median, scaled by their quartiles and bent smoothly where they are "
            "extreme, with their rank and an indicator of missing values; frequent categories become "
            "one-hot, all of them scaled target means learnt from training rows; dates become a time axis "
            "and cycles; text becomes topics and length statistics. Nothing is missing afterwards."
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
        title="target means and pairs of columns for boosted trees",
        description=(
            "Numbers stay as they are, missing included; columns of few categories become codes that the "
            "algorithm treats as categories, those of many smoothed target means learnt from training rows and "
            "frequencies; dates become calendar parts; text becomes topics and length statistics. Sums, "
            "differences, products and ratios of the numbers that matter most are added where they foretell "
            "the target of rows held out."
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
    """raises    LookupError naming the recipes there are"""
    for card in RECIPES:
        if card.name == name:
            return card
    raise LookupError(f"No recipe {name!r}; there are {', '.join(card.name for card in RECIPES)}.")
