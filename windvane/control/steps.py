"""Processing, training and transform jobs: those behind the steps of candidates, and those that clients create.
Workers do the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from windvane.artifacts.base import Artifacts
from windvane.control.encryption import Encryption
from windvane.control.inputs import check_input, check_output, data_source
from windvane.control.lists import Listed, Listing, Lists
from windvane.control.members import Request, Unserved, found, member_at
from windvane.control.networks import NONE_DECLARED, Networks
from windvane.control.quotas import MOST_JOBS, check_details, check_jobs_in_flight
from windvane.control.reruns import filled_in
from windvane.control.roles import Grant, Roles
from windvane.control.rules import check, refused
from windvane.control.step_rules import CREATE_PROCESSING_JOB_RULES, CREATE_TRAINING_JOB_RULES
from windvane.control.tags import set_first_tags, without_tags
from windvane.domain.candidate import ProcessingJob, StepStatus, TrainingJob, TransformJob
from windvane.domain.datasource import DataSource
from windvane.domain.logs import line_of, place_of
from windvane.domain.resource import Kind
from windvane.domain.task import NewTask, TaskKind
from windvane.errors import InvalidRequest, NameTaken
from windvane.names import Scope, arn
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note
from windvane.store.base import Store, Transaction
from windvane.tracing.context import current_header
from windvane.wire.call import Caller

J = TypeVar("J", bound=ProcessingJob)

PROCESSING_JOBS = Listing("ListProcessingJobs", ProcessingJob, descending=False)
TRAINING_JOBS = Listing("ListTrainingJobs", TrainingJob, descending=False)
TRANSFORM_JOBS = Listing("ListTransformJobs", TransformJob)

LIST_RULES = (refused(Unserved("WarmPoolStatusEquals"), Unserved("TrainingPlanArnEquals")),)

_A_DAY = {"MaxRuntimeInSeconds": 24 * 3600}
"""source    StoppingCondition in SageMaker's API reference: the default"""

_MISSING = {
    Kind.TRAINING_JOB: "Requested resource not found: training job with name",
    Kind.PROCESSING_JOB: "Could not find requested job with name",
    Kind.TRANSFORM_JOB: "Could not find requested job with name",
}
"""source    the beginnings of messages that Amazon's controllers for Kubernetes look for (sagemaker-controller,
generator.yaml), with the code ValidationException; Airflow's operators and the waiters look for the code"""

_DESCRIBES = {
    Kind.TRAINING_JOB: "sagemaker:DescribeTrainingJob",
    Kind.PROCESSING_JOB: "sagemaker:DescribeProcessingJob",
}
"""Kind of a job -> what is needed to see it."""


class Steps:
    """The operations on step jobs. Requests are the validated parameters of the operation."""

    def __init__(
        self,
        store: Store,
        artifacts: Artifacts,
        roles: Roles,
        lists: Lists,
        encryption: Encryption,
        clock: Callable[[], datetime],
        networks: Networks = NONE_DECLARED,
        most_jobs: int = MOST_JOBS,
    ) -> None:
        """Create and describe step jobs over a store.

        most_jobs    in flight, of one account
        """
        self._store = store
        self._artifacts = artifacts
        self._roles = roles
        self._lists = lists
        self._encryption = encryption
        self._clock = clock
        self._networks = networks
        self._most_jobs = most_jobs

    def create_training_job(self, caller: Caller, request: Request) -> TrainingJob:
        """Record a job and its task; nothing is left behind if the job is refused.

        raises    InvalidRequest, NameTaken; AccessDenied if the caller may not pass the role, or see what it takes over
        """
        grant = self._roles.passed(caller, request["RoleArn"])
        scope = Scope(caller.account, caller.region)
        with self._store.snapshot() as tx:
            request = filled_in(tx, scope, request, partial(self._require_sight, caller))
        check((*CREATE_TRAINING_JOB_RULES, self._networks.rule()), request)
        self._encryption.check_traffic(member_at(request, "EnableInterContainerTrafficEncryption"))
        name, now = request["TrainingJobName"], self._clock()
        job = TrainingJob(
            scope=scope,
            name=name,
            created=now,
            modified=now,
            details=_training_details(request),
            output_key=self._encryption.output_key(
                scope, grant, member_at(request, "OutputDataConfig.KmsKeyId")
            ),
            volume_key=self._encryption.job_volume_key(
                scope, member_at(request, "ResourceConfig.VolumeKmsKeyId")
            ),
            traceparent=current_header(),
        )
        self._check_volume(caller, grant, job)
        place = "InputDataConfig.*.DataSource.S3DataSource"
        sources = [data_source(source) for _, source in found(request, place)]
        outputs = [request["OutputDataConfig"]["S3OutputPath"]]
        return self._create(job, request, grant, sources, outputs)

    def create_processing_job(self, caller: Caller, request: Request) -> ProcessingJob:
        """Return the same."""
        grant = self._roles.passed(caller, request["RoleArn"])
        return self._create_processing_job(caller, request, grant, "")

    def create_report_job(self, caller: Caller, request: Request, reports_on: str) -> ProcessingJob:
        """Return a processing job with the role that the AutoML job was given, handed on by whoever asks for the reports.

        reports_on    ARN of a candidate that gets what the job makes as its reports
        raises        InvalidRequest, NameTaken; AccessDenied if the caller may not pass the role
        """
        grant = self._roles.passed(caller, request["RoleArn"])
        return self._create_processing_job(caller, request, grant, reports_on)

    def _create_processing_job(
        self, caller: Caller, request: Request, grant: Grant, reports_on: str
    ) -> ProcessingJob:
        scope = Scope(caller.account, caller.region)
        check((*CREATE_PROCESSING_JOB_RULES, self._networks.rule("NetworkConfig")), request)
        traffic = "NetworkConfig.EnableInterContainerTrafficEncryption"
        self._encryption.check_traffic(member_at(request, traffic))
        name, now = request["ProcessingJobName"], self._clock()
        details = {"StoppingCondition": _A_DAY, **_details(request, "ProcessingJobName")}
        job = ProcessingJob(
            scope=scope,
            name=name,
            created=now,
            modified=now,
            details=details,
            reports_on=reports_on,
            output_key=self._encryption.output_key(
                scope, grant, member_at(request, "ProcessingOutputConfig.KmsKeyId")
            ),
            volume_key=self._encryption.job_volume_key(
                scope, member_at(request, "ProcessingResources.ClusterConfig.VolumeKmsKeyId")
            ),
            traceparent=current_header(),
        )
        self._check_volume(caller, grant, job)
        sources = [
            data_source(source) for _, source in found(request, "ProcessingInputs.*.S3Input")
        ]
        outputs = [
            uri for _, uri in found(request, "ProcessingOutputConfig.Outputs.*.S3Output.S3Uri")
        ]
        return self._create(job, request, grant, sources, outputs)

    def describe(self, kind: type[J], scope: Scope, name: str) -> J:
        """Return a step job.

        raises    InvalidRequest if there is none, as on AWS, whatever the service model says
        """
        with self._store.snapshot() as tx:
            return _find(tx, kind, scope, name)

    def list(self, listing: Listing[J], scope: Scope, parameters: Mapping[str, Any]) -> Listed[J]:
        """Return a page of step jobs of one kind.

        raises    InvalidRequest for a page token that is not this list's, or a filter that is not served
        """
        check(LIST_RULES, parameters)
        return self._lists.page(listing, scope, parameters)

    def stop(self, kind: type[J], scope: Scope, name: str) -> None:
        """Ask a job to end; stopping it twice is the same as once.

        raises    InvalidRequest if there is none, or it has ended, or is a step of an AutoML job
        """
        with self._store.transaction() as tx:
            job = _find(tx, kind, scope, name)
            if job.status.is_final:
                raise InvalidRequest(
                    f"The request was rejected because the {_words(job)} is in status {job.status}. "
                    "Only a job that is in status InProgress can be stopped."
                )
            if job.parent:
                raise InvalidRequest(
                    f"The {_words(job)} is a step of {job.parent} and cannot be stopped by itself: stop that job."
                )
            now = self._clock()
            tx.update(replace(job, status=StepStatus.STOPPING, modified=now))
            stopping = Note(NoteCode.STOP_ASKED, {"kind": str(job.kind), "job": job.name})
            tx.log(place_of(job), [line_of(stopping)], now)

    def _require_sight(self, caller: Caller, kind: Kind, name: str) -> None:
        """Check that the caller may see the job whose result it uses.

        raises    AccessDenied if the caller may not have the job described
        """
        resource = arn(Scope(caller.account, caller.region), kind, name)
        self._roles.require(caller, _DESCRIBES[kind], resource)

    def _check_volume(self, caller: Caller, grant: Grant, job: ProcessingJob) -> None:
        own = self._roles.of_caller(caller)
        self._encryption.check_handed_on(job.volume_key, grant, own)

    def _create(
        self,
        job: J,
        request: Request,
        grant: Grant,
        sources: Sequence[DataSource],
        outputs: Sequence[str],
    ) -> J:
        check_details(job.details)
        with self._store.snapshot() as tx:
            if tx.find(type(job), job.scope, job.name) is not None:
                raise _name_taken(job)
        for source in sources:
            check_input(self._artifacts, job.scope, grant, source)
        for uri in outputs:
            below = job.name if isinstance(job, TrainingJob) else ""
            check_output(self._artifacts, job.scope, grant, uri, below)
        if not job.output_key:
            self._encryption.check_default_keys(grant, outputs)
        with self._store.transaction() as tx:
            if not tx.insert(job):
                raise _name_taken(job)
            check_jobs_in_flight(tx, job.scope, self._most_jobs)
            set_first_tags(tx, job.arn, request)
            tx.add_tasks(job.arn, [NewTask(TaskKind.STEP, "step")], job.created)
        return job


def _find(tx: Transaction, kind: type[J], scope: Scope, name: str) -> J:
    job = tx.find(kind, scope, name)
    if job is None:
        raise InvalidRequest(f"{_MISSING[kind.kind]}: {name}.")
    return job


def _details(request: Request, name: str) -> dict[str, Any]:
    """Return what Describe repeats of the request."""
    return {member: value for member, value in without_tags(request).items() if member != name}


def _training_details(request: Request) -> dict[str, Any]:
    root = request["OutputDataConfig"]["S3OutputPath"].rstrip("/")
    artefact = f"{root}/{request['TrainingJobName']}/output/model.tar.gz"
    details = {
        "EnableNetworkIsolation": False,
        "EnableInterContainerTrafficEncryption": False,
        "EnableManagedSpotTraining": False,
        **_details(request, "TrainingJobName"),
        **({"ProfilingStatus": "Disabled"} if "ProfilerConfig" in request else {}),
        "ModelArtifacts": {"S3ModelArtifacts": artefact},
    }
    return {**details, "StoppingCondition": {**_A_DAY, **details.get("StoppingCondition", {})}}


def _words(job: ProcessingJob) -> str:
    return str(job.kind).replace("-", " ")


def _name_taken(job: ProcessingJob) -> NameTaken:
    words = _words(job)
    return NameTaken(
        f"{words.capitalize()} names must be unique within an AWS account and region, and a {words} with this name "
        f"already exists ({job.arn})"
    )
