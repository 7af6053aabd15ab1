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

import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from windvane.domain.problem import ProblemSpec
from windvane.engine import assembly, judge
from windvane.engine.candidates import Outcome, Plan
from windvane.engine.crossvalidate import Deadline, Matrix, Task, train_within
from windvane.engine.data import analyse as reading
from windvane.engine.data.analysis import Analysis, ReadOptions, SourceFile
from windvane.engine.data.dataset import Dataset, read_analysis, read_dataset
from windvane.engine.ensemble import blend
from windvane.engine.features.base import Feature
from windvane.engine.latency import folder_bytes, row_latency_s, sample_row
from windvane.engine.learners.base import Setting
from windvane.engine.learners.catalogue import learner
from windvane.engine.matrices import read_matrix, write_matrices
from windvane.engine.outcomes import (
    CandidateRecord,
    read_candidate,
    read_out_of_fold,
    write_candidate,
)
from windvane.engine.pacing import check_memory
from windvane.engine.package import load_predictor

BASELINE = "baseline"
"""The algorithm of `train_baseline`."""

_BASELINE_S = 600.0
"""More than it can ever need: nothing is to be left out of the last resort."""

_MEASURING_SHARE = 0.04
_MEASURING_S = (0.3, 3.0)


@dataclass(frozen=True)
class TrainLimits:
    """Bounds of one candidate's training; it ends by itself before them and keeps what it has.

    stop_at      time.time() by which the stage must have returned
    threads      for the learner
    least_folds  with fewer it ends as OutOfTime: its score could not be compared with others'
    most_folds   it is scored on; None for all there are
    memory_mb    its process may hold; it is not trained if it is expected to need more. None: no limit
    """

    stop_at: float
    threads: int = 1
    least_folds: int = 1
    most_folds: int | None = None
    memory_mb: float | None = None


def analyse(
    files: Sequence[SourceFile], options: ReadOptions, problem: ProblemSpec, into: Path
) -> Analysis:
    """Read, infer types and problem, check, split, and write `into` (a dataset folder).

    raises    DataFault, whose text is fit to be a FailureReason
    """
    return reading.analyse(files, options, problem, into)


def fit_features(dataset: Path, recipe: str, into: Path) -> None:
    """Fit the recipe on all rows and, for honest scores, on each fold's training rows; write `into`:
    the fitted recipes and one matrix per fit (engine/matrices.py).

    raises    DataFault if no column is of use
    """
    with _whole(into) as folder:
        write_matrices(read_dataset(dataset), recipe, folder)


def train(dataset: Path, features: Path, plan: Plan, limits: TrainLimits, into: Path) -> Outcome:
    """Cross-validate the plan, refit on all rows, measure, and write `into`: model/, oof.npy, outcome.json.

    raises    CandidateFault; OutOfTime and OutOfMemory are kinds of it
    """
    table = read_dataset(dataset)
    if limits.memory_mb is not None:
        check_memory(table.analysis, plan, limits.memory_mb)
    return _train(table, features, plan, limits, into)


def train_baseline(dataset: Path, index: int, into: Path) -> Outcome:
    """The constant predictor (prior or mean), in a second whatever the data: the answer of a job whose time
    allowed no better. Same files as `train`; it needs no features."""
    table = read_dataset(dataset)
    why = "what can be said without looking at the columns"
    plan = Plan(index, "", BASELINE, {}, table.analysis.seed, why)
    return _train(table, None, plan, TrainLimits(time.time() + _BASELINE_S), into)


def build_ensemble(
    dataset: Path, members: Mapping[int, Path], index: int, into: Path
) -> Outcome | None:
    """The weighted ensemble of candidates (index -> folder) over their out-of-fold predictions, written
    like a candidate; None if no weighting beats the best single one scored on as many rows.

    Its score is that of weights fitted without the rows scored; its latency the sum of its members'.
    """
    started = time.time()
    table = read_dataset(dataset)
    records = {number: read_candidate(folder) for number, folder in members.items()}
    found = blend(
        {number: read_out_of_fold(folder) for number, folder in members.items()},
        table.y,
        table.folds,
        table.analysis.objective,
    )
    if found is None:
        return None
    record = judge.ensemble_record(table, found, records, index, started)
    rivals = [records[number] for number in found.considered]
    if not judge.is_better(table.analysis.objective, record, rivals):
        return None
    shape = (table.y.size, *found.out_of_fold.shape[1:])
    out_of_fold = np.full(shape, np.nan, np.float32)
    out_of_fold[found.rows] = found.out_of_fold
    with _whole(into) as folder:
        write_candidate(folder, record, out_of_fold)
    return record.outcome


def assemble(
    dataset: Path,
    features: Mapping[str, Path],
    candidates: Mapping[int, Path],
    index: int,
    into: Path,
) -> None:
    """Everything candidate `index` needs to answer: `into`/transformers and `into`/model, the two packages of
    engine/package.py. `features` maps recipe names, `candidates` indices, to the folders of those stages."""
    record = read_candidate(candidates[index])
    weights = record.outcome.members or {index: 1.0}
    parts = [
        assembly.part(read_candidate(candidates[number]), candidates[number], features, weight)
        for number, weight in weights.items()
    ]
    with _whole(into) as folder:
        assembly.write_packages(read_analysis(dataset), parts, record, folder)


def _train(
    table: Dataset, features: Path | None, plan: Plan, limits: TrainLimits, into: Path
) -> Outcome:
    started = time.time()
    trained = train_within(
        learner(plan.algorithm),
        plan,
        _task(table, features, plan.seed, limits.threads),
        Deadline(limits.stop_at - _measuring_s(limits.stop_at - started)),
        limits.least_folds,
        limits.most_folds,
    )
    fit_s = time.time() - started
    with _whole(into) as folder:
        (folder / "model").mkdir()
        trained.model.save(folder / "model")
        X = _matrix(table, features, trained.recipe_fit).X
        record = judge.candidate_record(table, plan, trained, X, fit_s)
        record = _measured(table, features, record, folder)
        write_candidate(folder, record, trained.out_of_fold)
    return record.outcome


def _task(table: Dataset, features: Path | None, seed: int, threads: int) -> Task:
    analysis = table.analysis

    def setting(of: tuple[Feature, ...]) -> Setting:
        return Setting(
            problem_type=analysis.problem_type,
            objective=analysis.objective,
            n_classes=analysis.n_classes,
            features=of,
            seed=seed,
            threads=threads,
        )

    return Task(
        matrix=lambda fit: _matrix(table, features, fit),
        y=table.y,
        folds=table.folds,
        n_folds=analysis.n_folds,
        setting=setting,
    )


def _matrix(table: Dataset, features: Path | None, fit: str) -> Matrix:
    if features is None:
        return Matrix(np.empty((table.y.size, 0), np.float32), ())
    return read_matrix(features, fit)


def _measuring_s(time_s: float) -> float:
    least, most = _MEASURING_S
    return min(max(_MEASURING_SHARE * time_s, least), most)


def _measured(
    table: Dataset, features: Path | None, record: CandidateRecord, folder: Path
) -> CandidateRecord:
    """The record with size and latency, taken from packages as they would be deployed."""
    known = {} if features is None or record.plan is None else {record.plan.recipe: features}
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".measured-") as scratch:
        part = assembly.part(record, folder, known, 1.0)
        assembly.write_packages(table.analysis, [part], record, Path(scratch))
        predictor = load_predictor(Path(scratch, "transformers"), Path(scratch, "model"))
    latency_s = row_latency_s(predictor, sample_row(table))
    outcome = replace(
        record.outcome, latency_s=latency_s, size_bytes=folder_bytes(folder / "model")
    )
    return replace(record, outcome=outcome)


@contextmanager
def _whole(into: Path) -> Iterator[Path]:
    """A folder beside `into` that becomes `into` when the block ends well, and vanishes otherwise."""
    into.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=into.parent, prefix=f".{into.name}-"))
    try:
        yield folder
        folder.chmod(0o755)
        folder.rename(into)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
