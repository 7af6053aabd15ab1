"""What each column adds to the answers to some rows, however that was found out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import Columns, Values


@dataclass(frozen=True)
class Attribution:
    """Shapley values on the scale of margins.py; a row's values and the expected one add up to its answer.

    values            (n_rows, n_columns, n_outputs)
    errors            the same shape: standard errors; 0 where nothing was sampled
    expected          (n_outputs,) the answer when no column is known
    expected_errors   (n_outputs,)
    common_errors     (n_columns, n_outputs) of the mean of the absolute values over these rows, as far as it comes
                      from sampling columns' order and background rows
    background        the rows that stand for "not known", as drawn; no columns if that is up to the trees
    pairs             of permutations of the columns, for each row; 0 if nothing was sampled
    """

    values: NDArray[np.float64]
    errors: NDArray[np.float64]
    expected: NDArray[np.float64]
    expected_errors: NDArray[np.float64]
    common_errors: NDArray[np.float64]
    background: Columns
    pairs: int

    @property
    def is_exact(self) -> bool:
        return self.pairs == 0

    @property
    def method(self) -> str:
        """The method, in words."""
        return "exact TreeSHAP" if self.is_exact else f"sampled, {self.pairs} permutation pairs"

    @property
    def answers(self) -> NDArray[np.float64]:
        """(n_rows, n_outputs) that the values add up to."""
        return np.asarray(self.values.sum(axis=1) + self.expected)


def taken(columns: Columns, rows: NDArray[np.intp] | slice) -> dict[str, Values]:
    """Return some rows of columns."""
    return {name: values[rows] for name, values in columns.items()}
