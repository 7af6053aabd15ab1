"""The service models that ship inside botocore, and our own beside this file, as data: which service and operation a
request is for.

Routing: the credential scope of the signature first, then X-Amz-Target, then the path (the runtime and our own
service are signed as `sagemaker`). S3 is what is signed `s3`, and what is unsigned and nobody else's. CloudWatch speaks
three protocols: which one a request is in is told by the same. Paths of the Open Inference Protocol stand for operations of
the runtime and of our own service.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache
from pathlib import Path
from urllib.parse import unquote_to_bytes

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

from windvane.errors import UnknownOperation
from windvane.wire.call import Request
from windvane.wire.open_inference.paths import find, is_below


class Protocol(Enum):
    JSON = "json"
    REST_JSON = "rest-json"
    QUERY = "query"
    CBOR = "smithy-rpc-v2-cbor"
    OPEN_INFERENCE = "open-inference-v2"


@dataclass(frozen=True)
class Service:
    """A service of which operations are served.

    protocol        the one that its newest clients speak, if it has several
    signing_name    the service's name in credential scopes
    """

    name: str
    protocol: Protocol
    signing_name: str
    model: ServiceModel

    def operation(self, name: str) -> OperationModel:
        """Return an operation of the service.

        raises    UnknownOperation if the service model has no operation of this name
        """
        if name not in _operation_names(self.name):
            raise UnknownOperation(f"{name[:128]!r} is no operation of {self.name}.")
        return self.model.operation_model(name)


@dataclass(frozen=True)
class Route:
    """The service and operation that a request is for.

    service     one of SERVICES, OWN, 's3', or the signing name of a service of which nothing is served
    operation   "" when only the body tells (query protocol) and for S3
    labels      the parts of the path that are parameters, still percent-encoded
    protocol    of the request, if its service has several; None if it has one
    """

    service: str
    operation: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    served: bool = True
    protocol: Protocol | None = None


SERVICES = (
    "sagemaker",
    "sagemaker-runtime",
    "sts",
    "iam",
    "logs",
    "kms",
    "cloudtrail",
    "application-autoscaling",
    "cloudwatch",
)
S3 = "s3"
OWN = "windvane"
"""What AWS has no operation for."""

_OWN_MODELS = Path(__file__).with_name("data")
_BY_PATH = ("sagemaker-runtime", OWN)
_JSON_BY_SIGNING_NAME = (
    "sagemaker",
    "logs",
    "kms",
    "cloudtrail",
    "application-autoscaling",
)
_CLOUDWATCH = "cloudwatch"
_CLOUDWATCH_SIGNS_AS = "monitoring"
_CBOR_PATH = re.compile(r"/service/GraniteServiceVersion20100801/operation/(\w{1,128})")
"""source    Smithy's RPC v2 CBOR protocol, with the target prefix of CloudWatch"""

_QUERY_VERSIONS = {"2011-06-15": "sts", "2010-05-08": "iam"}
_LONGEST_NAME = 64
"""Characters of the name of a service: anybody can write any, and it is kept in records."""

_SCOPE_IN_HEADER = re.compile(r"Credential=([^,\s]*)")
_SCOPE_IN_QUERY = re.compile(r"(?:^|&)X-Amz-Credential=([^&]*)")


@cache
def load_service(name: str) -> Service:
    """Return the service called `name`, one of SERVICES, or OWN."""
    loader = Loader(
        extra_search_paths=[Loader.BUILTIN_DATA_PATH, str(_OWN_MODELS)],
        include_default_search_paths=False,
    )
    model = ServiceModel(loader.load_service_model(name, "service-2"), name)
    return Service(name, Protocol(model.metadata["protocol"]), model.signing_name, model)


def service_of(found: Route) -> Service:
    """Return the service that a request is for, speaking the protocol of the request."""
    service = load_service(found.service)
    return service if found.protocol is None else replace(service, protocol=found.protocol)


@cache
def _operation_names(service: str) -> frozenset[str]:
    return frozenset(load_service(service).model.operation_names)


def route(request: Request) -> Route:
    """Return the service and, where the head tells it, the operation that a request is for.

    A request signed for S3 that names an operation in X-Amz-Target is one of S3 Tables: never the object store's.

    raises    UnknownOperation for a target or path that is nobody's
    """
    signed_as = _signed_as(request)
    target = _header(request, "x-amz-target")
    if signed_as == S3:
        return Route("s3tables", served=False) if target else Route(S3)
    if signed_as in ("", "sagemaker") and not target and is_below(request.path):
        return _route_open_inference(request)
    if signed_as in _JSON_BY_SIGNING_NAME:
        if target and request.method == "POST":
            return _route_by_target(target, signed_as)
        return _route_by_path(request) or _nobodys(request, target)
    if signed_as in _QUERY_VERSIONS.values():
        return Route(signed_as)
    if signed_as == _CLOUDWATCH_SIGNS_AS:
        return _route_cloudwatch(request, target)
    if signed_as:
        return Route(signed_as, served=False)
    if target:
        return _route_by_target(target, None)
    return _route_by_cbor_path(request) or _route_by_path(request) or _route_unsigned(request)


def _route_open_inference(request: Request) -> Route:
    """Return what a path of the protocol is for; without an operation, of our own service, if it is for none."""
    protocol, called = Protocol.OPEN_INFERENCE, find(request.method, request.path)
    if called is None:
        return Route(OWN, protocol=protocol)
    return Route(called.service, called.operation, called.labels, protocol=protocol)


def _route_cloudwatch(request: Request, target: str) -> Route:
    if (found := _route_by_cbor_path(request)) is not None:
        return found
    if target:
        return _route_by_target(target, _CLOUDWATCH)
    return Route(_CLOUDWATCH, protocol=Protocol.QUERY)


def _route_by_cbor_path(request: Request) -> Route | None:
    if request.method != "POST" or _header(request, "smithy-protocol") != "rpc-v2-cbor":
        return None
    match = _CBOR_PATH.fullmatch(request.path)
    return None if match is None else Route(_CLOUDWATCH, match[1], protocol=Protocol.CBOR)


def _route_by_target(target: str, signed_as: str | None) -> Route:
    prefix, _, operation = target.rpartition(".")
    for name in (*_JSON_BY_SIGNING_NAME, _CLOUDWATCH) if operation else ():
        service = load_service(name)
        if service.model.metadata["targetPrefix"] == prefix and signed_as in (None, name):
            has_several = service.protocol is not Protocol.JSON
            return Route(name, operation, protocol=Protocol.JSON if has_several else None)
    raise UnknownOperation(
        f"X-Amz-Target {target[:200]!r} is no operation of a service served here."
    )


def _route_by_path(request: Request) -> Route | None:
    for service, method, pattern, operation in _paths():
        if method == request.method and (match := pattern.fullmatch(request.path)):
            return Route(service, operation, tuple(match.groupdict().items()))
    return None


def _route_unsigned(request: Request) -> Route:
    content_type = _header(request, "content-type")
    if request.path == "/" and content_type.startswith("application/x-www-form-urlencoded"):
        return Route("sts")
    if request.path == "/" and content_type.startswith("application/x-amz-json"):
        return Route("sagemaker")
    return Route(S3)


def _nobodys(request: Request, target: str) -> Route:
    why = (
        "an operation that X-Amz-Target names is sent by POST."
        if target
        else "there is no X-Amz-Target header and the path is none of the runtime's, nor of our own."
    )
    raise UnknownOperation(f"{request.method[:16]} {request.path[:200]} names no operation: {why}")


@cache
def _paths() -> tuple[tuple[str, str, re.Pattern[str], str], ...]:
    """Service, method, path and operation."""
    return tuple(
        (service, http["method"], path_pattern(http["requestUri"]), name)
        for service in _BY_PATH
        for model in (load_service(service).model,)
        for name in model.operation_names
        for http in (model.operation_model(name).http,)
    )


def path_pattern(request_uri: str) -> re.Pattern[str]:
    """Return the pattern of a requestUri of a service model: `{Name}` is one part of the path, `{Name+}` as many as
    there are."""
    parts = re.split(r"\{(\w+)(\+?)\}", request_uri.partition("?")[0])
    pattern = re.escape(parts[0])
    for name, greedy, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        pattern += f"(?P<{name}>{'.+' if greedy else '[^/]+'}){re.escape(text)}"
    return re.compile(pattern)


def _signed_as(request: Request) -> str:
    authorization = _header(request, "authorization")
    if authorization:
        match = _SCOPE_IN_HEADER.search(authorization)
    else:
        match = _SCOPE_IN_QUERY.search(request.query)
    if match is None:
        return ""
    parts = unquote_to_bytes(match[1]).decode("latin-1").rsplit("/", 4)
    return parts[3][:_LONGEST_NAME] if len(parts) == 5 else ""


def _header(request: Request, name: str) -> str:
    return request.first.get(name, "")
