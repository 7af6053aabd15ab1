"""Transform jobs that clients create: a model answers every row of objects in S3. Workers do the rest.

They are described, listed and stopped as the steps of candidates are (control/steps.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from windvane.artifacts.base import Artifacts, parse_location
from windvane.control.encryption import Encryption
from windvane.control.identity.creators import creator_text
from windvane.control.inputs import check_input, check_output, data_source
from windvane.control.members import Request, member_at
from windvane.control.quotas import MOST_JOBS, check_details, check_jobs_in_flight
from windvane.control.roles import Action, Grant, Roles
from windvane.control.rules import check
from windvane.control.tags import set_first_tags, without_tags
from windvane.control.transform_rules import CREATE_TRANSFORM_JOB_RULES, TRANSFORMERS_RULES
from windvane.domain.candidate import (
    Candidate,
    CandidateStatus,
    Container,
    Step,
    StepStatus,
    TrainingJob,
    TransformJob,
)
from windvane.domain.deployment import Model
from windvane.domain.images import TRANSFORMERS, algorithm_of
from windvane.domain.resource import Kind
from windvane.domain.task import NewTask, TaskKind
from windvane.errors import DoesNotExist, InvalidRequest, NameTaken
from windvane.names import Scope, arn
from windvane.store.base import Store, Transaction
from windvane.tracing.context import current_header
from windvane.wire.call import Caller

NO_PROCESSING = {"InputFilter": "$", "OutputFilter": "$", "JoinSource": "None"}
"""What Describe says of a job that asked for none."""


class Transforms:
    """The operation CreateTransformJob."""

    def __init__(
        self,
        store: Store,
        artifacts: Artifacts,
        roles: Roles,
        encryption: Encryption,
        clock: Callable[[], datetime],
        most_jobs: int = MOST_JOBS,
    ) -> None:
        """Create transform jobs over a store.

        most_jobs    in flight, of one account
        """
        self._store = store
        self._artifacts = artifacts
        self._roles = roles
        self._encryption = encryption
        self._clock = clock
        self._most_jobs = most_jobs

    def create(self, caller: Caller, request: Request) -> TransformJob:
        """Record a job and its task; nothing is left behind if the job is refused.

        The role is that of the model; what a model without a role may do is what the caller may.

        ModelName may also be a training job that fitted transformers, as it is in the transform jobs of candidates. Whoever
        names one hands its role on.

        raises    InvalidRequest, DoesNotExist, NameTaken; AccessDenied if the caller may not pass the role
        """
        check(CREATE_TRANSFORM_JOB_RULES, request)
        scope = Scope(caller.account, caller.region)
        volume_key = self._encryption.job_volume_key(
            scope, member_at(request, "TransformResources.VolumeKmsKeyId")
        )
        with self._store.snapshot() as tx:
            job, role = self._new(tx, scope, request)
            if tx.find(TransformJob, scope, job.name) is not None:
                raise _name_taken(job)
        grant = self._grant(caller, job, role)
        self._encryption.check_handed_on(volume_key, grant, self._roles.of_caller(caller))
        output_key = self._encryption.output_key(
            scope, grant, member_at(request, "TransformOutput.KmsKeyId")
        )
        creator = creator_text(caller) if role is None else ""
        job = replace(job, output_key=output_key, volume_key=volume_key, creator=creator)
        check_details(job.details)
        self._check_world(scope, request, grant, job)
        with self._store.transaction() as tx:
            if not tx.insert(job):
                raise _name_taken(job)
            check_jobs_in_flight(tx, scope, self._most_jobs)
            set_first_tags(tx, job.arn, request)
            tx.add_tasks(job.arn, [NewTask(TaskKind.STEP, "step")], job.created)
        return job

    def _new(
        self, tx: Transaction, scope: Scope, request: Request
    ) -> tuple[TransformJob, str | None]:
        """Return the job, and the role that it runs as."""
        containers, transformers, role = _means(tx, scope, request["ModelName"])
        if transformers:
            check(TRANSFORMERS_RULES, request)
        now = self._clock()
        job = TransformJob(
            scope=scope,
            name=request["TransformJobName"],
            created=now,
            modified=now,
            details=_details(request),
            containers=containers,
            transformers=transformers,
            role=role or "",
            traceparent=current_header(),
        )
        return job, role

    def _grant(self, caller: Caller, job: TransformJob, role: str | None) -> Grant:
        """Return the rights with which the job reads and writes.

        raises    AccessDenied if the role is that of a training job, and the caller may not pass it: it was handed to that
        job, not to what is done with the result
        """
        if role is None:
            return self._roles.of_caller(caller)
        if job.transformers:
            return self._roles.passed(caller, role)
        return self._roles.assume(Scope(caller.account, caller.region), role)

    def _check_world(self, scope: Scope, request: Request, grant: Grant, job: TransformJob) -> None:
        source = request["TransformInput"]["DataSource"]["S3DataSource"]
        check_input(self._artifacts, scope, grant, data_source(source))
        output = request["TransformOutput"]["S3OutputPath"]
        check_output(self._artifacts, scope, grant, output)
        if not job.output_key:
            self._encryption.check_default_keys(grant, [output])
        for url in (*(one.model_data_url for one in job.containers), job.transformers):
            if url:
                location = parse_location(url)
                grant.require(Action.GET, location.bucket, location.key)


def _details(request: Request) -> dict[str, Any]:
    """Return what Describe repeats of the request."""
    details = {
        name: value for name, value in without_tags(request).items() if name != "TransformJobName"
    }
    return {**details, "DataProcessing": {**NO_PROCESSING, **details.get("DataProcessing", {})}}


def _means(
    tx: Transaction, scope: Scope, name: str
) -> tuple[tuple[Container, ...], str, str | None]:
    """Return the model's containers, or else where the transformers are; and the role.

    raises    DoesNotExist if there is neither; InvalidRequest for transformers that are not there
    """
    model = tx.find(Model, scope, name)
    if model is not None:
        return model.containers, "", model.request.get("ExecutionRoleArn")
    job = tx.find(TrainingJob, scope, name)
    if job is None:
        raise DoesNotExist("model", arn(scope, Kind.MODEL, name))
    if algorithm_of(job.details["AlgorithmSpecification"]["TrainingImage"]) != TRANSFORMERS:
        raise InvalidRequest(
            f'Could not find model "{arn(scope, Kind.MODEL, name)}". There is a training job of this name, which did '
            "not fit transformers: create a model of what it made."
        )
    return (), _transformers(tx, job), job.details["RoleArn"]


def _transformers(tx: Transaction, job: TrainingJob) -> str:
    """Return the artefact of transformers: their own, or that of a candidate which holds them too."""
    if job.status is not StepStatus.COMPLETED:
        raise InvalidRequest(
            f"The training job {job.arn} is in status {job.status}; its transformers can be used once it is Completed."
        )
    artefact: str = job.details.get("ModelArtifacts", {}).get("S3ModelArtifacts", "")
    if not artefact and job.parent:
        step = Step(Kind.TRAINING_JOB, job.name)
        for candidate in tx.children(Candidate, job.parent):
            is_whole = candidate.status is CandidateStatus.COMPLETED and candidate.containers
            if is_whole and step in candidate.steps:
                artefact = candidate.containers[0].model_data_url
    if not artefact:
        raise InvalidRequest(f"The training job {job.arn} has no artefact: it was not kept.")
    return artefact


def _name_taken(job: TransformJob) -> NameTaken:
    return NameTaken(
        "Transform job names must be unique within an AWS account and region, and a transform job with this name "
        f"already exists ({job.arn})"
    )
