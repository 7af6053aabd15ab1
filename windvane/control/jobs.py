"""AutoML jobs: accept, look up, list, stop. Workers do the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from windvane.artifacts.base import Artifacts
from windvane.control.deployments import needed_to_deploy
from windvane.control.encryption import Encryption
from windvane.control.inputs import check_input, check_output, check_specification
from windvane.control.lists import Listed, Listing, Lists
from windvane.control.members import Member
from windvane.control.networks import NONE_DECLARED, Networks
from windvane.control.quotas import Quotas, check_jobs_in_flight
from windvane.control.roles import Grant, Roles
from windvane.control.webhooks import WebhooksOf, check_webhook, no_webhooks
from windvane.domain.candidate import Candidate
from windvane.domain.features import SpecificationFile
from windvane.domain.forecasting import ForecastSpec
from windvane.domain.job import AutoMLJob, Echo, JobStatus, Limits, SecondaryStatus
from windvane.domain.jobspec import DeploymentSpec, JobSpec, Problem, RequestedLimits
from windvane.domain.logs import line_of, place_of
from windvane.domain.problem import MetricName
from windvane.domain.resource import Kind
from windvane.domain.task import NewTask, TaskKind
from windvane.errors import InvalidRequest, JobMissing, LimitExceeded, NameTaken
from windvane.names import Scope, arn, fitted, fresh_suffix
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note
from windvane.store.base import OrderBy, Store, Transaction
from windvane.tracing.context import current_header
from windvane.wire.call import Caller

_UNFINISHED = tuple(status for status in JobStatus if not status.is_final)

_ALL_JOBS = Listing("ListAutoMLJobs", AutoMLJob, order=OrderBy.NAME)
_CANDIDATES = Listing("ListCandidatesForAutoMLJob", Candidate)

_LONGEST_ENDPOINT_NAME = 63


@dataclass(frozen=True, kw_only=True)
class Places:
    """The names, for messages, of the members of a request that ask for encryption."""

    output_key: str
    volume_key: str
    traffic: str


@dataclass(frozen=True, kw_only=True)
class NewJob:
    """A job that a client asks for, of whose request nothing is wrong in itself."""

    name: str
    spec: JobSpec
    echo: Echo
    tags: dict[str, str]
    places: Places


@dataclass(frozen=True)
class JobView:
    """A job and the candidate it calls its best, as they were at one moment."""

    job: AutoMLJob
    best: Candidate | None


@dataclass(frozen=True)
class CandidatesView:
    """One page of a job's candidates."""

    job: AutoMLJob
    candidates: Listed[Candidate]


class Jobs:
    """The operations on AutoML jobs."""

    def __init__(
        self,
        store: Store,
        artifacts: Artifacts,
        roles: Roles,
        quotas: Quotas,
        lists: Lists,
        encryption: Encryption,
        clock: Callable[[], datetime],
        networks: Networks = NONE_DECLARED,
        webhooks: WebhooksOf = no_webhooks,
    ) -> None:
        self._store = store
        self._artifacts = artifacts
        self._roles = roles
        self._quotas = quotas
        self._lists = lists
        self._encryption = encryption
        self._clock = clock
        self.networks = networks
        self._webhooks = webhooks

    def create(self, caller: Caller, asked: NewJob) -> AutoMLJob:
        """Record a job and its first task; nothing is left behind if the job is refused.

        raises    InvalidRequest, NameTaken, LimitExceeded; AccessDenied if the caller may not pass the role, or make what
                  the deployment has the job make
        """
        scope, spec = Scope(caller.account, caller.region), asked.spec
        check_webhook(asked.tags, self._webhooks(scope.account))
        grant = self._roles.passed(caller, spec.role)
        with self._store.snapshot() as tx:
            if tx.find(AutoMLJob, scope, asked.name) is not None:
                raise _name_taken(scope, asked.name)
        output_key, volume_key = self._keys(caller, grant, asked)
        specification = self._check_world(scope, asked, grant)
        if not output_key:
            self._encryption.check_default_keys(grant, [spec.output.uri])
        now, limits = self._clock(), self._limits(spec.limits)
        job = AutoMLJob(
            scope=scope,
            name=asked.name,
            created=now,
            modified=now,
            spec=spec,
            echo=asked.echo,
            limits=limits,
            deadline=now + timedelta(seconds=limits.max_runtime_s),
            objective=_objective(spec.problem),
            endpoint_name=_endpoint_name(asked.name, spec.deployment),
            output_key=output_key,
            volume_key=volume_key,
            traceparent=current_header(),
        )
        for one in needed_to_deploy(job):
            self._roles.require(caller, one.action, one.resource, one.facts)
        with self._store.transaction() as tx:
            if not tx.insert(job):
                raise _name_taken(scope, asked.name)
            self._check_number(tx, scope)
            if asked.tags:
                tx.set_tags(job.arn, asked.tags)
            analysis = NewTask(TaskKind.ANALYZE, "analyze", specification.to_json())
            tx.add_tasks(job.arn, [analysis], now)
        return job

    def _keys(self, caller: Caller, grant: Grant, asked: NewJob) -> tuple[str, str]:
        """Return the ARNs of the keys of output and volume."""
        scope, encryption = Scope(caller.account, caller.region), self._encryption
        output, security, places = asked.spec.output, asked.spec.security, asked.places
        encryption.check_traffic(Member(places.traffic, security.encrypt_traffic))
        output_key = encryption.output_key(scope, grant, Member(places.output_key, output.key))
        volume_key = encryption.job_volume_key(
            scope, Member(places.volume_key, security.volume_key)
        )
        encryption.check_handed_on(volume_key, grant, self._roles.of_caller(caller))
        return output_key, volume_key

    def _check_number(self, tx: Transaction, scope: Scope) -> None:
        """Check that the account may have one more job.

        raises    LimitExceeded
        """
        unfinished, most = tx.count(AutoMLJob, _UNFINISHED, scope), self._quotas.concurrent_jobs
        if unfinished > most:
            raise LimitExceeded("concurrent AutoML jobs", most, unfinished - 1, 1, "Jobs")
        check_jobs_in_flight(tx, scope, self._quotas.jobs_in_flight)

    def describe(self, scope: Scope, name: str) -> JobView:
        """Return a job with its best candidate.

        raises    JobMissing
        """
        with self._store.snapshot() as tx:
            job = find_job(tx, scope, name)
            best = tx.find(Candidate, scope, job.best_candidate) if job.best_candidate else None
        return JobView(job, best)

    def list(self, scope: Scope, parameters: Mapping[str, Any]) -> Listed[AutoMLJob]:
        """Return a page of the jobs.

        raises    InvalidRequest for a page token that is not this list's
        """
        return self._lists.page(_ALL_JOBS, scope, parameters)

    def candidates(self, scope: Scope, name: str, parameters: Mapping[str, Any]) -> CandidatesView:
        """Newest first; sorted by objective without an order, the best first.

        name      of the job
        raises    JobMissing; InvalidRequest for a page token that is not this list's
        """
        with self._store.snapshot() as tx:
            job = find_job(tx, scope, name)
        best_is_smallest = job.objective is not None and job.objective.is_minimized
        by_score = parameters.get("SortBy") == "FinalObjectiveMetricValue"
        listing = replace(_CANDIDATES, descending=not (by_score and best_is_smallest))
        return CandidatesView(job, self._lists.page(listing, scope, parameters, job.arn))

    def stop(self, scope: Scope, name: str) -> None:
        """Ask a job to end; stopping it twice is the same as once.

        raises    JobMissing; InvalidRequest if the job has ended
        """
        with self._store.transaction() as tx:
            job = find_job(tx, scope, name)
            if job.status.is_final:
                raise InvalidRequest(
                    f"The request was rejected because the AutoML job is in status {job.status}. "
                    "Only a job that is in status InProgress can be stopped."
                )
            if job.status is JobStatus.IN_PROGRESS:
                now = self._clock()
                tx.update(
                    replace(
                        job,
                        status=JobStatus.STOPPING,
                        secondary=SecondaryStatus.STOPPING,
                        modified=now,
                    )
                )
                stopping = Note(NoteCode.STOP_ASKED, {"kind": str(job.kind), "job": job.name})
                tx.log(place_of(job), [line_of(stopping)], now)

    def _check_world(self, scope: Scope, asked: NewJob, grant: Grant) -> SpecificationFile:
        spec = asked.spec
        for channel in spec.data.channels:
            check_input(self._artifacts, scope, grant, channel.source)
        check_output(self._artifacts, scope, grant, spec.output.uri, asked.name)
        return check_specification(self._artifacts, grant, spec.problem, spec.data)

    def _limits(self, asked: RequestedLimits) -> Limits:
        quotas, per_candidate = self._quotas, asked.max_candidate_runtime_s
        runtime = asked.max_runtime_s
        if runtime is None:
            runtime = max(quotas.max_runtime_s, per_candidate or 0)
        most = asked.max_candidates
        return Limits(
            max_candidates=quotas.max_candidates if most is None else most,
            max_runtime_s=runtime,
            max_candidate_runtime_s=per_candidate or runtime,
        )


def find_job(tx: Transaction, scope: Scope, name: str) -> AutoMLJob:
    """Return the job of a name.

    raises    JobMissing
    """
    job = tx.find(AutoMLJob, scope, name)
    if job is None:
        raise JobMissing(name)
    return job


def _objective(problem: Problem) -> MetricName | None:
    """Return the objective, if nothing has to be found in the data to know it."""
    return problem.objective.name_in_records if isinstance(problem, ForecastSpec) else None


def _endpoint_name(job_name: str, deployment: DeploymentSpec | None) -> str:
    """Return the name asked for, or else a generated one; "" if nothing is to be deployed."""
    if deployment is None:
        return ""
    generated = fitted(job_name, fresh_suffix(), _LONGEST_ENDPOINT_NAME)
    return generated if deployment.is_name_generated else deployment.endpoint_name


def _name_taken(scope: Scope, name: str) -> NameTaken:
    return NameTaken(
        "AutoML job names must be unique within an AWS account and region, and an AutoML job with "
        f"this name already exists ({arn(scope, Kind.AUTO_ML_JOB, name)})"
    )
