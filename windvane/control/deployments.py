"""One-click deployment: model, endpoint configuration and endpoint of a job's best candidate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from windvane.control.endpoint_configs import CREATE_CONFIG_RULES, add_endpoint_config
from windvane.control.endpoints import CREATE_ENDPOINT_RULES, add_endpoint
from windvane.control.identity.conditions import Facts
from windvane.control.identity.evaluation import NO_FACTS
from windvane.control.members import Request
from windvane.control.models import CREATE_MODEL_RULES, add_model
from windvane.control.rules import check
from windvane.domain.candidate import Candidate, Container
from windvane.domain.deployment import Endpoint
from windvane.domain.job import AutoMLJob
from windvane.domain.resource import Kind, Resource
from windvane.errors import CallerFault, InvalidRequest
from windvane.names import PROBABILITIES, RESPONSES_TAG, arn, derived_suffix, fitted
from windvane.store.base import Transaction

INSTANCE_TYPE = "ml.m5.xlarge"
VARIANT = "AllTraffic"
_LONGEST_NAME = 63
_OUTPUT, _INPUT = "SAGEMAKER_INFERENCE_OUTPUT", "SAGEMAKER_INFERENCE_INPUT"
_SUPPORTED = "SAGEMAKER_INFERENCE_SUPPORTED"


@dataclass(frozen=True)
class Need:
    """A permission that whoever asks for a deployment needs, as if they asked for its parts one by one."""

    action: str
    resource: str
    facts: Facts


def needed_to_deploy(job: AutoMLJob) -> Iterator[Need]:
    """Yield what the creator of a job must be allowed; nothing for a job that deploys nothing."""
    if not job.endpoint_name:
        return
    name = _name(job)
    config = arn(job.scope, Kind.ENDPOINT_CONFIG, name)
    facts = {"sagemaker:volumekmskey": job.volume_key} if job.volume_key else NO_FACTS
    for action, resource in (
        ("CreateModel", arn(job.scope, Kind.MODEL, name)),
        ("CreateEndpointConfig", config),
        ("CreateEndpoint", arn(job.scope, Kind.ENDPOINT, job.endpoint_name)),
        ("CreateEndpoint", config),
    ):
        yield Need(f"sagemaker:{action}", resource, facts)


def _name(job: AutoMLJob) -> str:
    """Return the name of the model and the endpoint configuration."""
    return fitted(job.name, derived_suffix(job.arn, "deployment"), _LONGEST_NAME)


def deploy_candidate(
    tx: Transaction,
    job: AutoMLJob,
    candidate: Candidate,
    now: datetime,
    *,
    instance_limit: int = 20,
) -> Endpoint:
    """Record a model, an endpoint configuration and an endpoint, one instance each, named after the job
    (the endpoint: `job.endpoint_name`), as if a client had asked for them.

    Its responses are those of the candidate's containers, the label alone, as on AWS; or, if the job has the tag
    `RESPONSES_TAG`, everything that the containers support.

    instance_limit    model processes that the account may have
    raises    InvalidRequest if a name is taken or the quota is used up; nothing is left behind then
    """
    containers: Sequence[Container] = candidate.containers
    if tx.tags(job.arn).get(RESPONSES_TAG) == PROBABILITIES:
        containers = _with_probabilities(containers)
    model, config, endpoint = _requests(job, containers)
    check(CREATE_MODEL_RULES, model)
    check(CREATE_CONFIG_RULES, config)
    check(CREATE_ENDPOINT_RULES, endpoint)
    made: list[Resource] = []
    try:
        made.append(add_model(tx, job.scope, model, now))
        made.append(add_endpoint_config(tx, job.scope, config, now, job.volume_key))
        return add_endpoint(tx, job.scope, endpoint, now, instance_limit)
    except CallerFault as fault:
        for record in made:
            tx.delete(record)
        raise InvalidRequest(str(fault)) from fault


def _with_probabilities(containers: Sequence[Container]) -> list[Container]:
    """Return containers that answer all that each supports; those of a regression stay as they are."""
    made, before = [], ""
    for container in containers:
        environment = dict(container.environment)
        if _INPUT in environment and before:
            environment[_INPUT] = before
        if _OUTPUT in environment:
            before = environment.get(_SUPPORTED, environment[_OUTPUT])
            environment[_OUTPUT] = before
        made.append(replace(container, environment=environment))
    return made


def _requests(job: AutoMLJob, containers: Sequence[Container]) -> tuple[Request, Request, Request]:
    """Return the requests of CreateModel, CreateEndpointConfig and CreateEndpoint."""
    name = _name(job)
    model: dict[str, Any] = {
        "ModelName": name,
        "ExecutionRoleArn": job.spec.role,
        "Containers": [
            {
                "Image": container.image,
                "ModelDataUrl": container.model_data_url,
                "Environment": dict(container.environment),
            }
            for container in containers
        ],
    }
    if vpc := job.spec.security.vpc:
        model["VpcConfig"] = {
            "SecurityGroupIds": list(vpc.security_groups),
            "Subnets": list(vpc.subnets),
        }
    config: dict[str, Any] = {
        "EndpointConfigName": name,
        "ProductionVariants": [
            {
                "VariantName": VARIANT,
                "ModelName": name,
                "InitialInstanceCount": 1,
                "InstanceType": INSTANCE_TYPE,
                "InitialVariantWeight": 1.0,
            }
        ],
    }
    if job.volume_key:
        config["KmsKeyId"] = job.volume_key
    return model, config, {"EndpointName": job.endpoint_name, "EndpointConfigName": name}
