"""Bodies of AutoML jobs: from version 1, which kept the request in the words of CreateAutoMLJob, to version 2; and to 4."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_Body = dict[str, Any]

_PARQUET = "x-application/vnd.amazon+parquet"
_OF_CHANNELS = ("TargetAttributeName", "SampleWeightAttributeName")
_FEATURES = "FeatureSpecificationS3Uri"
_SAME_IN_V2 = (
    "AutoMLJobName",
    "OutputDataConfig",
    "RoleArn",
    "AutoMLJobObjective",
    "ModelDeployConfig",
    "AutoMLComputeConfig",
)


def with_spec(body: _Body) -> _Body:
    """Version 2: what was asked for in words of our own, and the request as it was sent."""
    left = {name: value for name, value in body.items() if name not in ("request", "by_v2")}
    request, is_v2 = body["request"], body.get("by_v2", False)
    echo = {
        "api": "CreateAutoMLJobV2" if is_v2 else "CreateAutoMLJob",
        "members": _as_sent_to_v2(request) if is_v2 else request,
    }
    return {**left, "spec": _spec(request, is_v2), "echo": echo}


def _spec(request: Mapping[str, Any], is_v2: bool) -> _Body:
    config, output = request.get("AutoMLJobConfig", {}), request["OutputDataConfig"]
    deployment = request.get("ModelDeployConfig")
    return {
        "role": request["RoleArn"],
        "data": {
            "channels": [_channel(one) for one in request["InputDataConfig"]],
            "validation_fraction": config.get("DataSplitConfig", {}).get("ValidationFraction"),
        },
        "problem": _problem(request, config),
        "output": {"uri": output["S3OutputPath"], "key": output.get("KmsKeyId", "")},
        "limits": _limits(config.get("CompletionCriteria", {})),
        "search": _search(request, config, is_v2),
        "security": _security(config.get("SecurityConfig", {})),
        "deployment": None
        if deployment is None
        else {"endpoint_name": deployment.get("EndpointName", "")},
    }


def _channel(channel: Mapping[str, Any]) -> _Body:
    source = channel["DataSource"]["S3DataSource"]
    content_type = "".join(channel.get("ContentType", "").lower().split())
    return {
        "source": {"uri": source["S3Uri"], "is_manifest": source["S3DataType"] == "ManifestFile"},
        "purpose": channel.get("ChannelType", "training"),
        "format": "parquet" if content_type == _PARQUET else "csv",
        "compression": channel.get("CompressionType"),
    }


def _problem(request: Mapping[str, Any], config: Mapping[str, Any]) -> _Body:
    channel = request["InputDataConfig"][0]
    return {
        "kind": "tabular",
        "target": channel["TargetAttributeName"],
        "problem_type": request.get("ProblemType"),
        "objective": request.get("AutoMLJobObjective", {}).get("MetricName"),
        "sample_weight": channel.get("SampleWeightAttributeName"),
        "feature_specification": config.get("CandidateGenerationConfig", {}).get(_FEATURES, ""),
    }


def _limits(criteria: Mapping[str, Any]) -> _Body:
    return {
        "max_candidates": criteria.get("MaxCandidates"),
        "max_runtime_s": criteria.get("MaxAutoMLJobRuntimeInSeconds"),
        "max_candidate_runtime_s": criteria.get("MaxRuntimePerTrainingJobInSeconds"),
    }


def _search(request: Mapping[str, Any], config: Mapping[str, Any], is_v2: bool) -> _Body:
    generation = config.get("CandidateGenerationConfig", {})
    algorithms = (generation.get("AlgorithmsConfig") or [{}])[0].get("AutoMLAlgorithms", ())
    return {
        "mode": config.get("Mode") or ("AUTO" if is_v2 else None),
        "algorithms": list(dict.fromkeys(algorithms)),
        "definitions_only": bool(request.get("GenerateCandidateDefinitionsOnly", False)),
    }


def _security(config: Mapping[str, Any]) -> _Body:
    vpc = config.get("VpcConfig")
    return {
        "volume_key": config.get("VolumeKmsKeyId", ""),
        "encrypt_traffic": bool(config.get("EnableInterContainerTrafficEncryption", False)),
        "vpc": {"subnets": vpc["Subnets"], "security_groups": vpc["SecurityGroupIds"]}
        if vpc
        else None,
    }


def _as_sent_to_v2(request: Mapping[str, Any]) -> _Body:
    """Return the request to CreateAutoMLJobV2 that a request in the words of CreateAutoMLJob was made of."""
    channels, config = request["InputDataConfig"], request.get("AutoMLJobConfig", {})
    generation = dict(config.get("CandidateGenerationConfig", {}))
    features = {_FEATURES: generation.pop(_FEATURES)} if _FEATURES in generation else {}
    has_generation = "CandidateGenerationConfig" in config and (generation or not features)
    tabular = {
        **_some_of(channels[0], _OF_CHANNELS),
        **({"CandidateGenerationConfig": generation} if has_generation else {}),
        **features,
        **_some_of(config, ("CompletionCriteria", "Mode")),
        **_some_of(request, ("ProblemType", "GenerateCandidateDefinitionsOnly")),
    }
    return {
        **_some_of(request, _SAME_IN_V2),
        "AutoMLJobInputDataConfig": [
            {name: value for name, value in channel.items() if name not in _OF_CHANNELS}
            for channel in channels
        ],
        "AutoMLProblemTypeConfig": {"TabularJobConfig": tabular},
        **_some_of(config, ("SecurityConfig", "DataSplitConfig")),
    }


def _some_of(members: Mapping[str, Any], names: tuple[str, ...]) -> _Body:
    return {name: members[name] for name in names if name in members}


def with_analysis_time(body: dict[str, Any]) -> dict[str, Any]:
    """Migrate a body from version 3 to 4: how long the analysis took is not known of what was created before."""
    return {**body, "analysis_s": None}
