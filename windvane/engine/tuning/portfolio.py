"""The candidates that every search begins with: defaults of each algorithm, then proven variations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from windvane.engine.columns import ColumnType
from windvane.engine.data.analysis import Analysis
from windvane.engine.learners.catalogue import MONOTONE, learner
from windvane.engine.learners.residual import RESIDUAL
from windvane.engine.learners.target_transform import LOG, TARGET_TRANSFORM, suggests_transform
from windvane.engine.tuning.strategy import ANYTHING, Strategy

_MANY_VALUES = 32
_MOST_COMPARED = 6_000

Applies = Callable[[Analysis], bool]


@dataclass(frozen=True)
class Opening:
    """A candidate to begin with: an algorithm's defaults with `changes` laid over them.

    recipe   "" for the one that the algorithm prefers
    applies  to which tables it is tried on
    on_log   of tables whose target has a long tail, those on which it learns the logarithm: the other openings keep to
             the target itself, so that either way has some
    """

    algorithm: str
    why: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    recipe: str = ""
    applies: Applies = lambda _: True
    on_log: Applies = lambda _: False


def _has_pairs(analysis: Analysis) -> bool:
    """Return whether the recipe with target means and pairs of numbers makes more of the table than plain values; of
    columns that answers must be monotone in, it may not."""
    if analysis.monotone:
        return False
    n_numbers = sum(column.type is ColumnType.NUMERIC for column in analysis.features)
    return n_numbers >= 2 or any(
        column.type is ColumnType.CATEGORICAL
        and int(analysis.statistics.get(column.name, {}).get("distinct", 0)) > _MANY_VALUES
        for column in analysis.features
    )


def _has_no_pairs(analysis: Analysis) -> bool:
    return not _has_pairs(analysis)


def _is_small(analysis: Analysis) -> bool:
    """Return whether a row is compared with all others in no time."""
    return analysis.n_rows <= _MOST_COMPARED


def _has_line(analysis: Analysis) -> bool:
    """Return whether a straight line can be drawn to the target, and what it leaves may go any way."""
    return not (analysis.n_classes or analysis.monotone) and any(
        column.type is ColumnType.NUMERIC for column in analysis.features
    )


def _is_of_texts(analysis: Analysis) -> bool:
    """Return whether texts are all there is to learn from: then features are scores of linear models of their terms."""
    return all(column.type is ColumnType.TEXT for column in analysis.features)


def _any(_: Analysis) -> bool:
    return True


def _is_monotone(analysis: Analysis) -> bool:
    return bool(analysis.monotone)


_LOG = {TARGET_TRANSFORM: LOG}
_RESIDUAL = {TARGET_TRANSFORM: RESIDUAL}
_RANDOM_SPLITS = {
    "extra_trees": True,
    "learning_rate": 0.08,
    "num_leaves": 40,
    "feature_fraction": 0.8,
}
_DEEPER = {"depth": 8, "l2_leaf_reg": 8.0, "rsm": 0.7}
_SMALL_STEPS = {
    "learning_rate": 0.03,
    "num_leaves": 8,
    "min_data_in_leaf": 5,
    "feature_fraction": 0.5,
    "lambda_l2": 5.0,
}
_DEEP_AND_SPARSE = {
    "max_depth": 9,
    "subsample": 0.7,
    "colsample_bytree": 0.5,
    "min_child_weight": 4.0,
}
_DEEPER_NETWORK = {"n_layers": 3, "dropout": 0.25}
_WIDER_NETWORK = {"n_hidden": 400, "dropout": 0.3, "learning_rate": 1.5e-3}

_OF_TEXTS = "linear-learner"
"""The first on texts: soon done and hard to beat, and the more classes there are, the longer boosted trees take."""

FOR_TEXTS = Opening(
    "linear-learner",
    "texts by the scores of their classes, of which little is changed",
    {"wd": 0.03},
    applies=lambda analysis: _is_of_texts(analysis) and analysis.n_classes > 2,
)

OPENINGS: tuple[Opening, ...] = (
    Opening("lightgbm", "sound defaults, quick to train"),
    Opening("linear-learner", "linear baseline", on_log=_any),
    Opening("xgboost", "trees on the residuals of a linear model", _RESIDUAL, applies=_has_line),
    Opening("mlp", "fewer but wider networks", {"n_networks": 2, "n_hidden": 128}, on_log=_any),
    Opening(
        "lightgbm",
        "pairwise interactions and target encoding",
        recipe="dpp4",
        applies=_has_pairs,
        on_log=_any,
    ),
    Opening("extra-trees", "makes other errors than boosted trees"),
    Opening("lightgbm", "random splits: smoother, less overfitting", _RANDOM_SPLITS),
    Opening("mlp", "smooth functions, complementary to trees", on_log=_any),
    Opening(
        "xgboost", "pairwise interactions and target encoding", recipe="dpp4", applies=_has_pairs
    ),
    Opening("lightgbm", "small trees, low learning rate", _SMALL_STEPS),
    Opening("xgboost", "deep trees, strong column and row subsampling", _DEEP_AND_SPARSE),
    Opening("xgboost", "sound defaults", applies=_has_no_pairs),
    Opening("randomforest", "makes other errors than boosted trees"),
    Opening("catboost", "sound defaults, strong on categories", on_log=_is_monotone),
    Opening(
        "catboost",
        "pairwise interactions and target encoding, deeper trees with more regularisation",
        _DEEPER,
        recipe="dpp4",
        applies=_has_pairs,
        on_log=_any,
    ),
    Opening("neighbors", "predicts from the most similar rows", applies=_is_small),
    Opening(
        "catboost",
        "deeper trees with more regularisation",
        _DEEPER,
        applies=_has_no_pairs,
        on_log=_is_monotone,
    ),
)
"""In the order that makes an ensemble good early, as benchmarks/portfolio.py learnt it from the development tables; left out
one at a time, they confirm it."""

WHERE_NAMED: tuple[Opening, ...] = (
    Opening(
        "nn-torch", "sound defaults: an ensemble of members that share one network", on_log=_any
    ),
    Opening("fastai", "sound defaults: learned embeddings of categories", on_log=_any),
    Opening("nn-torch", "a deeper network with more dropout", _DEEPER_NETWORK, on_log=_any),
    Opening("fastai", "a wider network with a lower learning rate", _WIDER_NETWORK, on_log=_any),
)
"""Of algorithms that are tried only where they are named: they take an extra, and more time than their place in an
ensemble is worth."""

_LOG_WHY = "trained on the target's logarithm because of its long tail"


def openings_for(analysis: Analysis, strategy: Strategy = ANYTHING) -> tuple[Opening, ...]:
    """Return those that apply to the table and that the strategy allows, in order. Where no algorithm is named, those
    whose library is an extra that is not installed are left out."""
    known = (FOR_TEXTS, *OPENINGS, *(WHERE_NAMED if strategy.algorithms else ()))
    applying = (opening for opening in known if opening.applies(analysis))
    if analysis.monotone:
        applying = (opening for opening in applying if opening.algorithm in MONOTONE)
    if not strategy.algorithms:
        applying = (opening for opening in applying if learner(opening.algorithm).is_trainable)
    found = _allowed(tuple(applying), strategy)
    if _is_of_texts(analysis):
        found = tuple(sorted(found, key=lambda opening: opening.algorithm != _OF_TEXTS))
    if not has_long_tail(analysis):
        return found
    return tuple(_on_log(opening) if opening.on_log(analysis) else opening for opening in found)


def _allowed(openings: tuple[Opening, ...], strategy: Strategy) -> tuple[Opening, ...]:
    """Return the openings that are allowed. Where algorithms are named, each has one at least, and its first one comes
    before any other's second."""
    if not strategy.algorithms:
        return openings
    allowed = [opening for opening in openings if opening.algorithm in strategy.algorithms]
    opened = {opening.algorithm for opening in allowed}
    unopened = [name for name in strategy.algorithms if name not in opened]
    allowed += [Opening(name, "sound defaults") for name in unopened]
    firsts: dict[str, Opening] = {}
    for opening in allowed:
        firsts.setdefault(opening.algorithm, opening)
    others = (opening for opening in allowed if opening is not firsts[opening.algorithm])
    return (*firsts.values(), *others)


def has_long_tail(analysis: Analysis) -> bool:
    """Return whether the target is of amounts whose logarithm may be easier to learn."""
    statistics = analysis.statistics.get(analysis.target, {})
    return not analysis.n_classes and suggests_transform(statistics)


def _on_log(opening: Opening) -> Opening:
    return replace(opening, why=f"{opening.why}; {_LOG_WHY}", changes={**opening.changes, **_LOG})
