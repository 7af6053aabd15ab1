"""AutoML jobs: accept, look up, list, stop. Workers do the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from windvane.artifacts.base import Artifacts
from windvane.control.automl_v2 import V2_RULES, in_v1_words, told_in_v2_words
from windvane.control.deployments import needed_to_deploy
from windvane.control.encryption import Encryption
from windvane.control.inputs import check_input, check_output, check_specification
from windvane.control.lists import Listed, Listing, Lists
from windvane.control.members import Request, first
from windvane.control.networks import NONE_DECLARED, Networks
from windvane.control.quotas import Quotas, check_jobs_in_flight
from windvane.control.roles import Grant, Roles
from windvane.control.rules import CREATE_JOB_RULES, check
from windvane.control.tags import set_first_tags, without_tags
from windvane.domain.candidate import Candidate
from windvane.domain.features import FeatureSpecification
from windvane.domain.job import AutoMLJob, JobStatus, Limits, SecondaryStatus
from windvane.domain.logs import place_of
from windvane.domain.resource import Kind
from windvane.domain.task import NewTask, TaskKind
from windvane.errors import InvalidRequest, LimitExceeded, NameTaken, NotFound
from windvane.names import Scope, arn, fitted, fresh_suffix
from windvane.store.base import OrderBy, Store, Transaction
from windvane.wire.call import Caller

_UNFINISHED = tuple(status for status in JobStatus if not status.is_final)

_ALL_JOBS = Listing("ListAutoMLJobs", AutoMLJob, order=OrderBy.NAME)
_CANDIDATES = Listing("ListCandidatesForAutoMLJob", Candidate)

_LONGEST_ENDPOINT_NAME = 63

_OUTPUT_KEY = "OutputDataConfig.KmsKeyId"
_VOLUME_KEY = "AutoMLJobConfig.SecurityConfig.VolumeKmsKeyId"
_TRAFFIC = "AutoMLJobConfig.SecurityConfig.EnableInterContainerTrafficEncryption"


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
    """What the operations on AutoML jobs mean. Requests are the validated parameters of the operation."""

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
    ) -> None:
        self._store = store
        self._artifacts = artifacts
        self._roles = roles
        self._quotas = quotas
        self._lists = lists
        self._encryption = encryption
        self._clock = clock
        self._rules = (*CREATE_JOB_RULES, networks.rule("AutoMLJobConfig.SecurityConfig"))

    def create(self, caller: Caller, request: Request) -> AutoMLJob:
        """Record a job and its first task; nothing is left behind if the job is refused.

        request   to CreateAutoMLJob
        raises    InvalidRequest, NameTaken, LimitExceeded; AccessDenied if the caller may not pass the role, or make what
                  ModelDeployConfig has the job make
        """
        check(self._rules, request)
        return self._create(caller, request, by_v2=False)

    def create_v2(self, caller: Caller, request: Request) -> AutoMLJob:
        """The same for a request to CreateAutoMLJobV2."""
        translated = in_v1_words(request)
        check((*self._rules, *V2_RULES), translated, told_in_v2_words)
        return self._create(caller, translated, by_v2=True)

    def _create(self, caller: Caller, request: Request, *, by_v2: bool) -> AutoMLJob:
        name, scope = request["AutoMLJobName"], Scope(caller.account, caller.region)
        grant = self._roles.passed(caller, request["RoleArn"])
        with self._store.snapshot() as tx:
            if tx.find(AutoMLJob, scope, name) is not None:
                raise _name_taken(scope, name)
        output_key, volume_key = self._keys(caller, grant, request, by_v2=by_v2)
        features = self._check_world(scope, request, grant)
        if not output_key:
            output = request["OutputDataConfig"]["S3OutputPath"]
            self._encryption.check_default_keys(grant, [output])
        now, limits = self._clock(), self._limits(request)
        job = AutoMLJob(
            scope=scope,
            name=name,
            created=now,
            modified=now,
            request=without_tags(request),
            limits=limits,
            deadline=now + timedelta(seconds=limits.max_runtime_s),
            endpoint_name=_endpoint_name(request),
            by_v2=by_v2,
            output_key=output_key,
            volume_key=volume_key,
        )
        for one in needed_to_deploy(job):
            self._roles.require(caller, one.action, one.resource, one.facts)
        with self._store.transaction() as tx:
            if not tx.insert(job):
                raise _name_taken(scope, name)
            self._check_number(tx, scope)
            set_first_tags(tx, job.arn, request)
            analysis = NewTask(TaskKind.ANALYZE, "analyze", {"features": features.to_json()})
            tx.add_tasks(job.arn, [analysis], now)
        return job

    def _keys(
        self, caller: Caller, grant: Grant, request: Request, *, by_v2: bool
    ) -> tuple[str, str]:
        """ARNs of the keys of output and volume."""
        told = told_in_v2_words if by_v2 else str
        scope, encryption = Scope(caller.account, caller.region), self._encryption
        encryption.check_traffic(request, _TRAFFIC, told)
        output_key = encryption.output_key(scope, grant, request, _OUTPUT_KEY, told)
        volume_key = encryption.volume_key(scope, request, _VOLUME_KEY, told)
        encryption.check_handed_on(volume_key, grant, self._roles.of_caller(caller))
        return output_key, volume_key

    def _check_number(self, tx: Transaction, scope: Scope) -> None:
        """raises    LimitExceeded"""
        unfinished, most = tx.count(AutoMLJob, _UNFINISHED, scope), self._quotas.concurrent_jobs
        if unfinished > most:
            raise LimitExceeded("concurrent AutoML jobs", most, unfinished - 1, 1, "Jobs")
        check_jobs_in_flight(tx, scope, self._quotas.jobs_in_flight)

    def describe(self, scope: Scope, name: str) -> JobView:
        """raises    NotFound; InvalidRequest for a job that CreateAutoMLJobV2 created"""
        view = self.describe_v2(scope, name)
        if view.job.by_v2:
            raise InvalidRequest(
                f"The AutoML job {view.job.name} was created by CreateAutoMLJobV2 and is not described by "
                "DescribeAutoMLJob. Use DescribeAutoMLJobV2."
            )
        return view

    def describe_v2(self, scope: Scope, name: str) -> JobView:
        """A job of either API.

        raises    NotFound
        """
        with self._store.snapshot() as tx:
            job = find_job(tx, scope, name)
            best = tx.find(Candidate, scope, job.best_candidate) if job.best_candidate else None
        return JobView(job, best)

    def list(self, scope: Scope, parameters: Mapping[str, Any]) -> Listed[AutoMLJob]:
        """raises    InvalidRequest for a page token that is not this list's"""
        return self._lists.page(_ALL_JOBS, scope, parameters)

    def candidates(self, scope: Scope, parameters: Mapping[str, Any]) -> CandidatesView:
        """Newest first; sorted by objective without an order, the best first.

        raises    NotFound; InvalidRequest for a page token that is not this list's
        """
        with self._store.snapshot() as tx:
            job = find_job(tx, scope, parameters["AutoMLJobName"])
        best_is_smallest = job.objective is not None and job.objective.is_minimized
        by_score = parameters.get("SortBy") == "FinalObjectiveMetricValue"
        listing = replace(_CANDIDATES, descending=not (by_score and best_is_smallest))
        return CandidatesView(job, self._lists.page(listing, scope, parameters, job.arn))

    def stop(self, scope: Scope, name: str) -> None:
        """Ask a job to end; stopping it twice is the same as once.

        raises    NotFound; InvalidRequest if the job has ended
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
                tx.log(place_of(job), [f"The AutoML job {job.name} was told to stop."], now)

    def _check_world(self, scope: Scope, request: Request, grant: Grant) -> FeatureSpecification:
        for channel in request["InputDataConfig"]:
            check_input(self._artifacts, scope, grant, channel["DataSource"]["S3DataSource"])
        output, name = request["OutputDataConfig"]["S3OutputPath"], request["AutoMLJobName"]
        check_output(self._artifacts, scope, grant, output, name)
        return check_specification(self._artifacts, grant, request)

    def _limits(self, request: Request) -> Limits:
        criteria = first(request, "AutoMLJobConfig.CompletionCriteria") or {}
        per_candidate = criteria.get("MaxRuntimePerTrainingJobInSeconds")
        runtime = criteria.get(
            "MaxAutoMLJobRuntimeInSeconds", max(self._quotas.max_runtime_s, per_candidate or 0)
        )
        return Limits(
            max_candidates=criteria.get("MaxCandidates", self._quotas.max_candidates),
            max_runtime_s=runtime,
            max_candidate_runtime_s=per_candidate or runtime,
        )


def find_job(tx: Transaction, scope: Scope, name: str) -> AutoMLJob:
    """raises    NotFound"""
    job = tx.find(AutoMLJob, scope, name)
    if job is None:
        raise NotFound(f"Amazon SageMaker can't find an AutoML job called {name}.")
    return job


def _endpoint_name(request: Request) -> str:
    """As asked for, else generated; "" if nothing is to be deployed."""
    if "ModelDeployConfig" not in request:
        return ""
    asked_for: str = request["ModelDeployConfig"].get("EndpointName", "")
    return asked_for or fitted(request["AutoMLJobName"], fresh_suffix(), _LONGEST_ENDPOINT_NAME)


def _name_taken(scope: Scope, name: str) -> NameTaken:
    return NameTaken(
        "AutoML job names must be unique within an AWS account and region, and an AutoML job with "
        f"this name already exists ({arn(scope, Kind.AUTO_ML_JOB, name)})"
    )
