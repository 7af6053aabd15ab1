"""What `AutoML.fit` does: run a job on a table, and keep its best model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from windvane.automl.local.events import OnEvent
from windvane.automl.local.fitted import Fitted, keep_best
from windvane.automl.local.frames import Table, label_kind, source_of, validation_of
from windvane.automl.local.job import Job
from windvane.automl.local.preload import preloading_libraries
from windvane.automl.local.report_request import reports_s
from windvane.automl.local.run_job import run_job
from windvane.automl.local.saved_arguments import saved_problem
from windvane.domain.problem import ProblemSpec
from windvane.engine.data.analysis import SourceFile
from windvane.engine.data.dataset import read_analysis
from windvane.engine.tuning.strategy import Strategy

_LOADING_S = 0.6
"""Of the budget, kept for loading the finished model into this process; its libraries are there by then."""


@dataclass(frozen=True)
class FitRequest:
    """A table, what is to be learnt from it, and within which limits; as the arguments of `AutoML` and of `fit` say.

    started    time.time() at which the time begins
    reports    folder for reports; None makes none
    is_kept    whether the job's folder stays
    """

    train: Table
    validation: Table | None
    problem: ProblemSpec
    strategy: Strategy
    started: float
    max_runtime_s: float
    max_candidates: int | None
    threads: int
    memory_mb: int
    max_latency_ms: float | None
    reports: Path | None
    background_rows: int
    is_kept: bool

    def job_in(self, folder: Path) -> Job:
        """Return the job, whose files are in a folder; tables in memory are written there."""
        source = source_of(self.train, folder)
        for_reports_s = 0.0 if self.reports is None else reports_s(self.max_runtime_s)
        time_s = max(self.max_runtime_s - _LOADING_S, self.max_runtime_s / 2)
        return Job(
            files=(SourceFile(source.path, source.name),),
            format=source.format,
            compression=source.compression,
            problem=self.problem,
            started=self.started,
            max_runtime_s=time_s - for_reports_s,
            max_candidates=self.max_candidates,
            threads=self.threads,
            memory_mb=self.memory_mb,
            out=folder,
            max_latency_s=None if self.max_latency_ms is None else self.max_latency_ms / 1000,
            reports=self.reports,
            reports_s=for_reports_s,
            definitions=self.is_kept,
            strategy=self.strategy,
            validation=validation_of(self.validation, folder),
        )


def fit_model(request: FitRequest, folder: Path, home: Path, on_event: OnEvent) -> Fitted:
    """Run the job in `folder`, copy its best model to `home`, and return that.

    folder, home    exist already
    raises          DataFault, JobFault, InvalidRequest
    """
    with preloading_libraries(on_event) as hear:
        job = run_job(folder, lambda: request.job_in(folder), hear)
    analysis = read_analysis(job.folders.dataset)
    kind = analysis.label_type
    if isinstance(request.train, pd.DataFrame):
        kind = label_kind(request.train[analysis.target], kind)
    about = {
        "max_runtime_s": request.max_runtime_s,
        "max_candidates": request.max_candidates,
        "max_latency_ms": request.max_latency_ms,
        **saved_problem(request.problem),
    }
    return keep_best(job, analysis, request.background_rows, kind, about, home)
