"""The stages of a job as functions over folders: read this first.

    analyse        files               -> dataset/      typed table, target, folds, analysis.json
    fit_features   dataset/            -> features/R/   recipe R fitted on all rows, and matrices per fold
    train          dataset/ features/R -> candidates/N/ model, out-of-fold predictions, outcome.json
    ensemble       candidates/*        -> candidates/N/ the same for an ensemble
    assemble       candidates/N        -> two packages: transformers and model (engine/package.py)

Every stage reads folders written by earlier ones and writes its own, whole or not at all. A stage knows
nothing of jobs, stores or S3; who calls it decides when, in which process and with how much time.
`engine/search.py` says which candidate comes next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from windvane.domain.problem import ProblemSpec
from windvane.engine.candidates import Outcome, Plan
from windvane.engine.data.analysis import Analysis, ReadOptions, SourceFile


@dataclass(frozen=True)
class TrainLimits:
    """Bounds of one candidate's training; it ends by itself before them and keeps what it has.

    stop_at   time.time() by which the stage must have returned
    threads   for the learner
    """

    stop_at: float
    threads: int = 1


def analyse(
    files: Sequence[SourceFile], options: ReadOptions, problem: ProblemSpec, into: Path
) -> Analysis:
    """Read, infer types and problem, check, split, and write `into` (a dataset folder).

    raises    DataFault, whose text is fit to be a FailureReason
    """
    raise NotImplementedError


def fit_features(dataset: Path, recipe: str, into: Path) -> None:
    """Fit the recipe on all rows and, for honest scores, on each fold's training rows; write `into`:
    the fitted recipe (full/) and one matrix per fit, as .npy files that later stages memory-map."""
    raise NotImplementedError


def train(dataset: Path, features: Path, plan: Plan, limits: TrainLimits, into: Path) -> Outcome:
    """Cross-validate the plan, refit on all rows, measure, and write `into`: model/, oof.npy, outcome.json.

    raises    CandidateFault
    """
    raise NotImplementedError


def train_baseline(dataset: Path, index: int, into: Path) -> Outcome:
    """The constant predictor (prior, mean or median), in a second whatever the data: the answer of a job
    whose time allowed no better. Same files as `train`; it needs no features."""
    raise NotImplementedError


def build_ensemble(
    dataset: Path, members: Mapping[int, Path], index: int, into: Path
) -> Outcome | None:
    """The weighted ensemble of candidates (index -> folder) over their out-of-fold predictions, written
    like a candidate; None if no weighting beats the best single one."""
    raise NotImplementedError


def assemble(
    dataset: Path,
    features: Mapping[str, Path],
    candidates: Mapping[int, Path],
    index: int,
    into: Path,
) -> None:
    """Everything candidate `index` needs to answer: `into`/transformers and `into`/model, the two packages of
    engine/package.py. `features` maps recipe names, `candidates` indices, to the folders of those stages."""
    raise NotImplementedError
