"""What each part of the engine is worth: python -m benchmarks.ablation FOLDER

FOLDER is what benchmarks/kept.py made. The ensemble of every job is fitted again to the out-of-fold predictions that
the job left, without one kind of candidate at a time, and scored on rows that its weights were not fitted on. What is
left out is missed by as much as the error grows. The time that a kind took is not given to the others: where they
would have used it well, it is worth less than is told here.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.kept import JOB
from benchmarks.markdown import markdown_table
from windvane.domain.problem import MetricName
from windvane.engine.candidate_io import CandidateRecord, read_candidate, read_out_of_fold
from windvane.engine.data.dataset import Dataset, read_dataset
from windvane.engine.ensembles.blend import OutOfFold, blend
from windvane.engine.scoring.calibration import at_temperature
from windvane.engine.scoring.evaluate import gain

Predictions = Mapping[int, NDArray[np.floating[Any]]]
Records = Mapping[int, CandidateRecord]
Lever = Callable[[CandidateRecord], bool]
"""Whether a candidate stays."""

_LEVERS: Mapping[str, Lever] = {
    "networks (mlp)": lambda one: _algorithm(one) != "mlp",
    "CatBoost": lambda one: _algorithm(one) != "catboost",
    "LightGBM": lambda one: _algorithm(one) != "lightgbm",
    "XGBoost": lambda one: _algorithm(one) != "xgboost",
    "forests": lambda one: _algorithm(one) not in ("extra-trees", "randomforest"),
    "linear models": lambda one: _algorithm(one) != "linear-learner",
    "pairs of numbers and target means (dpp4)": lambda one: (
        one.plan is None or one.plan.recipe != "dpp4"
    ),
    "search beyond the openings": lambda one: one.plan is None or not _is_variation(one.plan.why),
}
_ENSEMBLE, _TEMPERATURES = "the ensemble itself", "temperatures"


def main(arguments: Sequence[str]) -> int:
    homes = sorted(Path(arguments[0]).glob(f"*/{JOB}")) if len(arguments) == 1 else []
    if not homes:
        print(__doc__, file=sys.stderr)
        return 2
    found = {home.parent.name: missed(home) for home in homes}
    levers = list(next(iter(found.values())))
    head = ("without", "median", "mean", *found)
    rows = [_row(lever, [found[table][lever] for table in found]) for lever in levers]
    print("Growth of the error in %:\n")
    print(markdown_table(head, rows))
    return 0


def missed(job: Path) -> dict[str, float]:
    """What is left out -> growth of the error of the ensemble, in percent."""
    table = read_dataset(job / "dataset")
    folders = {int(path.name): path for path in (job / "candidates").iterdir()}
    records = {index: read_candidate(path) for index, path in folders.items() if _is_whole(path)}
    pipelines = {index: one for index, one in records.items() if one.plan and one.plan.recipe}
    raw = {index: read_out_of_fold(folders[index]) for index in pipelines}
    calibrated = {
        index: at_temperature(one, pipelines[index].temperature) for index, one in raw.items()
    }
    whole = error_of(table, calibrated)
    growth = {
        lever: error_of(table, {i: calibrated[i] for i in pipelines if stays(pipelines[i])})
        for lever, stays in _LEVERS.items()
    }
    growth[_ENSEMBLE] = error_of_best(table, calibrated)
    growth[_TEMPERATURES] = error_of(table, raw)
    return {lever: 100 * (error / whole - 1) for lever, error in growth.items()}


def error_of(table: Dataset, predictions: Predictions) -> float:
    """Of the ensemble on rows that its weights were not fitted on, or of the best candidate if there is none."""
    objective = table.analysis.objective
    found = blend(OutOfFold(predictions, table.y, table.folds, objective))
    if found is None:
        return error_of_best(table, predictions)
    return _error(objective, table.y[found.rows], found.out_of_fold)


def error_of_best(table: Dataset, predictions: Predictions) -> float:
    objective, errors = table.analysis.objective, []
    for one in predictions.values():
        known = np.isfinite(one if one.ndim == 1 else one[:, 0])
        errors.append(_error(objective, table.y[known], one[known].astype(np.float64)))
    return min(errors, default=float("nan"))


def _error(objective: MetricName, y: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
    reached = gain(objective, y, predicted)
    return 1 - reached if reached > 0 else -reached


def _is_whole(folder: Path) -> bool:
    return (folder / "outcome.json").exists()


def _is_variation(why: str) -> bool:
    return "well-performing candidate" in why or "whole search space" in why


def _algorithm(record: CandidateRecord) -> str:
    return "ensemble" if record.plan is None else record.plan.algorithm


def _row(lever: str, growth: Sequence[float]) -> list[str]:
    known = [one for one in growth if np.isfinite(one)]
    told = [statistics.median(known), statistics.fmean(known), *growth]
    return [lever, *(f"{one:+.1f}" for one in told)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
