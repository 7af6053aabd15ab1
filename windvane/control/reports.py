"""Reports on any candidate of a job, when they are asked for: a processing job that is started once.

The best candidate gets them from its job. A processing job that failed or was stopped is followed by another one when
they are asked for again, and so is one that is over where the reports are to be made anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from windvane.control.jobs import find_job
from windvane.control.steps import Steps
from windvane.domain.candidate import Candidate, CandidateStatus, ProcessingJob, StepStatus
from windvane.domain.job import AutoMLJob
from windvane.domain.reports import (
    explanations_of,
    inputs_of_forecast,
    inputs_of_table,
    insights_of,
    outputs_of,
    report_job_name,
    report_request,
)
from windvane.errors import InvalidRequest, NameTaken, NotFound
from windvane.names import Scope
from windvane.store.base import Store, Transaction
from windvane.wire.call import Caller

_CAME_TO_NOTHING = (StepStatus.FAILED, StepStatus.STOPPED)


@dataclass(frozen=True)
class ReportsView:
    """The reports on a candidate, made or to be made.

    made_by    None if the candidate's AutoML job has made them
    """

    explainability: str
    model_insights: str
    status: StepStatus
    made_by: ProcessingJob | None


class Reports:
    """The operations on reports."""

    def __init__(self, store: Store, steps: Steps) -> None:
        self._store = store
        self._steps = steps

    def start(
        self, caller: Caller, job_name: str, candidate_name: str, *, again: bool = False
    ) -> ReportsView:
        """Have both reports made; asking twice is the same as once.

        again     also if they are there: those of an AutoML job were made in the time that it had left, those of a
                  processing job perhaps while the server was busy. What is being made stays
        raises    NotFound for the job or the candidate; InvalidRequest if the candidate did not finish, its model is
                  gone, or the job's data or artefacts are not there; AccessDenied if the caller may not pass the
                  job's role
        """
        scope = Scope(caller.account, caller.region)
        with self._store.snapshot() as tx:
            job, candidate = _find(tx, scope, job_name, candidate_name)
            view, free_name = _look(tx, job, candidate)
            if view is not None and not _may_be_made(view, again=again):
                return view
            _check(candidate)
            inputs = (
                inputs_of_forecast(job, candidate)
                if job.is_forecast
                else inputs_of_table(candidate, _dataset(tx, job, candidate))
            )
        request = report_request(job, candidate, inputs, free_name)
        try:
            started = self._steps.create_report_job(caller, request, candidate.arn)
        except NameTaken:  # by another request for the same
            return self.describe(scope, job_name, candidate_name)
        return _view(job, started)

    def describe(self, scope: Scope, job_name: str, candidate_name: str) -> ReportsView:
        """Return the state of the reports that somebody asked for.

        raises    NotFound for the job, the candidate, or if nobody has asked for the reports
        """
        with self._store.snapshot() as tx:
            job, candidate = _find(tx, scope, job_name, candidate_name)
            view, _ = _look(tx, job, candidate)
        if view is None:
            raise NotFound(
                f"There are no reports on the candidate {candidate.name} of the AutoML job {job.name}, and none were "
                "asked for: POST to the same path has them made."
            )
        return view


def _find(
    tx: Transaction, scope: Scope, job_name: str, candidate_name: str
) -> tuple[AutoMLJob, Candidate]:
    job = find_job(tx, scope, job_name)
    candidate = tx.find(Candidate, scope, candidate_name)
    if candidate is None or candidate.parent != job.arn:
        raise NotFound(
            f"The AutoML job {job.name} has no candidate called {candidate_name}. ListCandidatesForAutoMLJob names "
            "those that it has."
        )
    return job, candidate


def _look(tx: Transaction, job: AutoMLJob, candidate: Candidate) -> tuple[ReportsView | None, str]:
    """Return the reports as they are, None if there are none; and the name of the next processing job for them."""
    last = None
    for attempt in count(1):
        name = report_job_name(candidate, attempt)
        made_by = tx.find(ProcessingJob, candidate.scope, name)
        if made_by is None:
            break
        if made_by.reports_on == candidate.arn:  # clients may call jobs of their own what they like
            last = made_by
    are_there = bool(candidate.explainability and candidate.model_insights)
    if last is not None and not (are_there and last.status in _CAME_TO_NOTHING):
        return _view(job, last), name
    if are_there:
        places = candidate.explainability, candidate.model_insights
        return ReportsView(*places, StepStatus.COMPLETED, None), name
    return None, name


def _may_be_made(view: ReportsView, *, again: bool) -> bool:
    """Return whether reports that somebody has asked for before are made anew."""
    return view.status in _CAME_TO_NOTHING or (again and view.status is StepStatus.COMPLETED)


def _view(job: AutoMLJob, made_by: ProcessingJob) -> ReportsView:
    return ReportsView(explanations_of(job), insights_of(job), made_by.status, made_by)


def _check(candidate: Candidate) -> None:
    """Check that reports can be made of a candidate.

    raises    InvalidRequest for a candidate that cannot be explained
    """
    if candidate.status is not CandidateStatus.COMPLETED:
        raise InvalidRequest(
            f"The candidate {candidate.name} is in status {candidate.status}. Reports are made on candidates that are "
            "in status Completed."
        )
    if not candidate.containers:
        raise InvalidRequest(
            f"The model of the candidate {candidate.name} was not kept when its job ended, so there is nothing to "
            "explain. The server's configuration says how many are kept: section [artifacts], kept_models."
        )


def _dataset(tx: Transaction, job: AutoMLJob, candidate: Candidate) -> str:
    """Return the S3 prefix of the job's data: what the first step of its candidates wrote.

    raises    InvalidRequest if it has not, or not yet
    """
    name = candidate.steps[0].name
    step = tx.find(ProcessingJob, candidate.scope, name)
    if (
        step is not None and step.parent != job.arn
    ):  # clients may call jobs of their own what they like
        step = None
    dataset = outputs_of(step).get("dataset") if step is not None else None
    if step is None or dataset is None or step.status is not StepStatus.COMPLETED:
        status = step.status if step is not None else "missing"
        raise InvalidRequest(
            f"The data of the AutoML job {job.name}, as typed and split, are not in S3: the processing job {name}, "
            f"which writes them, is {status}. It must be Completed, with an output called dataset."
        )
    return dataset
