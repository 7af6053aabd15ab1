"""InvokeEndpoint: asynchronous, because it waits for model processes and for nothing else."""

from __future__ import annotations

from windvane.api.operation import scope_of
from windvane.errors import InvalidRequest
from windvane.serving.router import Router
from windvane.serving.routes import Invocation
from windvane.wire.call import Call, Result
from windvane.wire.edge import AsyncHandler

UNSERVED = {
    "TargetModel": "multi-model endpoints are not served",
    "TargetContainerHostname": "direct invocation of a container is not served",
    "InferenceComponentName": "inference components are not served",
    "EnableExplanations": "online explanations are not served",
    "SessionId": "models keep no sessions",
    "PrefixAwareId": "prefix-aware routing is not served",
}
"""Members that are refused, and why. InferenceId concerns data capture alone, which has no endpoint here."""


def runtime_operations(router: Router) -> dict[tuple[str, str], AsyncHandler]:
    """Return (service, operation) -> handler, as the wire wants it."""

    async def invoke_endpoint(call: Call) -> Result:
        parameters = call.parameters
        for member, why in UNSERVED.items():
            if member in parameters:
                raise InvalidRequest(f"The member '{member}' cannot be honoured: {why}.")
        answer = await router.invoke(
            scope_of(call),
            parameters["EndpointName"],
            Invocation(
                parameters["Body"],
                parameters.get("ContentType", ""),
                parameters.get("Accept", ""),
                parameters.get("TargetVariant", ""),
            ),
        )
        result = {
            "Body": answer.body,
            "ContentType": answer.content_type,
            "InvokedProductionVariant": answer.variant,
        }
        if "CustomAttributes" in parameters:
            result["CustomAttributes"] = parameters["CustomAttributes"]
        return result

    return {("sagemaker-runtime", "InvokeEndpoint"): invoke_endpoint}
