"""Endpoints: create, describe, list, update, rescale, delete."""

from __future__ import annotations

from typing import Any

from windvane.api.answers import listed, present, reason
from windvane.api.operation import OperationTable, Services, scope_of
from windvane.domain.deployment import Deployed, Endpoint, EndpointStatus, Serverless
from windvane.wire.call import Call, Result

OPERATIONS = OperationTable("sagemaker")


@OPERATIONS.serves("CreateEndpoint")
def create_endpoint(parts: Services, call: Call) -> Result:
    return {"EndpointArn": parts.endpoints.create(scope_of(call), call.parameters).arn}


@OPERATIONS.serves("DescribeEndpoint")
def describe_endpoint(parts: Services, call: Call) -> Result:
    endpoint = parts.endpoints.describe(scope_of(call), call.parameters["EndpointName"])
    return {
        **_summary(endpoint),
        "EndpointConfigName": endpoint.running_config_name or endpoint.config_name,
        **present(
            ProductionVariants=[
                _running(endpoint, item)
                for item in endpoint.running
                if item.variant.name != endpoint.running_shadow
            ],
            ShadowProductionVariants=[
                _running(endpoint, item)
                for item in endpoint.running
                if item.variant.name == endpoint.running_shadow
            ],
            PendingDeploymentSummary=_pending(endpoint),
            FailureReason=reason(endpoint.failure),
        ),
    }


@OPERATIONS.serves("ListEndpoints")
def list_endpoints(parts: Services, call: Call) -> Result:
    return listed("Endpoints", parts.endpoints.list(scope_of(call), call.parameters), _summary)


@OPERATIONS.serves("UpdateEndpoint")
def update_endpoint(parts: Services, call: Call) -> Result:
    return {"EndpointArn": parts.endpoints.update(scope_of(call), call.parameters).arn}


@OPERATIONS.serves("UpdateEndpointWeightsAndCapacities")
def update_endpoint_weights_and_capacities(parts: Services, call: Call) -> Result:
    return {"EndpointArn": parts.endpoints.rescale(scope_of(call), call.parameters).arn}


@OPERATIONS.serves("DeleteEndpoint")
def delete_endpoint(parts: Services, call: Call) -> Result:
    parts.endpoints.delete(scope_of(call), call.parameters["EndpointName"])
    return None


def _summary(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "EndpointStatus": endpoint.status.value,
        "CreationTime": endpoint.created,
        "LastModifiedTime": endpoint.modified,
    }


def _running(endpoint: Endpoint, running: Deployed) -> dict[str, Any]:
    """Return a variant that answers now; desired figures are those of the same variant in what is to run."""
    variant = running.variant
    wanted = {item.variant.name: item.variant for item in endpoint.desired}.get(variant.name)
    return {
        "VariantName": variant.name,
        "DeployedImages": _images(running),
        "CurrentWeight": variant.weight,
        "DesiredWeight": wanted.weight if wanted else 0.0,
        "CurrentInstanceCount": variant.instance_count,
        "DesiredInstanceCount": wanted.instance_count if wanted else 0,
        **present(
            CurrentServerlessConfig=serverless_config(variant.serverless),
            DesiredServerlessConfig=serverless_config(wanted.serverless if wanted else None),
        ),
    }


def _pending(endpoint: Endpoint) -> dict[str, Any] | None:
    """Return the new deployment that is on its way, while it is."""
    is_coming = endpoint.status in (EndpointStatus.CREATING, EndpointStatus.UPDATING)
    if not is_coming or endpoint.is_rescaling:
        return None
    return {
        "EndpointConfigName": endpoint.config_name,
        "ProductionVariants": [
            _wanted(item)
            for item in endpoint.desired
            if item.variant.name != endpoint.desired_shadow
        ],
        **present(
            ShadowProductionVariants=[
                _wanted(item)
                for item in endpoint.desired
                if item.variant.name == endpoint.desired_shadow
            ]
        ),
    }


def _wanted(item: Deployed) -> dict[str, Any]:
    """Return a variant that is on its way."""
    return {
        "VariantName": item.variant.name,
        "DeployedImages": _images(item),
        "DesiredWeight": item.variant.weight,
        "DesiredInstanceCount": item.variant.instance_count,
        **present(
            InstanceType=item.variant.instance_type,
            DesiredServerlessConfig=serverless_config(item.variant.serverless),
        ),
    }


def serverless_config(serverless: Serverless | None) -> dict[str, int] | None:
    if serverless is None:
        return None
    return {
        "MemorySizeInMB": serverless.memory_mb,
        "MaxConcurrency": serverless.max_concurrency,
        **({"ProvisionedConcurrency": serverless.provisioned} if serverless.provisioned else {}),
    }


def _images(deployed: Deployed) -> list[dict[str, str]]:
    return [{"SpecifiedImage": container.image} for container in deployed.containers]
