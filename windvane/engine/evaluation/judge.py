"""From predictions to a candidate's record: scores, the threshold, what is worth telling."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.domain.problem import MetricName
from windvane.engine.candidate_io import CandidateRecord
from windvane.engine.candidates import Outcome, Plan, Score
from windvane.engine.columns import FloatMatrix
from windvane.engine.data.analysis import Analysis
from windvane.engine.data.dataset import Dataset
from windvane.engine.ensembles.blend import Blend
from windvane.engine.evaluation.trained import Trained
from windvane.engine.scoring.calibration import NO_CHANGE, at_temperature, calibrate
from windvane.engine.scoring.classweights import best_class_weights
from windvane.engine.scoring.evaluate import (
    out_of_fold_classes,
    row_gains,
    score,
    scores,
)
from windvane.engine.scoring.metrics import METRICS, Floats, Indices
from windvane.engine.scoring.selection_bias import optimism_of_best
from windvane.engine.scoring.threshold import Decision, best_threshold, decide, tuned_metric
from windvane.engine.weighted import taken
from windvane.errors import CandidateFault
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note

_MOST_TRAIN_ROWS = 2_000
"""Scores on training rows are told to show overfitting; so many rows say enough."""


_MOST_OPTIMISM_ROWS = 20_000
_SHOWN_WORSE = _SHOWN_BETTER = 2.0


def candidate_record(
    table: Dataset, plan: Plan, trained: Trained, X: FloatMatrix, fit_s: float
) -> CandidateRecord:
    """Return the record of a trained pipeline, its latency and size still 0.

    X         (n_rows, n_features) the matrix of the model's own recipe fit
    raises    CandidateFault if its predictions cannot be scored
    """
    rows = np.flatnonzero((table.folds >= 0) & (table.folds < trained.folds_used))
    predicted = trained.out_of_fold[rows].astype(np.float64)
    if not np.isfinite(predicted).all():
        raise CandidateFault("The model's predictions are not finite numbers.")
    temperature, found, classes = _judged(table, rows, predicted)
    decision = _decision(table, rows, at_temperature(predicted, temperature), classes)
    outcome = Outcome(
        index=plan.index,
        objective=_objective(table.analysis, found),
        scores=found,
        fit_s=fit_s,
        latency_s=0.0,
        size_bytes=0,
        folds_used=trained.folds_used,
        train_scores=_train_scores(table, trained, X, decision, temperature),
        notes=(*trained.notes, *_remarks(table, decision)),
        stops=trained.stops,
    )
    return CandidateRecord(
        outcome,
        plan,
        decision.threshold,
        trained.recipe_fit,
        trained.fits,
        temperature,
        decision.class_weights,
    )


def ensemble_record(
    table: Dataset,
    found: Blend,
    members: Mapping[int, CandidateRecord],
    index: int,
    started: float,
    weights: NoteCode = NoteCode.CROSS_FITTED,
) -> CandidateRecord:
    """Return the record of an ensemble.

    members   index -> record of every candidate it may be made of
    started   time.time() at which the work on it began
    weights   how its weights came about
    raises    CandidateFault if its predictions cannot be scored
    """
    temperature, cross_fitted, _ = _judged(table, found.rows, found.out_of_fold)
    _, as_weighted, classes = _judged(table, found.rows, found.in_sample)
    chosen = [members[number].outcome for number in found.weights]
    told = at_temperature(found.in_sample, temperature)
    decision = _decision(table, found.rows, told, classes)
    outcome = Outcome(
        index=index,
        objective=_objective(table.analysis, cross_fitted),
        scores=cross_fitted,
        train_scores=as_weighted,
        fit_s=time.time() - started,
        latency_s=sum(one.latency_s for one in chosen),
        size_bytes=sum(one.size_bytes for one in chosen),
        folds_used=min(one.folds_used for one in chosen),
        notes=(
            Note(weights),
            Note(NoteCode.LATENCY_ADDED),
            *table.analysis.remarks,
            *_remarks(table, decision),
        ),
        members=found.weights,
    )
    return CandidateRecord(
        outcome,
        None,
        decision.threshold,
        temperature=temperature,
        class_weights=decision.class_weights,
    )


def is_better(
    objective: MetricName, record: CandidateRecord, others: Iterable[CandidateRecord]
) -> bool:
    """Return whether it ranks before every other."""
    gain = METRICS[objective].gain
    best = max(gain(one.outcome.ranked_by(objective)) for one in others)
    return gain(record.outcome.ranked_by(objective)) > best


def holds_up(
    table: Dataset, found: Blend, best: CandidateRecord, out_of_fold: NDArray[np.float32]
) -> bool:
    """Return whether an ensemble, with weights fitted without the rows scored, is not shown to be worse than the best
    single candidate: by no more than two standard errors of their difference.

    out_of_fold    the best one's predictions
    """
    analysis, rows = table.analysis, found.rows
    y, weight = table.y[rows], taken(table.weight, rows)
    alone = _row_gains(table, best, rows, out_of_fold)
    classes = out_of_fold_classes(
        tuned_metric(analysis), y, found.out_of_fold, table.parts(rows), weight
    )
    together = row_gains(analysis.objective, y, found.out_of_fold, classes, weight)
    differences = together - alone
    noise = float(np.std(differences)) / math.sqrt(y.size)
    return bool(differences.mean() >= -_SHOWN_WORSE * noise)


@dataclass(frozen=True)
class Compared:
    """The objective of some predictions and of others of the same rows, each at a temperature and threshold that were
    fitted without the row.

    is_better    whether the others' is, by more than two standard errors of the difference
    """

    first: float
    second: float
    is_better: bool


def compared(table: Dataset, rows: Indices, first: Floats, second: Floats) -> Compared:
    """Compare the scores of two predictions of the same rows.

    first, second    (rows.size, ...) predictions of the rows
    """
    gains, objectives = [], []
    y, weight, objective = table.y[rows], taken(table.weight, rows), table.analysis.objective
    for predicted in (first, second):
        temperature, found, classes = _judged(table, rows, predicted)
        values = at_temperature(predicted, temperature)
        gains.append(row_gains(objective, y, values, classes, weight))
        objectives.append(_objective(table.analysis, found))
    differences = gains[1] - gains[0]
    noise = float(np.std(differences)) / math.sqrt(y.size)
    is_better = bool(differences.mean() > _SHOWN_BETTER * noise)
    return Compared(objectives[0], objectives[1], is_better)


def gains_beside(
    table: Dataset,
    rows: Indices,
    predicted: NDArray[np.float32],
    record: CandidateRecord,
    out_of_fold: NDArray[np.float32],
) -> tuple[Floats, Floats]:
    """Return (rows.size,) twice, as `row_gains` has them: of predictions that no record tells of yet, at the
    temperature and the threshold that are best on these rows, and of a candidate.

    predicted     (n_rows, ...) what is known of them;  out_of_fold  the candidate's
    """
    own = predicted[rows].astype(np.float64)
    weight = taken(table.weight, rows)
    temperature, _, classes = _judged(table, rows, own)
    own = at_temperature(own, temperature)
    if own.ndim == 2:
        classes = _decision(table, rows, own, classes).of(own)
    gains = row_gains(table.analysis.objective, table.y[rows], own, classes, weight)
    return gains, _row_gains(table, record, rows, out_of_fold)


def optimism(
    table: Dataset,
    best: int,
    records: Mapping[int, CandidateRecord],
    out_of_fold: Callable[[int], NDArray[np.float32]],
) -> float | None:
    """Return by how much the objective of candidate `best` is expected to be worse on new rows because it was picked by
    it.

    best         index of the one with the best score
    records      of all that it was picked from, itself among them; those scored on other rows are left aside
    out_of_fold  index -> the predictions of its folder
    returns      None if there was nothing to pick from
    """
    analysis, n_folds = table.analysis, records[best].outcome.folds_used
    rivals = [index for index in sorted(records) if records[index].outcome.folds_used == n_folds]
    rows = np.flatnonzero((table.folds >= 0) & (table.folds < n_folds))
    if len(rivals) < 2 or rows.size < 2:
        return None
    random = np.random.default_rng(analysis.seed)
    few = np.sort(random.permutation(rows)[:_MOST_OPTIMISM_ROWS])
    gains = [_row_gains(table, records[index], few, out_of_fold(index)) for index in rivals]
    table_of_gains = np.stack(gains, axis=1)
    if not np.isfinite(table_of_gains).all():
        return None
    # What luck can do falls with the root of the rows at the slowest.
    return math.sqrt(few.size / rows.size) * optimism_of_best(table_of_gains, analysis.seed)


def pessimism(
    table: Dataset,
    record: CandidateRecord,
    predicted: NDArray[np.float32],
    fewer: CandidateRecord,
    predicted_from_fewer: NDArray[np.float32],
) -> float:
    """Return by how much the objective of candidates is expected to be better once they learn from all rows: by what a
    candidate that learnt from as much less loses.

    predicted              out-of-fold predictions of `record`
    predicted_from_fewer   those of `fewer`, for some of the same rows
    """
    told = predicted if predicted.ndim == 1 else predicted[:, 0]
    told_too = predicted_from_fewer if predicted.ndim == 1 else predicted_from_fewer[:, 0]
    rows = np.flatnonzero(np.isfinite(told) & np.isfinite(told_too))
    gains = _row_gains(table, record, rows, predicted)
    gains_from_fewer = _row_gains(table, fewer, rows, predicted_from_fewer)
    return max(0.0, float(gains.mean() - gains_from_fewer.mean()))


def with_second_layer(
    record: CandidateRecord, settings: dict[str, Any], size_bytes: int, note: Note
) -> CandidateRecord:
    """Return the record of an ensemble whose predictions are those of a second layer.

    settings    how it was fitted;  size_bytes  of its model
    """
    outcome = record.outcome
    layered = replace(
        outcome,
        size_bytes=outcome.size_bytes + size_bytes,
        notes=(*outcome.notes, note),
        second_layer=settings,
    )
    return replace(record, outcome=layered)


def _row_gains(
    table: Dataset, record: CandidateRecord, rows: Indices, out_of_fold: NDArray[np.float32]
) -> Floats:
    values = at_temperature(out_of_fold[rows].astype(np.float64), record.temperature)
    classes = record.decision.of(values) if values.ndim == 2 else np.empty(0, np.int64)
    weight = taken(table.weight, rows)
    return row_gains(table.analysis.objective, table.y[rows], values, classes, weight)


def _decision(table: Dataset, rows: Indices, predicted: Floats, classes: Indices) -> Decision:
    """Return the threshold or class weights that are best on all rows.

    classes    that the rows are scored by, without a say of their own
    """
    if (tuned := tuned_metric(table.analysis)) is None:
        return Decision()
    y, weight = table.y[rows], taken(table.weight, rows)
    if table.analysis.n_classes == 2:
        return Decision(best_threshold(tuned, y, predicted[:, 1], weight))
    if (classes == decide(predicted)).all():
        return Decision()
    return Decision(class_weights=best_class_weights(tuned, y, predicted, weight))


def _remarks(table: Dataset, decision: Decision) -> tuple[Note, ...]:
    if not decision.class_weights:
        return ()
    return (Note(NoteCode.CLASSES_REWEIGHTED, {"metric": str(table.analysis.objective)}),)


def _judged(
    table: Dataset, rows: Indices, predicted: Floats
) -> tuple[float, tuple[Score, ...], Indices]:
    """Return the temperature and the scores of out-of-fold predictions, and the classes decided; temperatures,
    thresholds and weights of classes that rows are scored at were fitted without them. Only log loss sees temperatures:
    they differ from part to part here, which areas under curves of all parts would take for differences between rows."""
    y, parts, kind = table.y[rows], table.parts(rows), table.analysis.problem_type
    weight = taken(table.weight, rows)
    classes = out_of_fold_classes(tuned_metric(table.analysis), y, predicted, parts, weight)
    groups = table.groups(rows)
    found = scores(kind, y, predicted, classes, weight, groups)
    if not kind.is_classification or not table.analysis.calibrate:
        return NO_CHANGE, found, classes
    calibration = calibrate(predicted, y, parts, weight)
    log_loss = score(MetricName.LOG_LOSS, y, calibration.out_of_fold, classes, weight, groups)
    if log_loss is None:
        return NO_CHANGE, found, classes
    calibrated = tuple(log_loss if one.metric is MetricName.LOG_LOSS else one for one in found)
    return calibration.temperature, calibrated, classes


def _objective(analysis: Analysis, found: tuple[Score, ...]) -> float:
    for one in found:
        if one.metric is analysis.objective:
            return one.value
    raise CandidateFault(
        f"{analysis.objective} cannot be computed: the validation rows contain only one class."
    )


def _train_scores(
    table: Dataset, trained: Trained, X: FloatMatrix, decision: Decision, temperature: float
) -> tuple[Score, ...]:
    rows = np.flatnonzero(trained.rows)
    rows = rows[:: -(-rows.size // _MOST_TRAIN_ROWS)]
    predicted = at_temperature(trained.model.predict(X[rows]), temperature)
    classes = decision.of(predicted) if predicted.ndim == 2 else np.empty(0, np.int64)
    kind, weight = table.analysis.problem_type, taken(table.weight, rows)
    return scores(kind, table.y[rows], predicted, classes, weight)
