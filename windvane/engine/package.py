"""Packages: a fitted candidate as two folders of plain files, and the predictor that reads them.

    transformers/  manifest.json, schema.json (columns, labels, label type), recipes/R/{recipe.json,recipe.npz}
    model/         manifest.json, model.json (members: weight, recipe, learner; threshold; scores),
                   members/K/... in each library's own format

A manifest names the format version, the package's kind, and the SHA-256 of every other file. Loading reads
JSON, arrays and native model files; it never executes what it reads and refuses what the manifest does not name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FORMAT_VERSION = 1


@dataclass(frozen=True)
class Schema:
    """What a transformers package says of its table.

    features    names of the raw columns a row holds, in order (identifiers and constants included: a row has
                every column of the training file but the target)
    labels      class labels as in the training data, () for regression
    label_type  'string', 'integer', 'float' or 'boolean'
    target      its name
    """

    features: tuple[str, ...]
    labels: tuple[str, ...]
    label_type: str
    target: str
    problem_type: str


@dataclass(frozen=True)
class Predictions:
    """values         (n_rows,) for regression, else empty
    probabilities  (n_rows, n_classes), else empty
    classes        (n_rows,) int: index of the predicted label (the threshold applied), else empty
    """

    values: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    classes: NDArray[np.int64]


class Predictor:
    """Answers rows of raw cells, as they stand in a CSV file without header and target."""

    schema: Schema

    def predict(self, rows: Sequence[Sequence[str | None]]) -> Predictions:
        """rows    n_rows of len(schema.features) cells; "" and None are missing

        raises    InvalidRequest naming row and column (1-based row) of a wrong number of cells or a cell
                  that cannot be read as its column's type
        """
        raise NotImplementedError


def load_predictor(transformers: Path, model: Path) -> Predictor:
    """raises    CorruptArtifact"""
    raise NotImplementedError


def write_manifest(folder: Path, kind: str, about: dict[str, Any]) -> None:
    """manifest.json over every file now in the folder."""
    raise NotImplementedError


def check_manifest(folder: Path, kind: str) -> dict[str, Any]:
    """What the manifest says about the package; raises CorruptArtifact if any file differs from it."""
    raise NotImplementedError
