"""AutoML on a DataFrame or a file: no server, no S3, the engine of the service in children of this process."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from windvane.automl.local import prediction_threads
from windvane.automl.local.candidate_reports import report_candidate
from windvane.automl.local.downloaded import is_saved
from windvane.automl.local.events import OnEvent
from windvane.automl.local.explained import ExplainedRows, TypedRows, explain_rows
from windvane.automl.local.fit_progress import fit_progress
from windvane.automl.local.fitted import Fitted, keep_downloaded, read_fitted, save_copy
from windvane.automl.local.fitting import FitRequest, fit_model
from windvane.automl.local.frames import Table, labels_as, read_frame
from windvane.automl.local.model_bytes import model_bytes, restore_model
from windvane.automl.local.parameters import (
    check_at_least,
    check_budget,
    checked,
    features_of,
    machine_mb,
    named,
    strategy_of,
)
from windvane.automl.local.report_request import OF_TABLE, Reported
from windvane.automl.local.saved_arguments import arguments_of
from windvane.automl.local.scoring_rows import read_scoring_rows
from windvane.domain.problem import (
    TABULAR_METRICS,
    MetricName,
    ProblemSpec,
    ProblemType,
    kept_apart,
)
from windvane.engine.candidates import Score
from windvane.engine.data.analysis import Analysis
from windvane.engine.explain.budget import Budget
from windvane.engine.export.onnx.report import CheckedRows, OnnxReport, check_installed
from windvane.engine.export.parity import Parity
from windvane.engine.export.scoring import export_scoring
from windvane.engine.packages.blocks import predict_in_blocks
from windvane.engine.packages.package import Predictions
from windvane.engine.scoring.evaluate import scores
from windvane.errors import CorruptArtifact, InvalidRequest

_MOST_CHECKED = 10_000
"""Rows of a table that an exported model is compared on."""


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
    seed            of all random numbers; with max_candidates and enough time, the same seed gives the same leaderboard
    max_latency_ms  for one row: the best candidate within it is kept, or the quickest if none is; no limit if None
    calibrate       whether probabilities get a temperature where it helps on other rows
    tune_threshold  whether F1 and BalancedAccuracy of two classes get a threshold of their own; 0.5 if not
    sample_weight   a column of finite numbers >= 0: what each row counts for, in training and in scores; no feature
    monotone        column of numbers -> 1 or -1: as it grows, the value, or the probability of the positive class, must
                    not fall, or not rise
    mode            'ENSEMBLING': pipelines and an ensemble of them, as None; 'HYPERPARAMETER_TUNING': pipelines alone,
                    proposed by a model of those tried; those that are clearly worse than the best are given up
    algorithms      names of those that are tried, e.g. ['lightgbm', 'mlp']; if None, all but those of PyTorch,
                    and CatBoost where that extra is installed
    features        the columns to learn from; all but the target and the weights if None
    feature_types   column -> 'numeric', 'categorical', 'text' or 'datetime': how it is read, whatever it looks like
    validation_fraction
                    share of the rows, above 0 and below 1, that candidates are scored on and not trained on; None for
                    cross-validation, or a fifth of a large table
    time_column     a column of dates, times or numbers: candidates are scored on rows that are later than all that they
                    were trained on; no feature unless `features` or `feature_types` names it
    group_column    a column whose equal values mark rows of one entity: they are trained on or scored, never both; no
                    feature unless `features` or `feature_types` names it
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
        calibrate: bool = True,
        tune_threshold: bool = True,
        sample_weight: str | None = None,
        monotone: Mapping[str, int] | None = None,
        mode: str | None = None,
        algorithms: Sequence[str] | None = None,
        features: Sequence[str] | None = None,
        feature_types: Mapping[str, str] | None = None,
        validation_fraction: float | None = None,
        time_column: str | None = None,
        group_column: str | None = None,
    ) -> None:
        apart = kept_apart(str(target), sample_weight)
        problem = ProblemSpec(
            target=str(target),
            problem_type=named(ProblemType, "problem_type", problem_type),
            objective=named(MetricName, "objective", objective, TABULAR_METRICS),
            seed=seed,
            calibrate=calibrate,
            tune_threshold=tune_threshold,
            sample_weight=sample_weight,
            monotone=dict(monotone or {}),
            features=features_of(features, feature_types, apart),
            validation_fraction=validation_fraction,
            time_column=time_column,
            group_column=group_column,
        )
        self.problem = checked(problem)
        check_budget(max_runtime_s, max_candidates, threads, memory_mb, max_latency_ms)
        self.strategy = strategy_of(mode, algorithms, self.problem.monotone)
        self.max_runtime_s = float(max_runtime_s)
        self.max_candidates = max_candidates
        self.threads = threads or len(os.sched_getaffinity(0))
        self.memory_mb = memory_mb or machine_mb() * 3 // 4
        self.max_latency_ms = max_latency_ms
        self._fitted: Fitted | None = None

    def fit(
        self,
        train: Table,
        *,
        on_event: OnEvent = lambda _: None,
        keep: str | os.PathLike[str] | None = None,
        reports: str | os.PathLike[str] | None = None,
        background_rows: int = 0,
        validation: Table | None = None,
        progress: bool | None = None,
    ) -> AutoML:
        """Search and train until the time or the candidates are used up.

        train            rows with the target: a DataFrame, or the path of a CSV (also .gz) or Parquet file
        on_event         told what happens (automl/local/events.py)
        keep             a folder for everything the job writes; None removes all but the best model
        reports          a folder for reports on the data and on the best model; a part of the time is kept for
                         them, and what it is too short for is left out, which `on_event` is told; the folder that
                         `keep` names gets the candidate definitions then
        background_rows  so many rows of the training data are kept in the model, and by `save`: `explain` can do
                         without others then
        validation       rows of the same columns to score candidates on, and to weigh and calibrate them by; no model
                         learns from them, the one that is kept included. None: some of `train` are held out
        progress         whether a line on stderr, or a bar in a notebook, tells how far it is; None: if stderr is a
                         terminal, or in a notebook
        raises           DataFault if nothing can be learned from these rows; InvalidRequest if there is no such file,
                         or if there is a validation_fraction, a time_column or a group_column too
        """
        check_at_least("background_rows", background_rows, 0)
        if validation is not None and self.problem.validation_fraction is not None:
            raise InvalidRequest(
                "validation_fraction is a fraction of the training rows; omit it if you pass "
                "separate validation data."
            )
        if validation is not None and self.problem.split_column is not None:
            raise InvalidRequest(
                "time_column and group_column split the training rows for validation; omit them if you pass separate "
                "validation data."
            )
        request = self._request(
            train=train,
            validation=validation,
            reports=None if reports is None else Path(reports).absolute(),
            background_rows=background_rows,
            is_kept=keep is not None,
        )
        with fit_progress(progress, self.max_runtime_s, self.max_candidates, on_event) as hear:
            if keep is None:
                with tempfile.TemporaryDirectory(prefix="windvane-job-") as scratch:
                    self._fitted = fit_model(request, Path(scratch), self._new_home(), hear)
                return self
            job = Path(keep)
            job.mkdir(parents=True, exist_ok=True)
            fitted = fit_model(request, job, self._new_home(), hear)
        self._fitted = replace(fitted, job=job.absolute())
        return self

    def predict(self, rows: pd.DataFrame) -> NDArray[Any]:
        """Return (n_rows,) values, or labels as in the training data.

        rows      columns by name, in any order; more than needed is fine
        raises    InvalidRequest naming a missing column, or row and column of a value that cannot be read
        """
        fitted = self._the_fitted()
        answer = self._answer(rows)
        if fitted.analysis.problem_type.is_classification:
            return np.asarray(self.classes_[answer.classes])
        return answer.values

    def predict_proba(self, rows: pd.DataFrame) -> NDArray[np.float64]:
        """Return (n_rows, n_classes) probabilities, columns in the order of `classes_`.

        raises    InvalidRequest as `predict` does, and for regression
        """
        if not self._the_fitted().analysis.problem_type.is_classification:
            raise InvalidRequest("A regression model predicts values, not probabilities.")
        return self._answer(rows).probabilities

    def score(self, rows: Table) -> tuple[Score, ...]:
        """Return every metric of the problem type on rows with the target; rows without a known one are left out. Rows
        that have the column of sample weights are weighted by it.

        rows      a DataFrame, or the path of a CSV or Parquet file
        raises    InvalidRequest as `predict` does, and if no row has a known target; DataFault if the file
                  cannot be read
        """
        analysis = self._the_fitted().analysis
        known = read_scoring_rows(rows, analysis, self.memory_mb)
        answer = self._answer(known.frame)
        is_class = analysis.problem_type.is_classification
        predicted = answer.probabilities if is_class else answer.values
        return scores(analysis.problem_type, known.y, predicted, answer.classes, known.weight)

    def explain(
        self,
        rows: pd.DataFrame | None = None,
        *,
        background: pd.DataFrame | None = None,
        budget_s: float = 10,
    ) -> ExplainedRows:
        """Return what each column adds to the answers to these rows: SHAP values, exact for a single boosted model, else
        sampled with standard errors.

        rows         columns as for `predict`; None: the rows that `fit(..., background_rows=N)` kept
        background   rows of the training data that stand for "not known" where values are sampled; None: those kept
        budget_s     wall clock; it is kept by explaining the first rows alone, then less precisely
        raises       InvalidRequest as `predict` does, and if there are no such rows; OutOfTime if the budget is too
                     short for anything
        """
        fitted, budget = self._the_fitted(), Budget(budget_s)
        kept = fitted.background
        asked = kept if rows is None else self._rows_of(rows)
        if asked is None or asked.n_rows == 0:
            raise InvalidRequest(
                "There are no rows to explain: pass some, or keep some with `fit(..., "
                "background_rows=100)`."
            )
        found = explain_rows(
            fitted.predictor,
            fitted.analysis,
            asked,
            kept if background is None else self._rows_of(background),
            budget,
            self.threads,
        )
        index = pd.RangeIndex(asked.n_rows) if rows is None else rows.index
        outputs = self.classes_[-1:] if fitted.analysis.n_classes == 2 else self.classes_
        return ExplainedRows(
            index=index[: len(found.values)],
            columns=tuple(column.name for column in fitted.analysis.features),
            outputs=outputs.tolist() or [fitted.analysis.target],
            attribution=found,
        )

    def write_reports(
        self,
        folder: str | os.PathLike[str],
        *,
        budget_s: float = 60,
        on_event: OnEvent = lambda _: None,
    ) -> list[Reported]:
        """Write reports on the data and on the best model into `folder`, as `fit(..., reports=folder)` does, from the
        job that `fit(..., keep=...)` kept.

        budget_s   wall clock; what it is too short for is cut or left out, which the records returned say
        raises     InvalidRequest if the job was not kept or is gone
        """
        fitted = self._the_fitted()
        if fitted.job is None:
            raise InvalidRequest(
                "Reports need the job's folder: use `fit(..., keep=FOLDER)` before, or `fit(..., reports=FOLDER)`."
            )
        best = int(fitted.predictor.about["candidate"])
        return report_candidate(
            fitted.job,
            best,
            OF_TABLE,
            Path(folder),
            budget_s,
            self.threads,
            self.memory_mb,
            on_event,
        )

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
        """Return every candidate, best first: its score on rows it neither trained nor selected on, with the standard
        error, the other metrics, time, latency and size; which are on the front of score against latency, and which
        one answers. `print` shows the columns that fit a terminal."""
        return self._the_fitted().board()

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write everything that prediction needs: JSON, arrays and the libraries' own model files.

        raises    InvalidRequest if the folder exists and is not empty
        """
        save_copy(self._the_fitted().folder, Path(folder))

    def export_scoring(self, folder: str | os.PathLike[str]) -> Parity:
        """Write the model with a script that scores rows into a new folder: `score.py` needs Python and NumPy alone.

        returns   the comparison of its predictions with those of this model, on rows that are made up of what the columns
                  usually hold
        raises    InvalidRequest if the folder exists; JobFault if the predictions differ, and then nothing is written
        """
        home = self._the_fitted().folder
        return export_scoring(home / "transformers", home / "model", Path(folder))

    def export_onnx(self, file: str | os.PathLike[str], rows: Table | None = None) -> OnnxReport:
        """Write the model as an ONNX file, and beside it, with `.parity.json` after its name, what is returned. Needs the extra
        `onnx`.

        rows      a DataFrame or a file with the columns of the training data: up to 10,000 of its rows are compared, too
        returns   the comparison of its predictions in ONNX Runtime with those of this model, on rows that are made up of what
                  the columns usually hold, and on those of `rows`
        raises    InvalidRequest if there is such a file, or naming the columns and algorithms that cannot be exported;
                  JobFault if the predictions differ, and then nothing is written
        """
        check_installed()
        from windvane.engine.export.onnx.file import export_onnx  # of an extra

        home = self._the_fitted().folder
        checked = None if rows is None else self._checked_rows(rows)
        return export_onnx(home / "transformers", home / "model", Path(file), checked)

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> AutoML:
        """Return what `save` wrote; or a model of the service, downloaded: its model.tar.gz, or a folder with the two of a
        pipeline (its transformers' and its model's), packed or not. Such a model has no leaderboard.

        raises    CorruptArtifact if any of it is missing, damaged or of another kind; InvalidRequest if there is not
                  exactly one model
        """
        home = Path(folder)
        if is_saved(home):
            return cls._saved(home)
        unpacked = Path(tempfile.mkdtemp(prefix="windvane-model-"))
        try:
            keep_downloaded(home, unpacked)
            model = cls._saved(unpacked)
        except BaseException:
            shutil.rmtree(unpacked)
            raise
        weakref.finalize(model, shutil.rmtree, unpacked, ignore_errors=True)
        return model

    @classmethod
    def _saved(cls, home: Path) -> AutoML:
        fitted, about = read_fitted(home)
        try:
            model = cls(**arguments_of(fitted.analysis, about))
        except (KeyError, TypeError, ValueError, InvalidRequest) as error:
            raise CorruptArtifact(f"{home} does not describe a model: {error!r}.") from error
        model._fitted = fitted
        return model

    def __getstate__(self) -> dict[str, Any]:
        """Return the state for copying and pickling, the model as the bytes of what `save` writes; without the folder of
        a job that was kept."""
        fitted = self._fitted
        return {**vars(self), "_fitted": None if fitted is None else model_bytes(fitted.folder)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Load the model as `load` does, with all of its checks.

        raises    CorruptArtifact if its bytes are damaged
        """
        vars(self).update(state)
        packed = state["_fitted"]
        if packed is not None:
            self._fitted = None
            home = self._new_home()
            restore_model(packed, home)
            self._fitted, _ = read_fitted(home)

    def _repr_html_(self) -> str | None:
        return None if self._fitted is None else self._fitted.to_html()

    def _request(
        self,
        *,
        train: Table,
        validation: Table | None,
        reports: Path | None,
        background_rows: int,
        is_kept: bool,
    ) -> FitRequest:
        return FitRequest(
            train=train,
            validation=validation,
            problem=self.problem,
            strategy=self.strategy,
            started=time.time(),
            max_runtime_s=self.max_runtime_s,
            max_candidates=self.max_candidates,
            threads=self.threads,
            memory_mb=self.memory_mb,
            max_latency_ms=self.max_latency_ms,
            reports=reports,
            background_rows=background_rows,
            is_kept=is_kept,
        )

    def _new_home(self) -> Path:
        """Make a folder that lives as long as this object."""
        home = Path(tempfile.mkdtemp(prefix="windvane-model-"))
        weakref.finalize(self, shutil.rmtree, home, ignore_errors=True)
        return home

    def _the_fitted(self) -> Fitted:
        if self._fitted is None:
            raise InvalidRequest("This AutoML has no model yet: call fit first, or AutoML.load.")
        return self._fitted

    def _rows_of(self, frame: pd.DataFrame) -> TypedRows:
        return TypedRows(self._the_fitted().reader.read(frame), len(frame))

    def _checked_rows(self, rows: Table) -> CheckedRows:
        target = self._the_fitted().analysis.target
        frame = rows if isinstance(rows, pd.DataFrame) else read_frame(rows, target, self.memory_mb)
        if len(frame) > _MOST_CHECKED:
            frame = frame.iloc[np.linspace(0, len(frame) - 1, _MOST_CHECKED).astype(np.int64)]
        typed = self._rows_of(frame)
        return CheckedRows(typed.cells, typed.n_rows)

    def _answer(self, frame: pd.DataFrame) -> Predictions:
        fitted = self._the_fitted()
        columns = fitted.reader.read(frame)
        if len(frame) > prediction_threads.MOST_ROWS:
            return predict_in_blocks(fitted.predictor, columns, len(frame), self.threads)
        if len(frame):
            with prediction_threads.one_thread():
                return fitted.predictor.predict_columns(columns, len(frame))
        n_classes = fitted.analysis.n_classes
        return Predictions(np.empty(0), np.empty((0, n_classes)), np.empty(0, np.int64))
