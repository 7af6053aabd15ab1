"""What a model insights report judges: predictions of rows that the model had not seen, and the truth about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.scoring.calibration import NO_CHANGE
from windvane.engine.scoring.metrics import Floats, Indices
from windvane.engine.splits import honest_parts
from windvane.engine.weighted import Weight, taken


@dataclass(frozen=True)
class Judged:
    """A candidate's predictions, the rows without one left out.

    y            (n_rows,) target or class index
    predicted    (n_rows,) values or (n_rows, n_classes) probabilities, at the candidate's temperature
    classes      (n_rows,) the class decided for each row, without a say of the row in the threshold; zeros for
                 regression
    folds        (n_rows,) the fold each row was left out of; a single value for rows that were held out
    labels       as in the data, by class index, of two the second is positive; () for regression
    threshold    the model's own: probability from which on class 1 of two is predicted
    candidate    its name, for people
    api_name     the one that the API has for it; "" without a server
    algorithm    for people, e.g. 'LightGBM' or 'ensemble of 5'
    temperature  of the probabilities; 1 if they are as the model gave them
    calibrate, tune_threshold
                 as in ProblemSpec: whether temperature and threshold were to be fitted
    latency_s    median seconds for one row, measured; None if it was not
    dealt        (n_rows,) the parts of rows of a single fold (engine/splits.py); None deals them in turn
    split        how rows are kept together or in order (`Analysis.split_told`); "" if they are not
    notes        what a reader must know of these predictions, e.g. on which rows weights were fitted
    weight       (n_rows,) what each row counts for in the score; None if all count alike
    groups       (n_rows,) groups that a standard error takes as one; None if rows are not in groups
    places       (n_rows,) the places of the rows in the table; None if they are not known
    learning_curve
                 rows learnt from and the objective on the rows judged, the last as the candidate learnt; () if none was made
    raises       ValueError if these do not fit together
    """

    problem_type: ProblemType
    objective: MetricName
    y: Floats
    predicted: Floats
    classes: Indices
    folds: NDArray[np.integer]
    labels: tuple[str, ...]
    threshold: float
    candidate: str
    algorithm: str
    temperature: float = NO_CHANGE
    calibrate: bool = True
    tune_threshold: bool = True
    latency_s: float | None = None
    notes: tuple[str, ...] = ()
    dealt: NDArray[np.integer] | None = None
    split: str = ""
    learning_curve: tuple[tuple[int, float], ...] = ()
    weight: Weight = None
    groups: NDArray[np.integer] | None = None
    places: NDArray[np.integer] | None = None
    api_name: str = ""

    def __post_init__(self) -> None:
        n_rows, n_classes = self.y.size, len(self.labels)
        shape = (n_rows, n_classes) if self.problem_type.is_classification else (n_rows,)
        if n_rows == 0 or self.predicted.shape != shape:
            raise ValueError(
                f"Predictions have the shape {self.predicted.shape}; {shape} was expected."
            )
        if not self.classes.shape == self.folds.shape == self.y.shape == (n_rows,):
            raise ValueError("There must be one class and one fold for each row.")
        if not (np.isfinite(self.y).all() and np.isfinite(self.predicted).all()):
            raise ValueError("Targets and predictions must be finite.")
        if len(set(self.labels)) != n_classes:
            raise ValueError("Two classes have the same label.")

    @property
    def n_rows(self) -> int:
        return self.y.size

    @property
    def truth(self) -> Indices:
        """(n_rows,) class index."""
        return self.y.astype(np.int64)

    @property
    def positive(self) -> Floats:
        """(n_rows,) probability of class 1 of two."""
        return self.predicted[:, 1]

    @property
    def n_folds(self) -> int:
        return int(np.unique(self.folds).size)

    @property
    def rows_are(self) -> str:
        """Which rows these are, to stand after a number of them."""
        told = f", {self.split}" if self.split else ""
        if self.n_folds > 1:
            return f"out-of-fold rows of {self.n_folds} folds{told}"
        return f"held-out rows{told}"

    @property
    def parts(self) -> NDArray[np.integer]:
        """(n_rows,) the folds; of held-out rows five parts."""
        return honest_parts(self.folds, self.dealt)

    @property
    def parts_are(self) -> str:
        """What a standard deviation over parts is taken over."""
        n_parts = np.unique(self.parts).size
        return f"{n_parts} folds" if self.n_folds > 1 else f"{n_parts} parts of the held-out rows"

    def by_part(self) -> Iterator[Judged]:
        """Yield the rows of each part."""
        parts = self.parts
        for part in np.unique(parts):
            yield self.of(np.flatnonzero(parts == part))

    def of(self, rows: Indices) -> Judged:
        """Return some of the rows."""
        return replace(
            self,
            y=self.y[rows],
            predicted=self.predicted[rows],
            classes=self.classes[rows],
            folds=self.folds[rows],
            dealt=None if self.dealt is None else self.dealt[rows],
            weight=taken(self.weight, rows),
            groups=None if self.groups is None else self.groups[rows],
            places=None if self.places is None else self.places[rows],
        )
