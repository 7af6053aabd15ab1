"""The main directions of a sparse matrix, by randomised subspace iteration."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_MORE = 10
_ROUNDS = 4
_NOISE = 1e-12
"""Of the largest eigenvalue of a Gram matrix in float64: what is less is rounding."""


def right_singular_vectors(
    matrix: Any, width: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Return (n_columns, at most `width`) of the largest singular values, each with its largest entry positive.

    A basis is made orthonormal by its Gram matrix, not by QR: one matrix product instead of a factorisation
    ten times as slow. It only has to keep the basis from collapsing; the last one is made so twice.

    matrix    SciPy sparse, (n_rows, n_columns)
    source    Halko et al. 2011, "Finding structure with randomness"
    """
    size = min(width + _MORE, *matrix.shape)
    turned = matrix.T.tocsr()
    basis = matrix @ generator.standard_normal((matrix.shape[1], size))
    for _ in range(_ROUNDS):
        basis = matrix @ (turned @ _orthonormal(basis))
    vectors = _orthonormal(turned @ _orthonormal(_orthonormal(basis)))[:, :width]
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(vectors.shape[1])])
    oriented: NDArray[np.float64] = vectors * np.where(signs == 0, 1, signs)
    return oriented


def _orthonormal(basis: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the left singular vectors of a tall matrix, those of the largest singular values first, without those
    that are noise."""
    values, vectors = np.linalg.eigh(basis.T @ basis)
    kept = np.flatnonzero(values > _NOISE * values.max(initial=np.finfo(np.float64).tiny))[::-1]
    made: NDArray[np.float64] = basis @ (vectors[:, kept] / np.sqrt(values[kept]))
    return made
