"""Endpoint configurations: create, describe, list, delete."""

from __future__ import annotations

from typing import Any

from windvane.api.answers import echoed, listed, present
from windvane.api.endpoints import serverless_config
from windvane.api.operation import OperationTable, Services, scope_of
from windvane.domain.deployment import EndpointConfig, Variant
from windvane.wire.call import Call, Result

OPERATIONS = OperationTable("sagemaker")


@OPERATIONS.serves("CreateEndpointConfig")
def create_endpoint_config(parts: Services, call: Call) -> Result:
    config = parts.endpoint_configs.create(scope_of(call), call.parameters)
    return {"EndpointConfigArn": config.arn}


@OPERATIONS.serves("DescribeEndpointConfig")
def describe_endpoint_config(parts: Services, call: Call) -> Result:
    config = parts.endpoint_configs.describe(scope_of(call), call.parameters["EndpointConfigName"])
    return {
        **_summary(config),
        "ProductionVariants": [
            _variant(one) for one in config.variants if one.name != config.shadow
        ],
        "EnableNetworkIsolation": False,
        **present(
            ShadowProductionVariants=[
                _variant(one) for one in config.variants if one.name == config.shadow
            ]
        ),
        **echoed(config.request, "KmsKeyId"),
    }


@OPERATIONS.serves("ListEndpointConfigs")
def list_endpoint_configs(parts: Services, call: Call) -> Result:
    page = parts.endpoint_configs.list(scope_of(call), call.parameters)
    return listed("EndpointConfigs", page, _summary)


@OPERATIONS.serves("DeleteEndpointConfig")
def delete_endpoint_config(parts: Services, call: Call) -> Result:
    parts.endpoint_configs.delete(scope_of(call), call.parameters["EndpointConfigName"])
    return None


def _summary(config: EndpointConfig) -> dict[str, Any]:
    return {
        "EndpointConfigName": config.name,
        "EndpointConfigArn": config.arn,
        "CreationTime": config.created,
    }


def _variant(variant: Variant) -> dict[str, Any]:
    return {
        "VariantName": variant.name,
        "ModelName": variant.model_name,
        "InitialVariantWeight": variant.weight,
        **present(
            InitialInstanceCount=variant.instance_count or None,
            InstanceType=variant.instance_type,
            ServerlessConfig=serverless_config(variant.serverless),
        ),
    }
