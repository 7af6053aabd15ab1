"""Findings about the target."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from windvane.domain.problem import ProblemType
from windvane.engine.data.analysis import Finding
from windvane.engine.data.checks.facts import TableFacts
from windvane.wording import counted, listed, number, percent

_RARE = 10
_SKEWED = 3.0
_CAPPED, _CAPPED_MORE = 0.01, 10
"""A target looks capped if so large a share of rows has the largest value, so many times as many as have any other of
the upper half of values."""


def invalid_targets(facts: TableFacts) -> Iterator[Finding]:
    target = facts.target
    if target.n_invalid:
        kind = "number" if target.problem_type is ProblemType.REGRESSION else "label"
        examples = listed([f"'{text[:40]}'" for text in target.invalid_examples])
        yield Finding(
            "invalid-target",
            "medium" if target.n_invalid > 0.1 * facts.n_rows_kept else "low",
            (facts.target_name,),
            f"{target.n_invalid:,} of {facts.n_rows_kept:,} rows have no valid {kind} in the target column"
            f"{f' (e.g. {examples})' if examples else ''}.",
            "These rows were excluded.",
            "They cannot be used for training. If rows without a target differ from the others, "
            "the model is not trained for such rows.",
        )


def unseen_classes(facts: TableFacts) -> Iterator[Finding]:
    """Labels that only the validation data have."""
    unseen = facts.target.unseen
    if unseen:
        told = listed([f"'{label[:40]}' ({count})" for label, count in unseen.items()])
        yield Finding(
            "unseen-class",
            "medium",
            (facts.target_name,),
            f"{counted(sum(unseen.values()), 'row')} of the validation data "
            f"{'has' if sum(unseen.values()) == 1 else 'have'} a label that does not occur in "
            f"the training data: {told}.",
            "These rows were excluded.",
            "A model cannot predict a class that is not in the training data: it is always "
            "wrong on such rows, which the scores do not reflect.",
        )


def imbalance(facts: TableFacts) -> Iterator[Finding]:
    counts, labels = facts.target.class_counts, facts.target.labels
    if not counts:
        return
    fewest = int(np.argmin(counts))
    share = counts[fewest] / sum(counts)
    if share * len(counts) < 0.2:
        yield Finding(
            "imbalanced-target",
            "medium" if share < 0.05 else "low",
            (facts.target_name,),
            f"Class '{labels[fewest]}' has {counts[fewest]:,} of {sum(counts):,} rows "
            f"({percent(counts[fewest], sum(counts))}).",
            "All rows are used unchanged. Prefer F1, BalancedAccuracy or AUC to Accuracy.",
            f"Always predicting '{labels[int(np.argmax(counts))]}' reaches an accuracy of "
            f"{percent(max(counts), sum(counts))} and is useless.",
        )


def rare_classes(facts: TableFacts) -> Iterator[Finding]:
    told = zip(facts.target.labels, facts.target.class_counts, strict=True)
    rare = [f"'{label}' ({count})" for label, count in told if count < _RARE]
    if rare:
        yield Finding(
            "rare-classes",
            "medium",
            (facts.target_name,),
            f"{len(rare):,} {'class has' if len(rare) == 1 else 'classes have'} fewer than {_RARE} rows: "
            f"{listed(rare)}.",
            "They are kept. Add rows of these classes, or merge classes.",
            "There is little to learn from so few rows, and scores on them are unreliable.",
        )


def contradictions(facts: TableFacts) -> Iterator[Finding]:
    """Yield rows of one description and several classes."""
    if not facts.target.labels:
        return
    rows = facts.feature_copies.differing(facts.target.y)
    n_lost = len(rows) - _n_in_majority(facts, rows)
    if n_lost > 0.005 * facts.n_rows:
        yield Finding(
            "contradictory-rows",
            "medium" if n_lost > 0.05 * facts.n_rows else "low",
            (facts.target_name,),
            f"{len(rows):,} of {facts.n_rows:,} rows ({percent(len(rows), facts.n_rows)}) have "
            "the same features as a row of another class.",
            "They are kept. Columns that distinguish them would help more than another algorithm.",
            f"{n_lost:,} of them ({percent(n_lost, facts.n_rows)} of all rows) will be "
            "misclassified by any model.",
        )


def _n_in_majority(facts: TableFacts, rows: NDArray[np.int64]) -> int:
    """Return how many of these rows have the most frequent class among the rows of their description."""
    _, group = np.unique(facts.keys.features[rows], return_inverse=True)
    n_classes = len(facts.target.labels)
    pairs, counts = np.unique(
        group * n_classes + facts.target.y[rows].astype(np.int64), return_counts=True
    )
    most = np.zeros(int(group.max(initial=0)) + 1, np.int64)
    np.maximum.at(most, pairs // n_classes, counts)
    return int(most.sum())


def long_tail(facts: TableFacts) -> Iterator[Finding]:
    numbers = facts.target_numbers
    if not numbers or abs(numbers["skewness"]) < _SKEWED:
        return
    end = "max" if numbers["skewness"] > 0 else "min"
    yield Finding(
        "skewed-target",
        "medium" if abs(numbers["skewness"]) > 10 else "low",
        (facts.target_name,),
        f"The target has a long tail: the median is {number(numbers['quantiles']['0.5'])}, 90 % "
        f"lie between {number(numbers['quantiles']['0.05'])} and "
        f"{number(numbers['quantiles']['0.95'])}, and the most extreme value is "
        f"{number(numbers[end])} (skewness {numbers['skewness']:.1f}).",
        "Rows are kept unchanged; some candidates are trained on the logarithm of the target if "
        "it is an amount. Consider MAE if large values are not more important than others.",
        "Squared errors (MSE, RMSE, R2) are dominated by the few rows in the tail, and their "
        "estimates are less certain.",
    )


def outlying_targets(facts: TableFacts) -> Iterator[Finding]:
    numbers = facts.target_numbers
    if not numbers or not numbers["isolated"]:
        return
    yield Finding(
        "outlying-target",
        "medium",
        (facts.target_name,),
        f"{numbers['isolated']:,} of {facts.n_rows:,} targets are extreme outliers (more than "
        f"twice as far out as any other); targets range from {number(numbers['min'])} to "
        f"{number(numbers['max'])}, 90 % of them from {number(numbers['quantiles']['0.05'])} to "
        f"{number(numbers['quantiles']['0.95'])}.",
        "They are kept. Remove them if they are errors.",
        "A single such row can dominate the squared error of its fold.",
    )


def capped(facts: TableFacts) -> Iterator[Finding]:
    """Yield a largest value that stands for all that are larger."""
    numbers = facts.target_numbers
    if not numbers:
        return
    n_largest = int((facts.target.y == numbers["max"]).sum())
    if n_largest < _CAPPED * facts.n_rows:
        return
    _, counts = np.unique(facts.target.y, return_counts=True)
    others = counts[len(counts) // 2 : -1]
    if len(others) >= _CAPPED_MORE and n_largest >= _CAPPED_MORE * others.max():
        yield Finding(
            "capped-target",
            "low",
            (facts.target_name,),
            f"{n_largest:,} of {facts.n_rows:,} rows ({percent(n_largest, facts.n_rows)}) have "
            f"the largest target value, {number(numbers['max'])}: it looks like an upper limit "
            "(censoring).",
            "They are kept unchanged.",
            "If larger values were capped there, predictions at the upper end are too low.",
        )
