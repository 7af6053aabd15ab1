"""How much a text sounds like each class: a linear model of its terms, whose scores other models learn from.

A truncated SVD keeps what texts differ in most; a class may be told by words that it leaves out. These scores are made of all
of them, or of all adjacent characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from windvane.engine.checked import MOST_CLASSES
from windvane.engine.columns import FloatMatrix, Values
from windvane.engine.features.base import Feature
from windvane.engine.features.terms import TermTable, grams_of, terms_of
from windvane.engine.features.text import MAX_FIT_ROWS, TextTopics
from windvane.errors import CorruptArtifact, RejectColumn

_MOST_TERMS = 60_000
_PENALTY = 0.2
"""Of the sum of squared coefficients; a text's vector has length 1."""

_FEWEST_ROUNDS, _MOST_ROUNDS, _SMALL = 5, 15, 1e-3
"""Of conjugate gradients; residual at which they end, as a share of the first."""

_FEW_ROWS = 2_500
"""Up to which the equations of a ridge regression are solved for the rows instead of the terms, exactly: 50 MB for each pair of
rows' likeness."""

_MOST_WORK = 300_000_000
"""Non-zero cells times scores times rounds of one fit."""

_MUCH = 30_000_000
"""Non-zero cells times scores, above which rows are scored by a model of one half of them, not of four fifths."""


class TextScores(TextTopics):
    """The score of a text for each class, by ridge regression of the class on its tf-idf vector; for two classes that of the
    second, for regression that of the target. A missing text, or one of unknown terms, is 0 throughout.

    n_classes   0 for regression
    width       scores at most; with more classes than that, of the most frequent ones
    table       of the terms of texts it will meet
    of_grams    whether its terms are adjacent characters, not words
    """

    kind = "text-scores"

    def __init__(
        self,
        source: str,
        n_classes: int = 0,
        width: int = 50,
        table: TermTable | None = None,
        *,
        of_grams: bool = True,
    ) -> None:
        super().__init__(source, width, table=table)
        self.n_classes = n_classes
        self._classes: list[int] = []
        self._terms_of = grams_of if of_grams else terms_of

    def fit(self, values: Values, y: NDArray[np.float64] | None) -> None:
        if y is None:
            raise RejectColumn("scores of texts need a target")
        matrix, targets = self._read(values, y)
        if len(values) <= _FEW_ROWS:
            self._answer_with(matrix.T @ (_inverse(matrix) @ targets))
        else:
            self._answer_with(_ridge(matrix, targets))

    def fit_transform(
        self, values: Values, y: NDArray[np.float64], parts: NDArray[np.int64]
    ) -> FloatMatrix:
        """Fit, and score the training rows as if each were new: by a model of the other parts of them.

        parts     (n_rows,) the part of each row
        returns   (n_rows, n_features)
        """
        matrix, targets = self._read(values, y)
        if len(values) <= _FEW_ROWS:
            inverse = _inverse(matrix)
            self._answer_with(matrix.T @ (inverse @ targets))
            return _of_others(inverse, targets, parts)
        self._answer_with(_ridge(matrix, targets))
        if matrix.nnz * targets.shape[1] > _MUCH:
            parts = parts % 2
        made = np.zeros(targets.shape, np.float32)
        for part in np.unique(parts):
            inside = parts == part
            if not inside.all():
                made[inside] = matrix[inside] @ _ridge(matrix[~inside], targets[~inside])
        return made

    def _read(self, values: Values, y: NDArray[np.float64]) -> tuple[Any, NDArray[np.float64]]:
        """Learn the terms of texts; return the texts' vectors and the targets."""
        if len(values) > MAX_FIT_ROWS:
            raise RejectColumn(f"more than {MAX_FIT_ROWS:,} texts")
        bags = self._learn_terms(values.tolist(), _MOST_TERMS)
        if not self.terms_:
            raise RejectColumn("its texts share no words")
        return self._matrix(self._weigh(bags)), self._targets(y)

    def _answer_with(self, coefficients: NDArray[np.float64]) -> None:
        self._learn(self.terms_, self.weights_, coefficients.astype(np.float32))

    def _targets(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (n_rows, n_features) targets, or whether a row is of each class, of mean 0 and standard deviation 1."""
        if self.n_classes:
            counts = np.bincount(y.astype(np.int64), minlength=self.n_classes)
            frequent = sorted(np.argsort(-counts, kind="stable")[: self.width].tolist())
            self._classes = [1] if self.n_classes == 2 else frequent
            targets = (y[:, None] == np.array(self._classes)) * 1.0
        else:
            targets = y[:, None]
        spread = targets.std(axis=0)
        return np.asarray((targets - targets.mean(axis=0)) / np.where(spread > 0, spread, 1.0))

    def features(self) -> Sequence[Feature]:
        n = self.directions_.shape[1]
        kind = "word score" if self._terms_of is terms_of else "score"
        classes: list[int | None] = [*self._classes] or [None] * n
        return tuple(
            Feature(f"{self.source} ({kind} {i + 1})", self.source, of_class=of_class)
            for i, of_class in enumerate(classes)
        )

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        told, arrays = super().state()
        return {**told, "classes": self._classes}, arrays

    @classmethod
    def from_state(cls, json_state: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        """Return what `state` tells; what earlier versions wrote does not say which classes scores are of."""
        made = super().from_state(json_state, arrays)
        classes = json_state.get("classes", [])
        n = made.directions_.shape[1]
        if not isinstance(classes, list) or (classes and len(classes) != n):
            raise CorruptArtifact(f"The scores of column {made.source!r} have a wrong number.")
        if not all(type(one) is int and 0 <= one < MOST_CLASSES for one in classes):
            raise CorruptArtifact(f"The scores of column {made.source!r} are of no classes.")
        made._classes = classes  # noqa: SLF001 - of its own class
        return made


def _inverse(X: Any) -> NDArray[np.float64]:
    """Return (n_rows, n_rows), the inverse of X X' and the penalty: times targets it is what each row weighs in the coefficients
    of their ridge regression.

    X         SciPy sparse, (n_rows, n_terms)
    """
    from scipy.linalg import lapack  # fitting alone needs SciPy

    likeness = np.asfortranarray((X @ X.T).toarray())
    likeness[np.diag_indices_from(likeness)] += _PENALTY
    factor, _ = lapack.dpotrf(likeness, overwrite_a=True)
    upper, _ = lapack.dpotri(factor, overwrite_c=True)
    upper = np.triu(upper)
    return np.asarray(upper + np.triu(upper, 1).T)


def _of_others(
    inverse: NDArray[np.float64], targets: NDArray[np.float64], parts: NDArray[np.int64]
) -> FloatMatrix:
    """Return what the ridge regression of the rows of all other parts predicts of each row, without fitting it.

    inverse   of all rows
    source    the identity of leave-one-out residuals (Allen 1974, "The relationship between variable selection and data
              augmentation"), for blocks of rows
    """
    weights = inverse @ targets
    made = np.zeros(targets.shape, np.float32)
    for part in np.unique(parts):
        inside = np.flatnonzero(parts == part)
        if len(inside) < len(parts):
            block = inverse[np.ix_(inside, inside)]
            made[inside] = targets[inside] - np.linalg.solve(block, weights[inside])
    return made


def _ridge(X: Any, Y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (n_terms, n_targets) coefficients of a ridge regression, by conjugate gradients.

    X         SciPy sparse, (n_rows, n_terms)
    Y         (n_rows, n_targets)
    source    Hestenes and Stiefel 1952, "Methods of conjugate gradients for solving linear systems"
    """
    turned = X.T.tocsr()
    solution = np.zeros((X.shape[1], Y.shape[1]))
    residual = np.asarray(turned @ Y)
    step, norm = residual.copy(), (residual**2).sum(axis=0)
    enough = _SMALL**2 * norm
    work = max(1, X.nnz * Y.shape[1])
    for _ in range(int(np.clip(_MOST_WORK // work, _FEWEST_ROUNDS, _MOST_ROUNDS))):
        if (norm <= enough).all():
            break
        image = turned @ (X @ step) + _PENALTY * step
        length = norm / np.maximum((step * image).sum(axis=0), 1e-300)
        solution += length * step
        residual -= length * image
        before, norm = norm, (residual**2).sum(axis=0)
        step = residual + norm / np.maximum(before, 1e-300) * step
    return solution
