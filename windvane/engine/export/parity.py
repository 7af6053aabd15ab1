"""The comparison of what an exported model predicts with what the model itself predicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.engine.packages.package import Predictions
from windvane.errors import JobFault

EXACT = 1e-9
"""Of a probability, or of a value relative to the largest one: numbers are added up in the same order, or in double
precision."""

SINGLE_PRECISION = 1e-5
"""Where numbers are added up in single precision in another order."""


@dataclass(frozen=True)
class Parity:
    """The comparison of a model's predictions with those of what was exported from it.

    rows                  that were compared
    other_labels          rows with another predicted label
    largest_difference    between two probabilities, or two values
    largest_value         of the values, by its size; 1 for probabilities
    tolerance             for the difference, relative to the largest value if that is above 1
    """

    rows: int
    other_labels: int
    largest_difference: float
    largest_value: float
    tolerance: float = EXACT

    def check(self) -> None:
        """Check that the predictions are the same, but for rounding.

        raises    JobFault
        """
        most = self.tolerance * max(1.0, self.largest_value)
        if self.other_labels or not self.largest_difference <= most:
            raise JobFault(
                f"The exported model does not predict what the model predicts: of {self.rows} rows, {self.other_labels} "
                f"have another label, and numbers differ by up to {self.largest_difference:g}. Nothing was written."
            )


def parity_of(
    labels: Sequence[str],
    wanted: Sequence[Predictions],
    numbers: NDArray[np.float64],
    told: Sequence[Any],
    tolerance: float = EXACT,
) -> Parity:
    """Return how far apart predictions are.

    labels     of the model, () for regression
    wanted     what the model predicts, block after block
    numbers    (n_rows, n_classes) probabilities or (n_rows, 1) values of what was exported
    told       (n_rows,) its labels; of regression nothing
    raises     JobFault if these are not as many as the model gives
    """
    expected = np.concatenate(
        [one.probabilities if one.probabilities.size else one.values[:, None] for one in wanted]
    )
    if numbers.shape != expected.shape:
        raise JobFault(
            f"The exported model gives {numbers.shape} numbers; the model gives {expected.shape}."
        )
    right = [labels[i] for one in wanted for i in one.classes.tolist()]
    n_other = sum(one != label for one, label in zip(told, right, strict=bool(labels)))
    largest = 1.0 if labels else float(np.abs(expected).max())
    return Parity(
        len(expected), n_other, float(np.abs(numbers - expected).max()), largest, tolerance
    )
