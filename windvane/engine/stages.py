"""The stages of a job as functions over folders: read this first.

    analyse        files               -> dataset/      typed table, target, folds, analysis.json
    fit_features   dataset/            -> features/R/   recipe R fitted per fold and on all rows, with matrices
    cross_validate dataset/ features/R -> candidates/N/ a fold's model, out-of-fold predictions, outcome.json
    refit          candidates/N        -> refits/N/     the same with the model of all rows
    train          dataset/ features/R -> candidates/N/ both at once
    ensemble       candidates/*        -> candidates/N/ the same for an ensemble
    assemble       candidates/N        -> two packages: transformers and model (engine/packages/package.py)

Every stage reads folders written by earlier ones and writes its own, whole or not at all. A stage knows
nothing of jobs, stores or S3; who calls it decides when, in which process and with how much time.
`engine/tuning/search.py` says which candidate comes next.
"""

from __future__ import annotations

import math
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from windvane.domain.problem import ProblemSpec
from windvane.engine.candidate_io import (
    FULL_FIT,
    SECOND_LAYER,
    CandidateRecord,
    read_candidate,
    read_out_of_fold,
    write_candidate,
)
from windvane.engine.candidates import Outcome, Plan, baseline_plan, with_optimism
from windvane.engine.data import analyse as reading
from windvane.engine.data.analysis import Analysis, ReadOptions, SourceFile, ValidationFiles
from windvane.engine.data.dataset import Dataset, read_dataset
from windvane.engine.ensembles.blend import Blend, OutOfFold, blend
from windvane.engine.evaluation import judge
from windvane.engine.evaluation.stacking_gain import Layered, with_proven_layer
from windvane.engine.packages import assembly
from windvane.engine.packages.latency import row_latency_s
from windvane.engine.packages.package import load_predictor
from windvane.engine.scoring.calibration import at_temperature
from windvane.engine.training.fold_limits import FoldLimits
from windvane.engine.training.matrices import fit_names, write_fits
from windvane.engine.training.trial import TrainLimits, Trial
from windvane.engine.tuning.pacing import check_memory
from windvane.errors import CorruptArtifact

_BASELINE_S = 600.0
"""More than it can ever need: nothing is to be left out of the last resort."""

_MOST_ENSEMBLE_BYTES = 32_000_000
"""Of the members together, as their folds' models have it: a package of models of all rows was up to 1.4 times as large,
and is to have no more than 50 MB."""


def analyse(
    files: Sequence[SourceFile],
    options: ReadOptions,
    problem: ProblemSpec,
    into: Path,
    validation: ValidationFiles | None = None,
) -> Analysis:
    """Read, infer types and problem, check, split, and write `into` (a dataset folder).

    validation    a validation set of its own, which candidates are scored on; None: some of the rows are held out
    raises        DataFault, whose text is fit to be a FailureReason
    """
    return reading.analyse(files, options, problem, into, validation)


def fit_features(dataset: Path, recipe: str, into: Path, fits: Sequence[str] | None = None) -> None:
    """Fit the recipe on all rows and, for honest scores, on each fold's training rows; write into `into` the fitted
    recipes and one matrix per fit (engine/training/matrices.py).

    fits      those wanted now, as `fit_names` calls them: each appears in `into` when it is whole, and a candidate
              can be trained on the first while the others are made. None: all
    raises    DataFault if no column is of use
    """
    table = read_dataset(dataset)
    write_fits(table, recipe, fits or fit_names(table.analysis.n_folds), into)


def cross_validate(
    dataset: Path, features: Path, plan: Plan, limits: TrainLimits, into: Path
) -> Outcome:
    """Try the plan on folds, measure, and write `into`: model/ (the first fold's), oof.npy, outcome.json.

    raises    CandidateFault; OutOfTime, OutOfMemory and Outclassed are kinds of it
    """
    trial = _trial(dataset, features, plan, limits)
    trained = trial.cross_validate(limits)
    with _whole(into) as folder:
        return trial.write(trained, folder)


def assist(dataset: Path, features: Path, plan: Plan, limits: TrainLimits) -> None:
    """Take part in a `cross_validate` of the same plan on another machine, and keep nothing of it.

    raises    CandidateFault; MemberLost
    """
    _trial(dataset, features, plan, limits).assist(limits)


def refit(
    dataset: Path, features: Path, candidate: Path, limits: TrainLimits, into: Path
) -> Outcome:
    """Return what `cross_validate` wrote, with a model of all rows; the first fold's if the time does not allow it.

    raises    CandidateFault; CorruptArtifact if the candidate is an ensemble
    """
    plan = read_candidate(candidate).plan
    if plan is None:
        raise CorruptArtifact(f"{candidate} is an ensemble; refit its members instead.")
    trial = _trial(dataset, features, plan, limits)
    trained = trial.refit(candidate, limits)
    with _whole(into) as folder:
        return trial.write(trained, folder)


def train(
    dataset: Path, features: Path | None, plan: Plan, limits: TrainLimits, into: Path
) -> Outcome:
    """`cross_validate` and `refit` in one go; features: None for a plan that needs none.

    raises    CandidateFault; OutOfTime, OutOfMemory and Outclassed are kinds of it
    """
    trial = _trial(dataset, features, plan, limits)
    trained = trial.train(limits)
    with _whole(into) as folder:
        return trial.write(trained, folder)


def train_baseline(dataset: Path, index: int, into: Path, most_folds: int | None = None) -> Outcome:
    """Return the constant predictor (prior or mean), in a second whatever the data: the answer of a job whose time
    allowed no better. Same files as `train`; it needs no features.

    most_folds    that it is scored on; None for all of one division
    """
    table = read_dataset(dataset)
    trial = Trial(table, None, baseline_plan(index, table.analysis.seed))
    limits = TrainLimits(time.time() + _BASELINE_S, FoldLimits(most=most_folds))
    trained = trial.train(limits)
    with _whole(into) as folder:
        return trial.write(trained, folder)


def build_ensemble(
    dataset: Path,
    members: Mapping[int, Path],
    index: int,
    into: Path,
    max_latency_s: float | None = None,
    ends: float = math.inf,
) -> Outcome | None:
    """Return the weighted ensemble of candidates (index -> folder) over their out-of-fold predictions, written
    like a candidate; None if no weighting beats the best single one scored on as many rows.

    Its score is cross-fitted, as oof.npy is: of every row by weights fitted without it. It is compared with the best single
    one by the weights it has, on the rows they were fitted on, as that one was picked on the rows it is scored on
    (`Outcome.ranked_by`); `optimism` says what picking is worth.
    Its latency is the sum of its members', and so is its size, which is limited. With `max_latency_s` the latency is
    within it, and the best single one is that of those within it.

    It has a second layer (engine/ensembles/stacking.py) where that was shown to score better on rows that it was not
    fitted to, but not with a limit of latency or with monotone constraints, which trees over answers do not keep.

    ends    time.time() by which all must be over: a second layer is tried if it takes little of what is left
    """
    started = time.time()
    table = read_dataset(dataset)
    records = {number: read_candidate(folder) for number, folder in members.items()}
    predictions = _calibrated(members, records)
    found = blend(OutOfFold.of(table, predictions), _costs(records, max_latency_s))
    if found is None:
        return None
    layered = Layered(found)
    if max_latency_s is None:
        layered = with_proven_layer(table, found, predictions, ends - started)
    found = layered.blend
    record = layered.added_to(judge.ensemble_record(table, found, records, index, started))
    if not _beats(found, record, records, table, members):
        return None
    out_of_fold = _of_all_rows(found, table.y.size)
    record = _with_expected_optimism(
        table,
        index,
        {**_within(records, max_latency_s), index: record},
        lambda number: out_of_fold if number == index else read_out_of_fold(members[number]),
    )
    with _whole(into) as folder:
        write_candidate(folder, record, out_of_fold)
        if layered.layer is not None:
            layered.layer.save(folder / SECOND_LAYER)
    return record.outcome


def optimism(dataset: Path, candidates: Mapping[int, Path], best: int) -> float | None:
    """Return by how much the objective of `best`, picked from these candidates (index -> folder) by its score, is
    expected to be worse on new rows for that (engine/scoring/selection_bias.py); None if there was nothing to pick
    from."""
    records = {number: read_candidate(folder) for number, folder in candidates.items()}
    return judge.optimism(
        read_dataset(dataset), best, records, lambda number: read_out_of_fold(candidates[number])
    )


def pessimism(dataset: Path, candidate: Path, fewer: Path) -> float:
    """Return by how much the objective of candidates is expected to be better on new rows because the model that
    answers learns from more rows than those of folds (engine/evaluation/judge.py).

    fewer    the folder of the same candidate, learnt from as much fewer rows (engine/tuning/rows.py)
    """
    return judge.pessimism(
        read_dataset(dataset),
        read_candidate(candidate),
        read_out_of_fold(candidate),
        read_candidate(fewer),
        read_out_of_fold(fewer),
    )


def assemble(
    dataset: Path,
    features: Mapping[str, Path],
    candidates: Mapping[int, Path],
    index: int,
    into: Path,
) -> None:
    """Write everything candidate `index` needs to answer: `into`/transformers and `into`/model, the two packages of
    engine/packages/package.py. `features` maps recipe names, `candidates` indices, to the folders of those stages."""
    record = read_candidate(candidates[index])
    weights = record.outcome.members or {index: 1.0}
    parts = [
        assembly.part(read_candidate(candidates[number]), candidates[number], features, weight)
        for number, weight in weights.items()
    ]
    layer = candidates[index] / SECOND_LAYER if record.outcome.second_layer else None
    with _whole(into) as folder:
        assembly.write_packages(dataset, parts, record, folder, layer)


def row_latency(dataset: Path, packages: Path) -> float:
    """Median seconds of one row through the two packages that `assemble` wrote."""
    predictor = load_predictor(packages / "transformers", packages / "model")
    return row_latency_s(predictor, read_dataset(dataset).sample_rows())


def assemble_transformers(dataset: Path, features: Path, into: Path) -> None:
    """`into`/transformers, the package of a recipe as fitted on all rows: the same as `assemble` makes for a candidate
    that takes its matrix from that fit. `features` is the recipe's folder, named after it."""
    with _whole(into) as folder:
        assembly.write_recipes(
            dataset, {features.name: features / FULL_FIT}, folder / "transformers"
        )


def _trial(dataset: Path, features: Path | None, plan: Plan, limits: TrainLimits) -> Trial:
    table = read_dataset(dataset)
    if limits.memory_mb is not None:
        n_members = 1 if limits.members is None else limits.members.size
        check_memory(table.analysis, plan, limits.memory_mb, n_members)
    return Trial(table, features, plan)


def _calibrated(
    members: Mapping[int, Path], records: Mapping[int, CandidateRecord]
) -> dict[int, NDArray[np.float32]]:
    """Return their out-of-fold predictions, each at its temperature."""
    return {
        number: at_temperature(read_out_of_fold(folder), records[number].temperature)
        for number, folder in members.items()
    }


def _beats(
    found: Blend,
    record: CandidateRecord,
    records: Mapping[int, CandidateRecord],
    table: Dataset,
    members: Mapping[int, Path],
) -> bool:
    """Return whether an ensemble is better than each of the candidates that it was made from."""
    rivals, best = [records[number] for number in found.considered], found.considered[0]
    return judge.is_better(table.analysis.objective, record, rivals) and judge.holds_up(
        table, found, records[best], read_out_of_fold(members[best])
    )


def _with_expected_optimism(
    table: Dataset,
    index: int,
    records: Mapping[int, CandidateRecord],
    out_of_fold_of: Callable[[int], NDArray[np.float32]],
) -> CandidateRecord:
    """Return the record of the candidate `index` with its optimism as the best of all `records`."""
    luck = judge.optimism(table, index, records, out_of_fold_of)
    outcomes = [one.outcome for one in records.values()]
    return replace(records[index], outcome=with_optimism(records[index].outcome, luck, outcomes))


def _of_all_rows(found: Blend, n_rows: int) -> NDArray[np.float32]:
    """Return the ensemble's out-of-fold predictions as a candidate's folder holds them."""
    out_of_fold = np.full((n_rows, *found.out_of_fold.shape[1:]), np.nan, np.float32)
    out_of_fold[found.rows] = found.out_of_fold
    return out_of_fold


def _within(
    records: Mapping[int, CandidateRecord], max_latency_s: float | None
) -> dict[int, CandidateRecord]:
    most_s = math.inf if max_latency_s is None else max_latency_s
    return {
        number: record for number, record in records.items() if record.outcome.latency_s <= most_s
    }


def _costs(records: Mapping[int, CandidateRecord], max_latency_s: float | None) -> dict[int, float]:
    """Return what each takes of the size, or of the latency if that is more, that an ensemble may have."""
    most_s = math.inf if max_latency_s is None else max_latency_s
    return {
        number: max(
            record.outcome.size_bytes / _MOST_ENSEMBLE_BYTES, record.outcome.latency_s / most_s
        )
        for number, record in records.items()
    }


@contextmanager
def _whole(into: Path) -> Iterator[Path]:
    """Yield a folder beside `into` that becomes `into` when the block ends well, and vanishes otherwise."""
    into.parent.mkdir(parents=True, exist_ok=True)
    folder = into.with_name(f".{into.name}-{secrets.token_hex(8)}")
    folder.mkdir()
    try:
        yield folder
        folder.rename(into)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
