"""What a caller is told of a model that failed, in AWS's words."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any

from windvane.domain.logs import endpoint_log_group
from windvane.errors import ModelFault
from windvane.jsonsize import count_values
from windvane.process.frames import Frame
from windvane.serving.content_types import MOST_TOLD_BYTES, MOST_TOLD_VALUES, too_large
from windvane.serving.endings import Died, TimedOut, TooLarge
from windvane.serving.routes import Route, VariantRoute


async def answered(
    answer: Awaitable[Frame], route: Route, variant: VariantRoute
) -> tuple[dict[str, Any], bytes]:
    """Return a model's answer.

    raises    ModelFault if there is none
    """
    try:
        return await answer
    except TimedOut as error:
        raise _timed_out(route, variant.primary) from error
    except Died as error:
        raise died(route, variant.primary) from error
    except TooLarge as error:
        told = {"status": 500, "container": variant.primary, "message": too_large()}
        raise refused(route, told) from error


def _log_arn(route: Route) -> str:
    return f"arn:aws:logs:{route.scope.region}:{route.scope.account}:log-group:{endpoint_log_group(route.name)}"


def _see(route: Route) -> str:
    region, account = route.scope.region, route.scope.account
    return (
        f"See https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
        f"#logEventViewer:group={endpoint_log_group(route.name)} in account {account} for more information."
    )


def refused(route: Route, header: Mapping[str, object]) -> ModelFault:
    """Return what a caller is told of a fault that a model process answered with."""
    status, message = int(str(header["status"])), str(header["message"])
    side = "client" if status < 500 else "server"
    sentence = (
        f"Received {side} error ({status}) from {header['container']} "
        f'with message "{message}". {_see(route)}'
    )
    return ModelFault(sentence, status=status, message=message, log_group=_log_arn(route))


def check_description(route: Route, variant: VariantRoute, body: bytes) -> None:
    """Check the length of what a model tells of itself.

    raises    ModelFault if a model tells more of itself than the server reads
    """
    message = ""
    if len(body) > MOST_TOLD_BYTES:
        message = f"The model tells {len(body)} bytes of itself; {MOST_TOLD_BYTES} are the most that are read."
    elif (n_values := count_values(body)) > MOST_TOLD_VALUES:
        message = f"The model tells {n_values} values of itself; {MOST_TOLD_VALUES} are the most that are read."
    if message:
        raise refused(route, {"status": 500, "container": variant.primary, "message": message})


def _timed_out(route: Route, container: str) -> ModelFault:
    message = (
        f"Your invocation timed out while waiting for a response from container {container}. Review the "
        "latency metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
    )
    sentence = f'Received server error (0) from {container} with message "{message}". {_see(route)}'
    return ModelFault(sentence, status=0, message=message, log_group=_log_arn(route))


def check_is_up(route: Route, variant: VariantRoute) -> None:
    """Check that the variant has processes that may answer.

    raises    ModelFault if its processes keep ending before they are ready: nobody is to wait for them
    """
    if variant.why_down:
        message = f"{variant.why_down}. It is tried again."
        sentence = f'Received server error (0) from {variant.primary} with message "{message}". {_see(route)}'
        raise ModelFault(sentence, status=0, message=message, log_group=_log_arn(route))


def died(route: Route, container: str) -> ModelFault:
    """Return what a caller is told of a request with which two processes, or the servers that had them, ended."""
    sentence = (
        f"Received server error (500) from {container} and could not load the entire response body. "
        f"{_see(route)}"
    )
    return ModelFault(sentence, status=500, message="", log_group=_log_arn(route))
