"""A whole forecasting job from rows to the model that answers, in forks of this process."""

from __future__ import annotations

import time
from dataclasses import asdict, replace

from windvane.automl.forecasting.actions import (
    Backtest,
    ForecastAction,
    ForecastHistory,
    ForecastStep,
    PackForecaster,
    Prepare,
    RefitModel,
)
from windvane.automl.forecasting.documents import result_from_json
from windvane.automl.forecasting.job import ForecastJob
from windvane.automl.forecasting.leaderboard import LEADERBOARD, rows_of
from windvane.automl.forecasting.local_work import work_of
from windvane.automl.forecasting.task import forecast_task
from windvane.automl.forecasting.workflow import best_model, decide
from windvane.automl.local.events import EventEmitter, OnEvent
from windvane.automl.local.faults import fault_of
from windvane.automl.local.libraries import Libraries
from windvane.automl.steps import Status
from windvane.automl.workflow import Phase
from windvane.engine.forecasting.forecaster import KIND
from windvane.engine.forecasting.models.catalogue import FLOOR
from windvane.engine.manifest import write_json, write_manifest
from windvane.executor.base import End, Ended, Executor, Said
from windvane.executor.forking import ForkingExecutor
from windvane.notes.sentences import reason

_LONGEST_WAIT_S = 3600.0


def run_here(job: ForecastJob, on_event: OnEvent, libraries: Libraries) -> None:
    """Run a job; its folder has the model in `package` then.

    libraries   loaded into this process while others work, and before a model is first trained
    raises    JobFault, or DataFault if the data are to blame
    """
    executor, emitter = ForkingExecutor(job.out), EventEmitter(job.started, on_event)
    try:
        driver = _Driver(job, emitter, libraries, executor)
        driver.run()
    finally:
        executor.close()
    best = driver.finish()
    if job.reports is not None:
        # Loading what reports need would take time from jobs that want none.
        from windvane.automl.forecasting.reports import report_forecasts

        report_forecasts(job, job.reports, emitter)
    emitter.tell("done", best=best, note="")


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

    def finish(self) -> str:
        """Write the leaderboard and the manifest, and return the name of the best row."""
        job = self._job
        rows = rows_of(self._history, job.spec.objective)
        board = {"candidates": [row.to_json() for row in rows]}
        write_json(job.folders.package / LEADERBOARD, board)
        about = {"max_runtime_s": job.max_runtime_s}
        write_manifest(job.folders.package, KIND, about)
        return rows[0].name if rows else FLOOR.name

    def _begin(self, action: ForecastAction) -> None:
        if isinstance(action, Backtest | RefitModel) and action.model in self._request.trained:
            while self._libraries.load_next():
                pass
        job, now = self._job, time.time()
        if isinstance(action, Backtest):
            index = self._request.models.index(action.model) + 1
            self._emitter.tell("candidate", state="started", index=index, algorithm=action.model)
        each_mb = job.memory_mb // job.threads
        task = forecast_task(action, self._request, self._history, now, each_mb, job.memory_mb)
        self._executor.submit(work_of(job, task))
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
            result=result_from_json(ended.result) if is_done else step.result,
            failure=ended.note,
        )
        self._history = self._history.with_step(step)
        if not is_done and isinstance(step.action, Prepare | PackForecaster):
            is_reading, job = isinstance(step.action, Prepare), self._job
            what = "The series could not be read." if is_reading else "No model was written."
            raise fault_of(ended, what, job.max_runtime_s, job.memory_mb)
        if step.result.series is not None:
            facts = asdict(step.result.series)
            self._emitter.tell("prepared", objective=str(self._job.spec.objective), **facts)
        if isinstance(step.action, Backtest):
            self._tell_candidate(step.action.model, step)

    def _tell_candidate(self, model: str, step: ForecastStep) -> None:
        models, objective = self._request.models, self._job.spec.objective
        index, outcome = models.index(model) + 1, step.result.outcome
        if outcome is None:
            why = reason(step.failure)
            self._emitter.tell(
                "candidate", state="failed", index=index, algorithm=model, reason=why
            )
            return
        best = best_model(self._request, self._history) or model
        self._emitter.tell(
            "candidate",
            state="finished",
            index=index,
            algorithm=model,
            objective=outcome.metrics[str(objective)],
            standard_error=outcome.standard_error,
            fit_s=round(step.ended - step.began, 3),
            best=models.index(best) + 1,
        )

    def _show(self, phase: Phase) -> None:
        if phase is self._phase:
            return
        if self._phase is not None:
            self._emitter.tell("stage", stage=str(self._phase), state="ended")
        if phase is not Phase.DONE:
            self._emitter.tell("stage", stage=str(phase), state="started")
        self._phase = phase
