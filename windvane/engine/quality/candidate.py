"""What there is to judge in the folders of a job: a candidate's predictions of rows it had not seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from windvane.engine.candidate_io import CandidateRecord, read_candidate, read_out_of_fold
from windvane.engine.data.dataset import read_dataset
from windvane.engine.learners.catalogue import learner
from windvane.engine.quality.judged import Judged
from windvane.engine.quality.learning_curve import curve_of
from windvane.engine.scoring.calibration import at_temperature
from windvane.engine.scoring.evaluate import out_of_fold_classes
from windvane.engine.scoring.threshold import tuned_metric
from windvane.engine.weighted import taken
from windvane.notes.sentences import sentences

_ALIKE = "the metrics of this report are unweighted: all rows count equally"


def judged_candidate(dataset: Path, candidate: Path, name: str, api_name: str = "") -> Judged:
    """Return the predictions of a candidate for rows it was not trained on.

    dataset, candidate    folders of the stages in engine/stages.py
    name                  the candidate's, for people
    api_name              the one that the API has for it; "" without a server
    raises                CorruptArtifact if either is not whole
    """
    table, record = read_dataset(dataset), read_candidate(candidate)
    analysis, said = table.analysis, read_out_of_fold(candidate)
    rows = np.flatnonzero(~np.isnan(said if said.ndim == 1 else said[:, 0]))
    predicted = at_temperature(said[rows].astype(np.float64), record.temperature)
    y, folds = np.asarray(table.y)[rows], np.asarray(table.folds)[rows]
    return Judged(
        problem_type=analysis.problem_type,
        objective=analysis.objective,
        y=y,
        predicted=predicted,
        classes=out_of_fold_classes(
            tuned_metric(analysis), y, predicted, table.parts(rows), taken(table.weight, rows)
        ),
        folds=folds,
        dealt=None if table.dealt is None else table.dealt[rows],
        split="" if table.units is None else analysis.split_told,
        labels=analysis.labels,
        threshold=record.threshold,
        candidate=name,
        api_name=api_name,
        algorithm=_algorithm(record),
        temperature=record.temperature,
        calibrate=analysis.calibrate,
        tune_threshold=analysis.tune_threshold,
        latency_s=record.outcome.latency_s,
        learning_curve=curve_of(record.outcome.notes),
        weight=taken(table.weight, rows),
        groups=table.groups(rows),
        places=rows,
        notes=(*sentences(record.outcome.notes), *([] if table.weight is None else [_ALIKE])),
    )


def _algorithm(record: CandidateRecord) -> str:
    if record.plan is None:
        return f"ensemble of {len(record.outcome.members)}"
    return learner(record.plan.algorithm).title
