"""A request to create an AutoML job, checked and translated: this is where AWS's words for it end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windvane.api.automl_request.data_rules import (
    FRACTION,
    PARQUET,
    SPECIFICATION,
    content_type,
    kind_of,
)
from windvane.api.automl_request.forecast_algorithms import models_of
from windvane.api.automl_request.forecast_rules import FORECAST_RULES
from windvane.api.automl_request.forecast_spec import forecast_problem
from windvane.api.automl_request.rules import ANY_PROBLEM_RULES, CREATE_JOB_RULES
from windvane.api.automl_request.text_problem import TEXT_RULES, text_problem
from windvane.api.automl_request.v2 import (
    COMPUTE_RULE,
    FORECAST,
    TEXT,
    V2_RULES,
    in_v1_words,
    problem_of,
)
from windvane.control.jobs import NewJob, Places
from windvane.control.members import Request, first
from windvane.control.networks import Networks
from windvane.control.rules import check
from windvane.control.tags import first_tags, without_tags
from windvane.domain.datasource import Compression, DataSource, TableFormat
from windvane.domain.job import ApiVersion, Echo
from windvane.domain.jobspec import (
    Channel,
    DataSpec,
    DeploymentSpec,
    JobSpec,
    OutputSpec,
    Problem,
    Purpose,
    RequestedLimits,
    SearchSpec,
    SecuritySpec,
    TabularProblem,
    Vpc,
)
from windvane.domain.problem import MetricName, Mode, ProblemType

_CONFIG = "AutoMLJobConfig"
_SECURITY = f"{_CONFIG}.SecurityConfig"

_PLACES = {
    ApiVersion.V1: Places(
        output_key="outputDataConfig.kmsKeyId",
        volume_key="autoMLJobConfig.securityConfig.volumeKmsKeyId",
        traffic="autoMLJobConfig.securityConfig.enableInterContainerTrafficEncryption",
    ),
    ApiVersion.V2: Places(
        output_key="outputDataConfig.kmsKeyId",
        volume_key="securityConfig.volumeKmsKeyId",
        traffic="securityConfig.enableInterContainerTrafficEncryption",
    ),
}


def new_job(request: Request, networks: Networks) -> NewJob:
    """Check and translate a request to CreateAutoMLJob.

    raises    InvalidRequest with every fault of the request itself
    """
    check((*CREATE_JOB_RULES, networks.rule(_SECURITY)), request)
    return _new_job(request, job_spec(request), ApiVersion.V1)


def new_job_v2(request: Request, networks: Networks) -> NewJob:
    """Check and translate a request to CreateAutoMLJobV2.

    raises    InvalidRequest with every fault of the request itself, in the words of V2
    """
    translated, in_network = in_v1_words(request), networks.rule(_SECURITY)
    if problem_of(request) == FORECAST:
        check((*ANY_PROBLEM_RULES, in_network, COMPUTE_RULE, *FORECAST_RULES), translated)
        return _new_job(request, _forecast_spec(translated), ApiVersion.V2)
    if problem_of(request) == TEXT:
        check((*ANY_PROBLEM_RULES, in_network, COMPUTE_RULE, *TEXT_RULES), translated)
        spec = _spec(translated, text_problem(translated), SearchSpec(mode=Mode.AUTO))
        return _new_job(request, spec, ApiVersion.V2)
    check((*CREATE_JOB_RULES, in_network, *V2_RULES), translated)
    return _new_job(request, job_spec(translated, default_mode=Mode.AUTO), ApiVersion.V2)


def _new_job(request: Request, spec: JobSpec, api: ApiVersion) -> NewJob:
    return NewJob(
        name=request["AutoMLJobName"],
        spec=spec,
        echo=Echo(api, without_tags(request)),
        tags=first_tags(request),
        places=_PLACES[api],
    )


def job_spec(request: Request, default_mode: Mode | None = None) -> JobSpec:
    """Translate a request in the words of CreateAutoMLJob that fulfils the rules.

    default_mode    of a request that names none
    """
    return _spec(request, _problem(request), _search(request, default_mode))


def _forecast_spec(request: Request) -> JobSpec:
    """Translate a request for a forecasting job; the algorithms of its search are models of this server."""
    algorithms = models_of(_search(request, None).algorithms)
    return _spec(request, forecast_problem(request), SearchSpec(algorithms=algorithms))


def _spec(request: Request, problem: Problem, search: SearchSpec) -> JobSpec:
    return JobSpec(
        role=request["RoleArn"],
        data=DataSpec(
            channels=tuple(_channel(one) for one in request["InputDataConfig"]),
            validation_fraction=first(request, FRACTION),
        ),
        problem=problem,
        output=OutputSpec(
            uri=request["OutputDataConfig"]["S3OutputPath"],
            key=first(request, "OutputDataConfig.KmsKeyId") or "",
        ),
        limits=_limits(first(request, f"{_CONFIG}.CompletionCriteria") or {}),
        search=search,
        security=_security(first(request, _SECURITY) or {}),
        deployment=_deployment(request),
    )


def _channel(channel: Mapping[str, Any]) -> Channel:
    source = channel["DataSource"]["S3DataSource"]
    is_parquet = content_type(channel.get("ContentType", "")) == PARQUET
    compression = channel.get("CompressionType")
    return Channel(
        source=DataSource(source["S3Uri"], source["S3DataType"] == "ManifestFile"),
        purpose=Purpose(kind_of(channel)),
        format=TableFormat.PARQUET if is_parquet else TableFormat.CSV,
        compression=None if compression is None else Compression(compression),
    )


def _problem(request: Request) -> TabularProblem:
    """What two channels say of the problem is the same."""
    channel = request["InputDataConfig"][0]
    problem_type = request.get("ProblemType")
    objective = first(request, "AutoMLJobObjective.MetricName")
    return TabularProblem(
        target=channel["TargetAttributeName"],
        problem_type=None if problem_type is None else ProblemType(problem_type),
        objective=None if objective is None else MetricName(objective),
        sample_weight=channel.get("SampleWeightAttributeName"),
        feature_specification=first(request, SPECIFICATION) or "",
    )


def _limits(criteria: Mapping[str, Any]) -> RequestedLimits:
    return RequestedLimits(
        max_candidates=criteria.get("MaxCandidates"),
        max_runtime_s=criteria.get("MaxAutoMLJobRuntimeInSeconds"),
        max_candidate_runtime_s=criteria.get("MaxRuntimePerTrainingJobInSeconds"),
    )


def _search(request: Request, default_mode: Mode | None) -> SearchSpec:
    mode = first(request, f"{_CONFIG}.Mode")
    path = f"{_CONFIG}.CandidateGenerationConfig.AlgorithmsConfig.*.AutoMLAlgorithms"
    return SearchSpec(
        mode=Mode(mode) if mode else default_mode,
        algorithms=tuple(dict.fromkeys(first(request, path) or ())),
        definitions_only=bool(request.get("GenerateCandidateDefinitionsOnly", False)),
    )


def _security(config: Mapping[str, Any]) -> SecuritySpec:
    vpc = config.get("VpcConfig")
    return SecuritySpec(
        volume_key=config.get("VolumeKmsKeyId", ""),
        encrypt_traffic=bool(config.get("EnableInterContainerTrafficEncryption", False)),
        vpc=_vpc(vpc) if vpc else None,
    )


def _vpc(config: Mapping[str, Any]) -> Vpc:
    return Vpc(subnets=tuple(config["Subnets"]), security_groups=tuple(config["SecurityGroupIds"]))


def _deployment(request: Request) -> DeploymentSpec | None:
    config = request.get("ModelDeployConfig")
    if config is None:
        return None
    return DeploymentSpec(endpoint_name=config.get("EndpointName", ""))
