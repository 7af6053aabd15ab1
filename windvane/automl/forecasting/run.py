"""A whole forecasting job from rows to the model that answers, in forks of this process."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from windvane.automl.actions import Status
from windvane.automl.forecasting.actions import (
    Backtest,
    ForecastAction,
    ForecastHistory,
    ForecastStep,
    PackForecaster,
    Prepare,
    RefitModel,
)
from windvane.automl.forecasting.job import ForecastJob
from windvane.automl.forecasting.leaderboard import ForecastRow, ranked_rows
from windvane.automl.forecasting.performing import work_of
from windvane.automl.forecasting.workflow import decide, limits_of
from windvane.automl.local.events import EventEmitter, OnEvent
from windvane.automl.local.libraries import Libraries
from windvane.automl.workflow import Phase
from windvane.engine.forecasting import stages
from windvane.engine.forecasting.models.catalogue import FLOOR
from windvane.engine.forecasting.outcomes import ForecastOutcome, read_outcome
from windvane.engine.manifest import read_json, write_json, write_manifest
from windvane.errors import DataFault, JobFault
from windvane.executor.base import End, Ended, Executor, Said
from windvane.executor.forking import ForkingExecutor
from windvane.notes.sentences import reason

_LONGEST_WAIT_S = 3600.0
_TOLD_OF_SERIES = ("n_series", "n_values", "frequency", "n_findings")


def run_here(job: ForecastJob, on_event: OnEvent, libraries: Libraries) -> None:
    """Run a job; its folder has the model in `package` then.

    libraries   loaded into this process while others work, and before a model is first trained
    raises    JobFault, or DataFault if the data are to blame
    """
    executor = ForkingExecutor(job.out)
    try:
        driver = _Driver(job, EventEmitter(job.started, on_event), libraries, executor)
        driver.run()
    finally:
        executor.close()
    driver.finish()


class _Driver:
    """Keeps what has happened in a job, and has done what the workflow asks for."""

    def __init__(
        self, job: ForecastJob, emitter: EventEmitter, libraries: Libraries, executor: Executor
    ) -> None:
        self._job, self._emitter = job, emitter
        self._libraries, self._executor = libraries, executor
        self._request = job.request
        self._history = ForecastHistory()
        self._phase: Phase | None = None

    def run(self) -> None:
        """Run the job until the package is there.

        raises    JobFault, DataFault
        """
        while True:
            n_running = sum(step.status.is_open for step in self._history.steps)
            room = max(0, self._request.workers - n_running)
            decision = decide(self._request, self._history, time.time(), room)
            self._show(decision.phase)
            if decision.phase is Phase.DONE:
                return
            for action in decision.begin:
                self._begin(action)
            if not decision.begin:
                self._wait()

    def _wait(self) -> None:
        """Wait until something has ended; libraries are loaded meanwhile."""
        while not (news := self._executor.poll(0.0)) and self._libraries.load_next():
            pass
        for one in news or self._executor.poll(_LONGEST_WAIT_S):
            if not isinstance(one, Said):
                self._take_in(one)

    def finish(self) -> None:
        """Write the leaderboard and the manifest."""
        job, combined = self._job, self._history.step("ensemble")
        weights = dict(combined.weights) if combined is not None else {}
        rows = [
            self._row(step, step.action.model, weights)
            for step in self._history.steps
            if isinstance(step.action, Backtest)
        ]
        if combined is not None and combined.status is Status.DONE:
            document = read_json(job.ensemble / "weights.json")["outcome"]
            rows.append(ForecastRow(stages.ENSEMBLE, ForecastOutcome.from_json(document), 1.0))
        ordered = ranked_rows(rows, job.spec.objective)
        if not weights:
            answering = next((row.name for row in ordered if row.outcome), FLOOR.name)
            ordered = [replace(r, weight=float(r.name == answering)) for r in ordered]
        board = {"candidates": [row.to_json() for row in ordered]}
        write_json(job.package / "leaderboard.json", board)
        about = {"max_runtime_s": job.max_runtime_s}
        write_manifest(job.package, "forecaster", about)
        self._emitter.tell("done", best=ordered[0].name if ordered else FLOOR.name, note="")

    def _row(self, step: ForecastStep, name: str, weights: Mapping[str, float]) -> ForecastRow:
        if step.status is not Status.DONE:
            return ForecastRow(name, None, failure=reason(step.failure))
        outcome = read_outcome(self._job.backtest(name))
        return ForecastRow(name, outcome, weights.get(name, 0.0))

    def _begin(self, action: ForecastAction) -> None:
        if isinstance(action, Backtest | RefitModel) and action.model in self._request.trained:
            while self._libraries.load_next():
                pass
        now = time.time()
        if isinstance(action, Backtest):
            index = self._request.models.index(action.model) + 1
            self._emitter.tell("candidate", state="started", index=index, algorithm=action.model)
        limits = limits_of(action, self._request, self._history, now)
        self._executor.submit(work_of(action, self._job, limits))
        self._history = self._history.with_step(ForecastStep(action, Status.RUNNING, began=now))

    def _take_in(self, ended: Ended) -> None:
        """Take in how an action ended.

        raises    JobFault, DataFault if nothing can go on without what failed
        """
        step = self._history.step(ended.key)
        if step is None:
            raise AssertionError(f"Nobody asked for {ended.key}.")
        is_done = ended.end is End.FINISHED
        step = replace(
            step,
            status=Status.DONE if is_done else Status.FAILED,
            ended=time.time(),
            suited=tuple(ended.result.get("suited", ())),
            weights=ended.result.get("weights", {}),
            loss=ended.result.get("loss"),
            failure=ended.note,
        )
        self._history = self._history.with_step(step)
        if not is_done and isinstance(step.action, Prepare | PackForecaster):
            raise _fault(ended, step.action, self._job)
        if isinstance(step.action, Prepare):
            self._tell_prepared(ended.result)
        if isinstance(step.action, Backtest):
            self._tell_candidate(step.action.model, step, ended.result.get("standard_error"))

    def _tell_prepared(self, result: Mapping[str, Any]) -> None:
        facts = {name: result[name] for name in _TOLD_OF_SERIES}
        self._emitter.tell("prepared", objective=str(self._job.spec.objective), **facts)

    def _tell_candidate(self, model: str, step: ForecastStep, error: float | None) -> None:
        index = self._request.models.index(model) + 1
        if step.status is not Status.DONE:
            why = reason(step.failure)
            self._emitter.tell(
                "candidate", state="failed", index=index, algorithm=model, reason=why
            )
            return
        losses = {
            one.action.model: one.loss
            for one in self._history.steps
            if isinstance(one.action, Backtest) and one.loss is not None
        }
        best = min(losses, key=lambda name: losses[name]) if losses else model
        self._emitter.tell(
            "candidate",
            state="finished",
            index=index,
            algorithm=model,
            objective=step.loss,
            standard_error=error,
            fit_s=round(step.ended - step.began, 3),
            best=self._request.models.index(best) + 1,
        )

    def _show(self, phase: Phase) -> None:
        if phase is self._phase:
            return
        if self._phase is not None:
            self._emitter.tell("stage", stage=str(self._phase), state="ended")
        if phase is not Phase.DONE:
            self._emitter.tell("stage", stage=str(phase), state="started")
        self._phase = phase


def _fault(ended: Ended, action: ForecastAction, job: ForecastJob) -> JobFault:
    if ended.is_a(DataFault):
        return DataFault(reason(ended.note))
    why = {
        End.OUT_OF_TIME: f"It exceeded the job's time limit of {job.max_runtime_s:g} s; raise the limit.",
        End.OUT_OF_MEMORY: f"It exceeded the job's memory limit of {job.memory_mb} MB; raise the limit.",
    }.get(ended.end, reason(ended.note))
    what = "The series could not be read" if isinstance(action, Prepare) else "No model was written"
    return JobFault(f"{what}. {why}")
