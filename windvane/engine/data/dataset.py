"""A dataset folder: the typed table after analysis. Written once, then memory-mapped by every stage.

analysis.json
columns/N.npy          numeric and datetime columns (float64), N = position in analysis.columns
columns/N.arrow        categorical and text columns, dictionary-encoded strings (Arrow IPC, uncompressed)
y.npy                  float64 (n_rows,): target, or class index
folds.npy              int8 (n_rows,): the fold in which a row is validated, or -1 if in none
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import Columns
from windvane.engine.data.analysis import Analysis


@dataclass(frozen=True)
class Dataset:
    """A dataset folder opened for reading.

    y       (n_rows,) float64
    folds   (n_rows,) int8
    """

    analysis: Analysis
    columns: Columns
    y: NDArray[np.float64]
    folds: NDArray[np.int8]


def write_dataset(dataset: Dataset, folder: Path) -> None:
    raise NotImplementedError


def read_dataset(folder: Path) -> Dataset:
    """raises    CorruptArtifact"""
    raise NotImplementedError


def read_analysis(folder: Path) -> Analysis:
    raise NotImplementedError
