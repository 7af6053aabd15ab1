"""AutoML on a DataFrame or a file: no server, no S3, the engine of the service in children of this process."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from windvane.domain.problem import (
    MetricName,
    ProblemSpec,
    ProblemType,
    check_objective,
    check_uses,
)
from windvane.engine.candidates import Score
from windvane.engine.data.analysis import Analysis, SourceFile
from windvane.engine.data.dataset import read_analysis
from windvane.engine.local.ahead import libraries_loaded_ahead
from windvane.engine.local.board import board_frame
from windvane.engine.local.frames import (
    class_indices,
    columns_of,
    label_kind,
    labels_as,
    numbers_of,
    read_frame,
    source_of,
)
from windvane.engine.local.hosted import run_job
from windvane.engine.local.job import Job, leaderboard_from_json
from windvane.engine.local.telling import OnEvent
from windvane.engine.manifest import check_manifest, read_json, write_json, write_manifest
from windvane.engine.packages.blocks import predict_in_blocks
from windvane.engine.packages.package import Predictions, Predictor, load_predictor
from windvane.engine.scoring.evaluate import scores
from windvane.engine.weighted import Weight
from windvane.errors import CorruptArtifact, InvalidRequest

Table = pd.DataFrame | str | os.PathLike[str]

_KIND = "automl"
_LOADING_S = 1.0
"""Of the budget, kept for loading the finished model into this process; its libraries are there by then."""


@dataclass(frozen=True)
class _Fitted:
    """folder       what `save` copies: transformers/ model/ leaderboard.json analysis.json manifest.json
    label_kind   'string', 'integer', 'float' or 'boolean': what predicted labels are
    """

    folder: Path
    predictor: Predictor
    analysis: Analysis
    label_kind: str


class AutoML:
    """Searches, trains and keeps the best model of a table.

    target          the column to predict
    problem_type    'BinaryClassification', 'MulticlassClassification' or 'Regression'; inferred if None
    objective       a metric's name, e.g. 'AUC', 'F1', 'LogLoss', 'MSE'; the problem type's default if None
    max_runtime_s   wall clock of `fit`
    max_candidates  pipelines and ensembles together; as many as time allows if None
    threads         processes that train at once, one thread each, and threads that answer many rows; one a core
                    if None
    memory_mb       for all of them; three quarters of the machine's if None
    max_latency_ms  for one row: the best candidate within it is kept, or the quickest if none is; no limit if None
    sample_weight   a column of finite numbers >= 0: what each row counts for, in training and in scores; no feature
    monotone        column of numbers -> 1 or -1: as it grows, the value, or the probability of the positive class, must
                    not fall, or not rise
    raises          InvalidRequest for an unknown name or a number out of range
    """

    def __init__(
        self,
        target: str,
        problem_type: str | None = None,
        objective: str | None = None,
        max_runtime_s: float = 60,
        max_candidates: int | None = None,
        threads: int | None = None,
        memory_mb: int | None = None,
        seed: int = 0,
        max_latency_ms: float | None = None,
        sample_weight: str | None = None,
        monotone: Mapping[str, int] | None = None,
    ) -> None:
        self.problem = _problem(
            target, problem_type, objective, seed, sample_weight, dict(monotone or {})
        )
        _check_at_least("max_runtime_s", max_runtime_s, 1)
        _check_at_least("max_candidates", max_candidates, 1)
        _check_at_least("threads", threads, 1)
        _check_at_least("memory_mb", memory_mb, 256)
        if max_latency_ms is not None and not max_latency_ms > 0:
            raise InvalidRequest(f"max_latency_ms is {max_latency_ms}; it must be above 0.")
        self.max_runtime_s = float(max_runtime_s)
        self.max_candidates = max_candidates
        self.threads = threads or len(os.sched_getaffinity(0))
        self.memory_mb = memory_mb or _machine_mb() * 3 // 4
        self.max_latency_ms = max_latency_ms
        self._fitted: _Fitted | None = None

    def fit(
        self,
        train: Table,
        *,
        on_event: OnEvent = lambda _: None,
        keep: str | os.PathLike[str] | None = None,
    ) -> AutoML:
        """Search and train until the time or the candidates are used up.

        train      rows with the target: a DataFrame, or the path of a CSV (also .gz) or Parquet file
        on_event   told what happens (engine/local/telling.py)
        keep       a folder for everything the job writes; None removes all but the best model
        raises     DataFault if nothing can be learned from these rows; InvalidRequest if there is no such file
        """
        started = time.time()
        if keep is not None:
            Path(keep).mkdir(parents=True, exist_ok=True)
            self._fitted = self._run(train, Path(keep), started, on_event)
            return self
        with tempfile.TemporaryDirectory(prefix="windvane-job-") as scratch:
            self._fitted = self._run(train, Path(scratch), started, on_event)
        return self

    def predict(self, rows: pd.DataFrame) -> NDArray[Any]:
        """(n_rows,) values, or labels as in the training data.

        rows      columns by name, in any order; more than needed is fine
        raises    InvalidRequest naming a missing column, or row and column of a value that cannot be read
        """
        fitted = self._the_fitted()
        answer = self._answer(rows)
        if fitted.analysis.problem_type.is_classification:
            return np.asarray(self.classes_[answer.classes])
        return answer.values

    def predict_proba(self, rows: pd.DataFrame) -> NDArray[np.float64]:
        """(n_rows, n_classes) probabilities, columns in the order of `classes_`.

        raises    InvalidRequest as `predict` does, and for regression
        """
        if not self._the_fitted().analysis.problem_type.is_classification:
            raise InvalidRequest("A regression model predicts values, not probabilities.")
        return self._answer(rows).probabilities

    def score(self, rows: Table) -> tuple[Score, ...]:
        """Every metric of the problem type on rows with the target; rows without a known one are left out. Rows that
        have the column of sample weights are weighted by it.

        rows      a DataFrame, or the path of a CSV or Parquet file
        raises    InvalidRequest as `predict` does, and if no row has a known target; DataFault if the file
                  cannot be read
        """
        analysis = self._the_fitted().analysis
        frame = (
            rows
            if isinstance(rows, pd.DataFrame)
            else read_frame(rows, analysis.target, self.memory_mb)
        )
        if analysis.target not in frame.columns:
            raise InvalidRequest(f"There is no column '{analysis.target}' to compare with.")
        target = frame[analysis.target]
        is_class = analysis.problem_type.is_classification
        y = class_indices(target, analysis) if is_class else numbers_of(target)
        known = np.isfinite(y) & (y >= 0 if is_class else True)
        if not known.any():
            raise InvalidRequest(f"No row has a known value in the column '{analysis.target}'.")
        answer = self._answer(frame[known])
        predicted = answer.probabilities if is_class else answer.values
        weight = _weights(frame[known], analysis.sample_weight)
        return scores(analysis.problem_type, y[known], predicted, answer.classes, weight)

    @property
    def classes_(self) -> NDArray[Any]:
        """(n_classes,) labels as in the training data; empty for regression. Of two, the second is positive."""
        fitted = self._the_fitted()
        return labels_as(fitted.analysis.labels, fitted.label_kind)

    @property
    def analysis(self) -> Analysis:
        """What was found out about the training data: types with reasons, problem, findings."""
        return self._the_fitted().analysis

    def leaderboard(self) -> pd.DataFrame:
        """Every candidate, best first: its score on rows it neither trained nor selected on, with the standard
        error, the other metrics, time, latency and size; which are on the front of score against latency, and which
        one answers."""
        fitted = self._the_fitted()
        document = read_json(fitted.folder / "leaderboard.json")
        chosen = int(fitted.predictor.about["candidate"])
        return board_frame(leaderboard_from_json(document), fitted.analysis, chosen)

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write everything that prediction needs: JSON, arrays and the libraries' own model files.

        raises    InvalidRequest if the folder exists and is not empty
        """
        into = Path(folder)
        if into.exists() and (not into.is_dir() or any(into.iterdir())):
            raise InvalidRequest(f"{into} exists already; name a new or an empty folder.")
        shutil.copytree(self._the_fitted().folder, into, dirs_exist_ok=True)

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> AutoML:
        """What `save` wrote.

        raises    CorruptArtifact if any of it is missing, damaged or not from `save`
        """
        home = Path(folder)
        about = check_manifest(home, _KIND)
        predictor = load_predictor(home / "transformers", home / "model")
        try:
            analysis = Analysis.from_json(read_json(home / "analysis.json"))
            kind = str(about["label_kind"])
            model = cls(
                target=analysis.target,
                problem_type=analysis.problem_type,
                objective=analysis.objective,
                max_runtime_s=float(about["max_runtime_s"]),
                max_candidates=about["max_candidates"],
                seed=analysis.seed,
                max_latency_ms=about.get("max_latency_ms"),
                sample_weight=analysis.sample_weight,
                monotone=analysis.monotone,
            )
        except (KeyError, TypeError, ValueError, InvalidRequest) as error:
            raise CorruptArtifact(f"{home} does not describe a model: {error!r}.") from error
        model._fitted = _Fitted(home, predictor, analysis, kind)
        return model

    def _run(self, train: Table, folder: Path, started: float, on_event: OnEvent) -> _Fitted:
        with libraries_loaded_ahead(on_event) as hear:
            job = run_job(folder, lambda: self._job(train, folder, started), hear)
        analysis = read_analysis(job.dataset)
        kind = analysis.label_type
        if isinstance(train, pd.DataFrame):
            kind = label_kind(train[analysis.target], kind)
        return self._kept(job, analysis, kind)

    def _job(self, train: Table, folder: Path, started: float) -> Job:
        source = source_of(train, folder)
        return Job(
            files=(SourceFile(source.path, source.name),),
            format=source.format,
            compression=source.compression,
            problem=self.problem,
            started=started,
            max_runtime_s=max(self.max_runtime_s - _LOADING_S, self.max_runtime_s / 2),
            max_candidates=self.max_candidates,
            threads=self.threads,
            memory_mb=self.memory_mb,
            out=folder,
            max_latency_s=None if self.max_latency_ms is None else self.max_latency_ms / 1000,
        )

    def _kept(self, job: Job, analysis: Analysis, kind: str) -> _Fitted:
        """The best model, in a folder that lives as long as this object."""
        home = Path(tempfile.mkdtemp(prefix="windvane-model-"))
        weakref.finalize(self, shutil.rmtree, home, ignore_errors=True)
        for name in ("transformers", "model"):
            shutil.copytree(job.out / "best" / name, home / name)
        shutil.copy(job.out / "leaderboard.json", home)
        write_json(home / "analysis.json", analysis.to_json())
        about = {
            "label_kind": kind,
            "max_runtime_s": self.max_runtime_s,
            "max_candidates": self.max_candidates,
            "max_latency_ms": self.max_latency_ms,
        }
        write_manifest(home, _KIND, about)
        predictor = load_predictor(home / "transformers", home / "model")
        return _Fitted(home, predictor, analysis, kind)

    def _the_fitted(self) -> _Fitted:
        if self._fitted is None:
            raise InvalidRequest("This AutoML has no model yet: call fit first, or AutoML.load.")
        return self._fitted

    def _answer(self, frame: pd.DataFrame) -> Predictions:
        fitted = self._the_fitted()
        columns = columns_of(frame, fitted.predictor.columns)
        if len(frame):
            return predict_in_blocks(fitted.predictor, columns, len(frame), self.threads)
        n_classes = fitted.analysis.n_classes
        return Predictions(np.empty(0), np.empty((0, n_classes)), np.empty(0, np.int64))


def _problem(
    target: str,
    problem_type: str | None,
    objective: str | None,
    seed: int,
    sample_weight: str | None,
    monotone: dict[str, int],
) -> ProblemSpec:
    kind = _named(ProblemType, "problem_type", problem_type)
    metric = _named(MetricName, "objective", objective)
    if kind is not None and metric is not None:
        check_objective(kind, metric)
    check_uses(target, kind, sample_weight, monotone)
    return ProblemSpec(str(target), kind, metric, seed, sample_weight, monotone)


def _weights(rows: pd.DataFrame, column: str | None) -> Weight:
    """(n_rows,) of the column, if the job had one and the rows have it."""
    if column is None or column not in rows.columns:
        return None
    weight = numbers_of(rows[column])
    wrong = np.flatnonzero(~(np.isfinite(weight) & (weight >= 0)))
    if wrong.size:
        raise InvalidRequest(
            f"The sample weight column '{column}' is no finite number of 0 or more in the row "
            f"{rows.index[wrong[0]]}. Correct it, or leave the column out to count all rows alike."
        )
    if not weight.any():
        raise InvalidRequest(f"The sample weight column '{column}' is 0 in all rows.")
    return weight


_Enum = TypeVar("_Enum", bound=StrEnum)


def _named(enum: type[_Enum], parameter: str, name: str | None) -> _Enum | None:
    if name is None:
        return None
    if name not in set(enum):
        raise InvalidRequest(f"{parameter} is '{name}'; choose one of: {', '.join(enum)}.")
    return enum(name)


def _check_at_least(parameter: str, value: float | None, least: int) -> None:
    if value is not None and not value >= least:
        raise InvalidRequest(f"{parameter} is {value}; it must be at least {least}.")


def _machine_mb() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 1024**2
