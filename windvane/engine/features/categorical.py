"""Categories: every encoding is a table with a row for each known category, one for unseen, one for missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from windvane.engine.checked import floats_in, text_in, texts_in
from windvane.engine.columns import FloatMatrix, Values
from windvane.engine.features.base import Feature, Value
from windvane.errors import CorruptArtifact, RejectColumn

_MAX_CATEGORIES = 10_000
_MIN_COUNT = 2
"""A category of one row teaches nothing about others; treating it as unseen teaches what unseen means."""


_OTHER = " = (other)"
_MISSING = " = (missing)"


class CategoryTable:
    """The lookup of cells, which the encodings share.

    categories_   known categories, the most frequent first
    names_        of the features; the source itself stands for ""
    table_        (n_categories + 2, n_features) float32; the last two rows are for unseen and missing
    """

    kind: str
    cardinality_ = 0

    def __init__(self, source: str) -> None:
        self.source = source
        self._learn([], [], np.empty((2, 0), np.float32))

    def _learn(
        self, categories: Sequence[str], names: Sequence[str], table: NDArray[np.float32]
    ) -> None:
        self.categories_ = list(categories)
        self.names_ = list(names)
        self.table_ = table
        self._rows = table.tolist()
        self._unseen = len(categories)
        self._row_of: dict[str | None, int] = {name: i for i, name in enumerate(categories)}
        self._row_of[None] = self._unseen + 1

    def features(self) -> Sequence[Feature]:
        return tuple(
            Feature(f"{self.source}{name}", self.source, self.cardinality_) for name in self.names_
        )

    def codes(self, values: Values) -> NDArray[np.int64]:
        """Return (n_rows,) rows of the table."""
        row_of, unseen = self._row_of.get, self._unseen
        return np.array([row_of(value, unseen) for value in values.tolist()], np.int64)

    def transform(self, values: Values) -> FloatMatrix:
        made: FloatMatrix = self.table_[self.codes(values)]
        return made

    def code_of(self, value: Value) -> int:
        """Return the row of the table."""
        return self._row_of.get(value, self._unseen)  # type: ignore[arg-type]

    def transform_one(self, value: Value) -> Sequence[float]:
        found: Sequence[float] = self._rows[self.code_of(value)]
        return found

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        return {
            "source": self.source,
            "categories": self.categories_,
            "names": self.names_,
        }, {"table": self.table_}

    @classmethod
    def from_state(cls, json_state: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        made = cls(text_in(json_state, "source"))
        categories, names = texts_in(json_state, "categories"), texts_in(json_state, "names")
        if len(set(categories)) != len(categories):
            raise CorruptArtifact(f"A category of column {made.source!r} is named twice.")
        table = floats_in(arrays, "table", 2, may_be_nan=True).astype(np.float32)
        if table.shape != (len(categories) + 2, len(names)):
            raise CorruptArtifact(f"The category table of column {made.source!r} has a wrong size.")
        made._learn(categories, names, table)
        return made


class OrdinalCodes(CategoryTable):
    """Codes 0, 1, ... from the most frequent category on; missing and unseen are NaN. For learners that
    split on sets of categories; categories of a single row count as unseen.

    most    a column of more categories is rejected; None for any number
    """

    kind = "ordinal"

    def __init__(self, source: str, most: int | None = None) -> None:
        super().__init__(source)
        self.most = most

    def fit(self, values: Values, y: NDArray[np.float64] | None) -> None:  # noqa: ARG002 - contract
        counted = _counted(values)
        if self.most is not None and len(counted) > self.most:
            raise RejectColumn(f"more than {self.most} categories")
        categories = [name for name, count in counted if count >= _MIN_COUNT]
        if not categories:
            raise RejectColumn("no category occurs twice")
        categories = categories[:_MAX_CATEGORIES]
        table = np.full((len(categories) + 2, 1), np.nan, np.float32)
        table[:-2, 0] = np.arange(len(categories))
        self._learn(categories, [""], table)

    @property
    def cardinality_(self) -> int:  # type: ignore[override]
        return len(self.categories_)


class OrderedCodes(CategoryTable):
    """Places 0, 1, ... of a few categories in the order of their mean target (of their frequency if there are more
    than two classes), for learners that cut numbers: any two categories can be told apart, which target means
    encoded from other rows may blur. Missing comes first, as -1; unseen stands in the middle.

    n_classes   0 for regression
    most        a column of more categories is rejected; None for any number
    """

    kind = "ordered"

    def __init__(self, source: str, n_classes: int = 0, most: int | None = None) -> None:
        super().__init__(source)
        self.n_classes = n_classes
        self.most = most

    def fit(self, values: Values, y: NDArray[np.float64] | None) -> None:
        counted = _counted(values)
        if self.most is not None and len(counted) > self.most:
            raise RejectColumn(f"more than {self.most} categories")
        categories = [name for name, _ in counted]
        if y is not None and self.n_classes <= 2:
            mean_of = {name: float(y[values == name].mean()) for name in categories}
            categories.sort(key=lambda name: mean_of[name])
        places = [*range(len(categories)), (len(categories) - 1) / 2, -1]
        self._learn(categories, [" (place)"], np.array(places, np.float32)[:, None])


class Frequency(CategoryTable):
    """The share of training rows with the same category; unseen is 0. Only for columns of many categories,
    where how common a value is says something that its code cannot."""

    kind = "frequency"

    def __init__(self, source: str, min_categories: int = 30) -> None:
        super().__init__(source)
        self.min_categories = min_categories

    def fit(self, values: Values, y: NDArray[np.float64] | None) -> None:  # noqa: ARG002 - contract
        counted = _counted(values)[:_MAX_CATEGORIES]
        if len(counted) < self.min_categories:
            raise RejectColumn(f"fewer than {self.min_categories} categories")
        n_missing = sum(value is None for value in values.tolist())
        counts = [count for _, count in counted] + [0, n_missing]
        table = (np.array(counts) / len(values)).astype(np.float32)[:, None]
        self._learn([name for name, _ in counted], [" (frequency)"], table)


class OneHot(CategoryTable):
    """One feature for each frequent category, one for all others and unseen, one for missing.

    width      features at most
    min_share  of the training rows that a category needs for a feature of its own
    """

    kind = "one-hot"

    def __init__(self, source: str, width: int = 100, min_share: float = 0.001) -> None:
        super().__init__(source)
        self.width = width
        self.min_share = min_share

    def fit(self, values: Values, y: NDArray[np.float64] | None) -> None:  # noqa: ARG002 - contract
        counted = _counted(values)
        has_missing = any(value is None for value in values.tolist())
        least = max(_MIN_COUNT, self.min_share * len(values))
        frequent = [name for name, count in counted if count >= least]
        if not frequent and not has_missing:
            raise RejectColumn("no category is frequent enough")
        if len(counted) < 2 and not has_missing:
            raise RejectColumn("it has only one category")
        has_other = len(frequent) < len(counted) or len(frequent) + has_missing > self.width
        spare = [_OTHER] * has_other + [_MISSING] * has_missing
        frequent = frequent[: max(1, self.width - len(spare))]
        spare = spare[: self.width - len(frequent)]
        names = [f" = {name}" for name in frequent] + spare
        table = np.zeros((len(frequent) + 2, len(names)), np.float32)
        np.fill_diagonal(table[: len(frequent)], 1)
        for row, name in ((-2, _OTHER), (-1, _MISSING)):
            if name in spare:
                table[row, len(frequent) + spare.index(name)] = 1
        self._learn(frequent, names, table)


class TargetMeans(CategoryTable):
    """The mean target (regression), or the rate of each class (the second alone if there are two), among
    training rows of the same category, drawn towards the overall mean where rows are few. Unseen gets the
    overall mean.

    n_classes   0 for regression
    width       features at most; with more classes than that, the most frequent ones
    fewest      a column of fewer categories is rejected
    source      Micci-Barreca 2001, "A preprocessing scheme for high-cardinality categorical attributes"
    """

    kind = "target-means"
    _STRENGTH = 10.0
    """Rows that the overall mean counts for."""

    def __init__(self, source: str, n_classes: int = 0, width: int = 10, fewest: int = 0) -> None:
        super().__init__(source)
        self.n_classes = n_classes
        self.width = width
        self.fewest = fewest

    def fit(self, values: Values, y: NDArray[np.float64] | None) -> None:
        if y is None:
            raise RejectColumn("target means need a target")
        counted = _counted(values)[:_MAX_CATEGORIES]
        if len(counted) < 2 and (not counted or counted[0][1] == len(values)):
            raise RejectColumn("it has only one category")
        if len(counted) < self.fewest:
            raise RejectColumn(f"fewer than {self.fewest} categories")
        targets, names = self._targets(y)
        self._learn(
            [name for name, _ in counted], names, np.empty((len(counted) + 2, 0), np.float32)
        )
        self._learn(self.categories_, names, self._means(self.codes(values), targets))

    def fit_transform(
        self, values: Values, y: NDArray[np.float64], parts: NDArray[np.int64]
    ) -> FloatMatrix:
        """Fit, and encode the training rows as if each were new: with means of the other parts of them, so that no row
        sees its own target, nor that of its group or of rows of about its time.

        parts     (n_rows,) the part of each row
        returns   (n_rows, n_features)
        """
        self.fit(values, y)
        codes, (targets, _) = self.codes(values), self._targets(y)
        made = np.empty((len(y), targets.shape[1]), np.float32)
        for part in np.unique(parts):
            inside = parts == part
            made[inside] = self._means(codes[~inside], targets[~inside])[codes[inside]]
        return made

    def _targets(self, y: NDArray[np.float64]) -> tuple[NDArray[np.float64], list[str]]:
        if self.n_classes == 0:
            return y[:, None], [" (mean target)"]
        counts = np.bincount(y.astype(np.int64), minlength=self.n_classes)
        kept = (
            [1] if self.n_classes == 2 else sorted(np.argsort(-counts, kind="stable")[: self.width])
        )
        indicators = (y[:, None] == np.array(kept)).astype(np.float64)
        return indicators, [f" (rate of class {k})" for k in kept]

    def _means(self, codes: NDArray[np.int64], targets: NDArray[np.float64]) -> NDArray[np.float32]:
        n = len(self.categories_) + 2
        prior = targets.mean(axis=0) if len(targets) else np.zeros(targets.shape[1])
        counts = np.bincount(codes, minlength=n)[:, None]
        sums = np.stack([np.bincount(codes, column, minlength=n) for column in targets.T], axis=1)
        means = (sums + self._STRENGTH * prior) / (counts + self._STRENGTH)
        means[-2] = prior
        bounded: NDArray[np.float32] = np.clip(means, -1e38, 1e38).astype(np.float32)
        return bounded


class ScaledTargetMeans(TargetMeans):
    """Target encoding as TargetMeans, of a target (or class indicators) of mean 0 and standard deviation 1."""

    kind = "scaled-target-means"

    def _targets(self, y: NDArray[np.float64]) -> tuple[NDArray[np.float64], list[str]]:
        targets, names = super()._targets(y)
        spread = targets.std(axis=0)
        return (targets - targets.mean(axis=0)) / np.where(spread > 0, spread, 1.0), names


CATEGORY_TABLES = (
    OrdinalCodes,
    OrderedCodes,
    Frequency,
    OneHot,
    TargetMeans,
    ScaledTargetMeans,
)


def _counted(values: Values) -> list[tuple[str, int]]:
    """Categories with their counts, the most frequent first, ties by name."""
    counts = Counter(values.tolist())
    counts.pop(None, None)
    if not counts:
        raise RejectColumn("every value is missing")
    return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
