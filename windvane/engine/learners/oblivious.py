"""Symmetric ("oblivious") trees as arrays, walked by NumPy: all nodes of a level ask the same, so that a row's leaf is
a number whose bits are the answers, and the bits of all trees are found at once, without a branch.

source    Prokhorenkova et al. 2018, "CatBoost: unbiased boosting with categorical features", section 4
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from windvane.engine.arrays import Arrays
from windvane.engine.checked import floats_in, indices_in
from windvane.engine.columns import FloatMatrix

BITS = (8, 16)
"""Depths that trees are padded to."""

_BLOCK_ROWS = 128
"""At once: what is worked on then stays in the processor's cache."""

_MOST_BINNED = 150
"""With more columns than that in use, it is quicker to ask every question than to look up bins."""


@dataclass(frozen=True)
class Codes:
    """The contribution of a column of codes to the leaves' numbers.

    column     of the matrix
    row_of     (cardinality + 1,) row of `patterns` for each code, the first for missing
    patterns   (n_patterns, n_trees) to be combined with the numbers by exclusive or
    """

    column: int
    row_of: NDArray[np.int32]
    patterns: NDArray[Any]


@dataclass(frozen=True)
class ObliviousTrees:
    """Trees side by side.

    feature    (n_trees, n_bits) column that a bit asks about; n_bits is one of BITS
    border     (n_trees, n_bits) float32; a bit is 1 if the value is above, so never for missing, nor for
               infinity, which stands where there is no question, or one that `codes` answer
    values     (n_trees * n_leaves, n_outputs); every tree has the same number of leaves
    bias       (n_outputs,) added to the sum of the values
    counts     (n_trees * n_leaves,) training rows in each leaf; None if that is not known
    """

    n_features: int
    feature: NDArray[np.int32]
    border: NDArray[np.float32]
    values: NDArray[np.float64]
    bias: NDArray[np.float64]
    codes: Sequence[Codes] = ()
    counts: NDArray[np.unsignedinteger[Any]] | None = None

    def arrays(self) -> Arrays:
        made: Arrays = {name: getattr(self, name) for name in _ARRAYS}
        made["code_columns"] = np.array([one.column for one in self.codes], np.int32)
        for number, one in enumerate(self.codes):
            made[f"row_of.{number}"] = one.row_of
            made[f"patterns.{number}"] = one.patterns
        if self.counts is not None:
            made["counts"] = self.counts
        return made

    @classmethod
    def from_arrays(cls, arrays: Arrays, n_features: int) -> Self:
        """Read trees from saved arrays.

        raises    ValueError if these are no trees
        """
        feature = indices_in(arrays, "feature", 2, _MOST, -_MOST)
        dtype = _numbers_dtype(feature.shape[1])
        columns = indices_in(arrays, "code_columns", 1, _MOST, -_MOST)
        n_patterns = 1 << min(feature.shape[1], BITS[1])
        border = _array_with_infinities(arrays, "border")
        trees = cls(
            n_features,
            feature.astype(np.int32),
            border.astype(np.float32),
            floats_in(arrays, "values", 2).astype(np.float64),
            floats_in(arrays, "bias", 1).astype(np.float64),
            tuple(
                Codes(
                    column,
                    indices_in(arrays, f"row_of.{number}", 1, _MOST, -_MOST).astype(np.int32),
                    indices_in(arrays, f"patterns.{number}", 2, n_patterns).astype(dtype),
                )
                for number, column in enumerate(columns.tolist())
            ),
            arrays.get("counts"),
        )
        trees.check()
        return trees

    def check(self) -> None:
        """Check that the arrays describe trees.

        raises    ValueError if anything names a column, row or leaf that there is not
        """
        n_trees, n_bits = self.feature.shape
        if not n_trees:
            raise ValueError("no trees")
        if n_bits not in BITS or self.border.shape != (n_trees, n_bits):
            raise ValueError("questions of a wrong number")
        if ((self.feature < 0) | (self.feature >= self.n_features)).any():
            raise ValueError("a feature that there is not")
        if self.values.ndim != 2 or self.bias.shape != self.values.shape[1:]:
            raise ValueError("leaves of a wrong size")
        n_leaves, rest = divmod(len(self.values), n_trees)
        if rest or n_leaves & (n_leaves - 1) or not 1 <= n_leaves <= 1 << n_bits:
            raise ValueError("a wrong number of leaves")
        if (self.border[:, n_leaves.bit_length() - 1 :] != np.inf).any():
            raise ValueError("a leaf that there is not")
        self._check_codes(n_trees, n_leaves)
        if self.counts is not None and (
            self.counts.shape != (len(self.values),) or self.counts.dtype.kind != "u"
        ):
            raise ValueError("numbers of rows that there cannot be")

    def _check_codes(self, n_trees: int, n_leaves: int) -> None:
        for one in self.codes:
            if not 0 <= one.column < self.n_features:
                raise ValueError("a feature that there is not")
            if one.patterns.ndim != 2 or one.patterns.shape[1] != n_trees:
                raise ValueError("patterns of a wrong size")
            if (one.patterns >= n_leaves).any():
                raise ValueError("a leaf that there is not")
            if not len(one.row_of) or ((one.row_of < 0) | (one.row_of >= len(one.patterns))).any():
                raise ValueError("a pattern that there is not")
        if len({one.column for one in self.codes}) != len(self.codes):
            raise ValueError("a column of codes twice")


_ARRAYS = ("feature", "border", "values", "bias")
_MOST = 2**31 - 1


def _array_with_infinities(arrays: Arrays, name: str) -> NDArray[Any]:
    array = arrays.get(name)
    if array is None or array.dtype.kind != "f" or array.ndim != 2 or np.isnan(array).any():
        raise ValueError(f"the array {name!r} must be there, with two axes of numbers")
    return array


class ObliviousWalker:
    """Scores of rows: the sum over all trees, the same to the last digit however many rows are asked at once."""

    def __init__(self, trees: ObliviousTrees) -> None:
        self.trees = trees
        self._n_trees = len(trees.feature)
        self._dtype = _numbers_dtype(trees.feature.shape[1])
        self._asked = trees.feature.ravel().astype(np.intp)
        self._borders = trees.border.ravel()
        self._first_leaf = np.arange(self._n_trees) * (len(trees.values) // self._n_trees)
        self._flat = trees.values.ravel() if trees.values.shape[1] == 1 else None
        self._bins: list[tuple[int, NDArray[np.float32], NDArray[Any]]] | None = None

    def scores(self, X: FloatMatrix) -> NDArray[np.float64]:
        """Return (n_rows, n_features) to (n_rows, n_outputs)."""
        made = np.empty((len(X), self.trees.values.shape[1]))
        for start in range(0, len(X), _BLOCK_ROWS):
            block = X[start : start + _BLOCK_ROWS]
            made[start : start + _BLOCK_ROWS] = self._sums(self.leaves(block))
        made += self.trees.bias
        return made

    def leaves(self, X: FloatMatrix) -> NDArray[Any]:
        """Return (n_rows, n_trees) the number of each tree's leaf."""
        found = self._answers(X) if len(X) == 1 else self._answers_of_many(X)
        for one in self.trees.codes:
            column = X[:, one.column]
            row = np.where(np.isnan(column), 0, column + 1).astype(np.intp)
            found ^= one.patterns.take(one.row_of.take(row), axis=0)
        return found

    def _sums(self, leaves: NDArray[Any]) -> NDArray[np.float64]:
        places = leaves + self._first_leaf
        if self._flat is not None:
            return np.asarray(self._flat.take(places).sum(axis=1)[:, None])
        return np.asarray(self.trees.values.take(places, axis=0).sum(axis=1))

    def _answers(self, X: FloatMatrix) -> NDArray[Any]:
        bits = X.take(self._asked, axis=1) > self._borders
        return np.packbits(bits, axis=1, bitorder="little").view(self._dtype)

    def _answers_of_many(self, X: FloatMatrix) -> NDArray[Any]:
        if self._bins is None:
            self._bins = self._binned()
        if len(self._bins) > _MOST_BINNED:
            return self._answers(X)
        found = np.zeros((len(X), self._n_trees), self._dtype)
        for column, borders, answers in self._bins:
            values = X[:, column]
            bins = np.searchsorted(borders, values)
            bins[np.isnan(values)] = 0
            found |= answers.take(bins, axis=0)
        return found

    def _binned(self) -> list[tuple[int, NDArray[np.float32], NDArray[Any]]]:
        """Return for every column asked about: its borders, and (n_borders + 1, n_trees) the bits that values between
        them set."""
        asks = np.flatnonzero(self._borders < np.inf)
        n_bits = self.trees.feature.shape[1]
        made = []
        for column in np.unique(self._asked[asks]).tolist():
            here = asks[self._asked[asks] == column]
            borders, place = np.unique(self._borders[here], return_inverse=True)
            answers = np.zeros((len(borders) + 1, self._n_trees), self._dtype)
            bits = (1 << (here % n_bits)).astype(self._dtype)
            np.bitwise_or.at(answers, (place + 1, here // n_bits), bits)
            made.append((column, borders, np.bitwise_or.accumulate(answers, axis=0)))
        return made


def _numbers_dtype(n_bits: int) -> np.dtype[Any]:
    return np.dtype("u1" if n_bits == BITS[0] else "<u2")
