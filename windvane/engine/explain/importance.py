"""How much each column matters over all explained rows: the mean of its absolute Shapley values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from windvane.engine.explain.attribution import Attribution


@dataclass(frozen=True)
class Importance:
    """The importance of each column: its mean absolute SHAP value.

    values, errors    (n_columns, n_outputs) mean of the absolute values, and its standard error
    total, total_errors  (n_columns,) over the outputs; their errors as if they all erred the same way
    """

    values: NDArray[np.float64]
    errors: NDArray[np.float64]

    @property
    def total(self) -> NDArray[np.float64]:
        return np.asarray(self.values.sum(axis=1))

    @property
    def total_errors(self) -> NDArray[np.float64]:
        return np.asarray(self.errors.sum(axis=1))

    def ranking(self) -> list[int]:
        """Return numbers of the columns, the one that matters most first."""
        return [int(number) for number in np.argsort(-self.total, kind="stable")]


def importance_of(attribution: Attribution) -> Importance:
    """Return the importance of each column. The standard error is that of explaining some rows in place of all, with
    that of the sampling within a row."""
    sizes = np.abs(attribution.values)
    n_rows = len(sizes)
    of_rows = (
        sizes.std(axis=0, ddof=1) / np.sqrt(n_rows) if n_rows > 1 else np.zeros(sizes.shape[1:])
    )
    return Importance(sizes.mean(axis=0), np.hypot(of_rows, attribution.common_errors))
