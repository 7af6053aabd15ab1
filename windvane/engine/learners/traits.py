"""What the search, and clients, may know of an algorithm besides its space: data and small functions that stand in the
learner's own file."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from windvane.engine.learners.names import Rules
from windvane.engine.learners.space import Space

Hyperparameters = dict[str, Any]

MANY_ROWS = 500_000
"""From here on an algorithm that can do so reads rows block by block, and never holds their matrix."""


@dataclass(frozen=True)
class InBlocks:
    """The memory of training on MANY_ROWS and more, which are read block by block.

    cell_bytes  for each row and feature
    row_bytes   for each row and output
    """

    cell_bytes: float
    row_bytes: float


@dataclass(frozen=True)
class Cost:
    """The cost of training, guessed from the size of the table (engine/tuning/cost.py). Measured on tables of 3,000 x
    20 to 100,000 x 50, numbers and categories, two and ten classes.

    cell_s      seconds of a fit for each row and feature
    fixed_mb    held at the peak whatever the table: the process, histograms
    cell_bytes  for each row and feature: copies, bins
    row_bytes   for each row and output: gradients, scores, the leaves of a forest
    most_row_mb those of all rows; the leaves of a forest are limited
    model_mb    for each class that has a model of its own
    planned_s   seconds of a fit on 1,000 rows that the learner plans to take, growing with the power 0.6 of the rows
    library_s   of loading what it is fitted with, which a candidate of a short search does itself; counted in every
                search, for in a long one it is little
    in_blocks   of many rows; None where their matrix is held
    """

    cell_s: float
    fixed_mb: float
    cell_bytes: float
    row_bytes: float
    most_row_mb: float = math.inf
    model_mb: float = 0.0
    planned_s: float = 0.0
    library_s: float = 0.0
    in_blocks: InBlocks | None = None

    def n_models(self, n_classes: int) -> int:
        return max(1, n_classes - 1) if self.model_mb else 1


@dataclass(frozen=True)
class TableSize:
    """The size of a table, on which bounds of hyperparameters depend.

    n_classes  0 for regression
    buckets    borders that a feature may have at most -> buckets of all features that the recipe makes
    """

    n_classes: int
    buckets: Callable[[int], int]


@dataclass(frozen=True)
class LargeFit:
    """A fit of many rows, and the time that it has.

    n_classes  0 for regression
    core_s     seconds, added up over the cores that it keeps busy
    """

    n_rows: int
    n_features: int
    n_classes: int
    core_s: float


@dataclass(frozen=True)
class LongFit:
    """The settings with which an algorithm makes one long fit of a large table (engine/tuning/long_run.py).

    round_s           what a round with some hyperparameters takes a core, as long as nothing is measured
    rounds            that there is time for
    hyperparameters   those given, with what suits the rows and the time
    shared_mb         what each of several members holds, beside its rows, that train it together: with some hyperparameters, for so many
                      features
    """

    round_s: Callable[[Hyperparameters, LargeFit], float]
    rounds: Callable[[LargeFit], int]
    hyperparameters: Callable[[Hyperparameters, LargeFit], Hyperparameters]
    shared_mb: Callable[[Hyperparameters, int], float]


def within_reason(effort: float) -> float:
    """Return an effort no lower or higher than was ever seen."""
    return min(max(effort, 0.3), 4.0)


def _as_usual(_: Mapping[str, Any]) -> float:
    return 1.0


def _unbounded(given: Hyperparameters, _: TableSize) -> Hyperparameters:
    return given


@dataclass(frozen=True)
class Traits:
    """The traits of a learner that the search must know.

    step      the hyperparameter that is the step size of a booster, which needs fewer rounds with larger ones
    lengths   those that say for how many epochs a network is trained
    effort    how much more work hyperparameters ask for than usual ones. Rounds grow as steps shrink, but less: early
              stopping ends them
    bounded   the hyperparameters, or those nearest to them that keep model and training within bounds, whatever is drawn
    further   hyperparameters that the search leaves alone and the library knows
    further_of_two_classes
              the same where the target has two classes
    names     other names of its hyperparameters: those of SageMaker's built-in algorithm and of the library
    long_fit  how a large table is learnt in one long fit; None where others are better at it
    """

    cost: Cost
    step: str = ""
    lengths: tuple[str, ...] = ()
    effort: Callable[[Mapping[str, Any]], float] = _as_usual
    bounded: Callable[[Hyperparameters, TableSize], Hyperparameters] = _unbounded
    further: Space = field(default_factory=dict)
    further_of_two_classes: Space = field(default_factory=dict)
    names: Rules = field(default_factory=dict)
    long_fit: LongFit | None = None
