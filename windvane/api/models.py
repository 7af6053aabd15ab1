"""Models: create, describe, list, delete."""

from __future__ import annotations

from typing import Any

from windvane.api.answers import echoed, listed
from windvane.api.operation import OperationTable, Services, scope_of
from windvane.domain.deployment import Model
from windvane.wire.call import Call, Result

OPERATIONS = OperationTable("sagemaker")


@OPERATIONS.serves("CreateModel")
def create_model(parts: Services, call: Call) -> Result:
    return {"ModelArn": parts.models.create(call.caller, call.parameters).arn}


@OPERATIONS.serves("DescribeModel")
def describe_model(parts: Services, call: Call) -> Result:
    model = parts.models.describe(scope_of(call), call.parameters["ModelName"])
    return {
        **_summary(model),
        "EnableNetworkIsolation": False,
        **echoed(
            model.request,
            "EnableNetworkIsolation",
            "VpcConfig",
            "PrimaryContainer",
            "Containers",
            "InferenceExecutionConfig",
            "ExecutionRoleArn",
        ),
    }


@OPERATIONS.serves("ListModels")
def list_models(parts: Services, call: Call) -> Result:
    return listed("Models", parts.models.list(scope_of(call), call.parameters), _summary)


@OPERATIONS.serves("DeleteModel")
def delete_model(parts: Services, call: Call) -> Result:
    parts.models.delete(scope_of(call), call.parameters["ModelName"])
    return None


def _summary(model: Model) -> dict[str, Any]:
    return {"ModelName": model.name, "ModelArn": model.arn, "CreationTime": model.created}
