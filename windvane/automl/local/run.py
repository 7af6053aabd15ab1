"""A whole job from files to packages, in forks of this process: what `AutoML` and `windvane automl` run.

The job's folder:

    dataset/  features/R/  candidates/N/  refits/N/     what the stages write
    fewer/                                              the first candidate again, learnt from fewer rows
    best/transformers/  best/model/                     the packages of the best candidate
    leaderboard.json                                    every candidate, best first
    definitions/                                        the candidate definitions, if they are wanted

Reports, if they are wanted, have a folder of their own (automl/local/reports.py).
"""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from windvane.automl.actions import (
    Action,
    Analyse,
    BuildEnsemble,
    FirstLook,
    Result,
    Step,
    TrainCandidate,
)
from windvane.automl.documents import result_from_json
from windvane.automl.ending import final_leaderboard
from windvane.automl.finished_candidates import FinishedCandidates
from windvane.automl.history import History
from windvane.automl.leaderboard import leaderboard_to_json, ranked
from windvane.automl.limits import limits_of_analysis
from windvane.automl.local.defining import definitions_beside
from windvane.automl.local.events import EventEmitter, OnEvent
from windvane.automl.local.faults import fault_of
from windvane.automl.local.job import Job
from windvane.automl.local.libraries import Libraries
from windvane.automl.local.performing import analysis_of, work_of
from windvane.automl.local.report_request import OF_TABLE, ReportRequest, reports_end
from windvane.automl.search import CannotBegin, has_all_candidates
from windvane.automl.situation import Situation
from windvane.automl.steps import Status
from windvane.automl.task import task_for
from windvane.automl.workflow import Decision, NoModel, Phase, decide
from windvane.engine.data.analysis import Analysis
from windvane.engine.data.dataset import read_dataset
from windvane.errors import JobFault
from windvane.executor.base import End, Ended, Executor, Said, Work
from windvane.executor.forking import ForkingExecutor
from windvane.notes.sentences import reason

_LONGEST_WAIT_S = 3600.0


def run_here(job: Job, on_event: OnEvent, libraries: Libraries) -> None:
    """Run the job and write its folder; what it tells on the way is in automl/local/events.py.

    libraries   loaded into this process while the data are read, and before an algorithm is first used

    raises    JobFault, or DataFault if the data are to blame
    """
    executor = ForkingExecutor(job.out)
    try:
        driver = _Driver(job, EventEmitter(job.started, on_event), libraries, executor)
        driver.run()
    finally:
        executor.close()
        _remove_unfinished(job)
    driver.finish()


class _Driver:
    """Keeps what has happened in a job, and has done what the workflow asks for."""

    def __init__(
        self, job: Job, emitter: EventEmitter, libraries: Libraries, executor: Executor
    ) -> None:
        self._job, self._emitter, self._libraries = job, emitter, libraries
        self._executor, self._request = executor, job.request
        self._history = History()
        self._analysis: Analysis | None = None
        self._finished: FinishedCandidates | None = None
        self._phase: Phase | None = None
        self._ended = "runtime"

    def run(self) -> None:
        """Run the job until the packages are there.

        raises    JobFault, DataFault
        """
        while True:
            decision = self._decide()
            self._show(decision)
            if decision.phase is Phase.DONE:
                return
            for failed in decision.failed:
                self._fail(failed)
            for action in decision.begin:
                self._begin(action)
            if not decision.begin and not decision.failed:
                self._wait(decision)

    def finish(self) -> None:
        """Write the leaderboard, and the reports that are wanted."""
        job, emitter = self._job, self._emitter
        order, choice = final_leaderboard(self._situation())
        document = leaderboard_to_json(order)
        (job.out / "leaderboard.json").write_text(json.dumps(document, indent=1))
        if job.reports is not None:
            request = _commission(job, choice.index)
            with emitter.stage("reports"), _definitions(job, request.ends, emitter):
                _report(request, emitter)
        emitter.tell("done", best=choice.index, ended=self._ended, note=reason(choice.note))

    def _decide(self) -> Decision:
        n_running = sum(step.status.is_open for step in self._history.steps)
        room = self._job.threads - n_running
        try:
            return decide(self._request, self._analysis, self._history, time.time(), room)
        except NoModel as lost:
            raise JobFault(lost.note) from lost

    def _situation(self) -> Situation:
        if self._analysis is None:
            raise AssertionError("The data have not been analysed yet.")
        return Situation(self._request, self._analysis, self._history, time.time())

    def _begin(self, action: Action) -> None:
        work = self._work(action)
        if isinstance(action, FirstLook | TrainCandidate):
            plan = action.plan
            self._tell_candidate("started", index=plan.index, algorithm=plan.algorithm)
        self._executor.submit(work)
        self._history = self._history.with_step(Step(action, Status.RUNNING, began=time.time()))

    def _work(self, action: Action) -> Work:
        job = self._job
        if isinstance(action, Analyse):
            return analysis_of(job, limits_of_analysis(self._request, time.time()))
        at = self._situation()
        if isinstance(action, TrainCandidate) and at.is_long:
            self._libraries.load_for(action.plan.algorithm)
        task = task_for(action, at, job.memory_mb // job.threads, job.memory_mb)
        return work_of(job, task)

    def _fail(self, failed: CannotBegin) -> None:
        self._history = self._history.with_failed(failed.action, failed.reason, time.time())
        self._tell_end(self._history.steps[-1])

    def _wait(self, decision: Decision) -> None:
        """Wait until something has ended or said something, or the answer may be another."""
        is_loading = decision.phase is Phase.ANALYSIS
        while not (news := self._executor.poll(0.0)) and is_loading:
            is_loading = self._libraries.load_next()
        until_s = max(0.0, min(decision.ask_again - time.time(), _LONGEST_WAIT_S))
        for one in news or self._executor.poll(until_s):
            if isinstance(one, Said):
                self._heard(one)
            else:
                self._take_in(one)

    def _heard(self, news: Said) -> None:
        step = self._history.step(news.key)
        if step is not None and "n_folds" in news.said:
            self._history = self._history.with_step(replace(step, n_folds=news.said["n_folds"]))

    def _take_in(self, ended: Ended) -> None:
        step = self._history.step(ended.key)
        if step is None:
            raise AssertionError(f"Nobody asked for {ended.key}.")
        is_done = ended.end is End.FINISHED
        step = replace(
            step,
            status=Status.DONE if is_done else Status.FAILED,
            ended=min(time.time(), ended.result.get("ended", math.inf)),
            result=self._result(step.action, ended.result) if is_done else step.result,
            failure=ended.note,
        )
        self._history = self._history.with_step(step)
        if isinstance(step.action, Analyse):
            self._analysed(ended)
        self._tell_end(step)

    def _result(self, action: Action, told: Mapping[str, object]) -> Result:
        if isinstance(action, TrainCandidate) and self._finished is not None:
            return self._finished.result_of(self._job.folders.candidate(action.plan.index))
        return Result() if isinstance(action, Analyse) else result_from_json(told)

    def _analysed(self, ended: Ended) -> None:
        """Take over what the analysis found.

        raises    DataFault, JobFault
        """
        job = self._job
        if ended.end is not End.FINISHED:
            what = "The data could not be analysed."
            raise fault_of(ended, what, job.max_runtime_s, job.memory_mb)
        table = read_dataset(job.folders.dataset)
        self._analysis = analysis = table.analysis
        schedule = self._request.schedule.after_analysis(self._situation().pace_s)
        self._request = replace(self._request, schedule=schedule)
        has_ensemble = self._request.strategy.has_ensemble
        self._finished = FinishedCandidates(table, has_ensemble=has_ensemble)
        self._tell_phase(Phase.ANALYSIS, "ended")
        self._phase = None
        self._emitter.tell(
            "analysed",
            problem_type=analysis.problem_type,
            problem_reason=analysis.problem_reason,
            objective=analysis.objective,
            n_rows=analysis.n_rows,
            n_features=len(analysis.features),
            n_folds=analysis.n_folds,
            n_findings=len(analysis.findings),
        )

    def _show(self, decision: Decision) -> None:
        """Tell of the phase that ends and of the one that begins. A baseline is no phase of its own."""
        phase, begun = decision.phase, [step.action for step in self._history.steps]
        is_combined = any(isinstance(one, BuildEnsemble) for one in (*begun, *decision.begin))
        if phase is self._phase or (phase is Phase.ENSEMBLE and not is_combined):
            return
        if self._phase is not None:
            self._tell_phase(self._phase, "ended")
        if self._phase is Phase.SEARCH:
            self._ended = "candidates" if has_all_candidates(self._situation()) else "runtime"
        if phase is not Phase.DONE:
            self._tell_phase(phase, "started")
        self._phase = phase

    def _tell_phase(self, phase: Phase, state: str) -> None:
        self._emitter.tell("stage", stage=str(phase), state=state)

    def _tell_candidate(self, state: str, **facts: str | float | None) -> None:
        self._emitter.tell("candidate", state=state, **facts)

    def _tell_end(self, step: Step[Action]) -> None:
        action, outcome = step.action, step.result.outcome
        if not isinstance(action, FirstLook | TrainCandidate):
            return
        index, algorithm = action.plan.index, action.plan.algorithm
        if outcome is None or self._analysis is None:
            self._tell_candidate(
                "failed", index=index, algorithm=algorithm, reason=reason(step.failure)
            )
            return
        objective = self._analysis.objective
        scores = {score.metric: score for score in outcome.scores}
        self._tell_candidate(
            "finished",
            index=index,
            algorithm=algorithm,
            objective=outcome.objective,
            standard_error=scores[objective].standard_error,
            fit_s=round(outcome.fit_s, 3),
            best=ranked(self._history.entries(), objective)[0].index,
        )


def _remove_unfinished(job: Job) -> None:
    """Remove what was killed while it wrote (stages write into hidden folders first)."""
    for folder in job.out.glob("*/.*-*"):
        shutil.rmtree(folder)


def _commission(job: Job, best: int) -> ReportRequest:
    if job.reports is None:
        raise AssertionError("No reports are wanted.")
    return ReportRequest(
        job=job.out,
        candidate=best,
        kinds=OF_TABLE,
        into=job.reports,
        ends=reports_end(time.time(), job.deadline + job.reports_s, job.reports_s),
        threads=job.threads,
        memory_mb=job.memory_mb,
        started=job.started,
    )


def _definitions(job: Job, ends: float, emitter: EventEmitter) -> AbstractContextManager[None]:
    return definitions_beside(job, ends, emitter) if job.definitions else nullcontext()


def _report(request: ReportRequest, emitter: EventEmitter) -> None:
    # Loading what reports need would take time from jobs that want none.
    from windvane.automl.local.reports import make_reports

    make_reports(request, emitter)
