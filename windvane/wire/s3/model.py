"""Which S3 operation a request asks for, by botocore's model of S3.

An operation is told by method, by whether the path names a bucket and a key, by the sub-resource of its requestUri
(`?uploads`, `?list-type=2`) and by what it requires in query and headers (`uploadId`, `x-amz-copy-source`).

source    https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from urllib.parse import parse_qsl, unquote_to_bytes

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

from windvane.wire.call import Request
from windvane.wire.s3.refusals import refused

POST_OBJECT = "PostObject"
"""An upload by an HTML form: the one operation that the model lacks."""

_REPLACED = frozenset(
    {
        *("GetBucketLifecycle", "PutBucketLifecycle", "GetBucketNotification"),
        *("PutBucketNotification", "ListDirectoryBuckets", "WriteGetObjectResponse"),
    }
)
"""The same requests as other operations in the model, or requests to another host."""


@dataclass(frozen=True)
class Operation:
    """An operation as requests show it.

    level      "service", "bucket" or "key"
    literals   what the query has to hold: names with the value they need ("" for any)
    required   names in the query without which it is another operation
    headers    the same in the head
    """

    name: str
    method: str
    level: str
    literals: Mapping[str, str]
    required: frozenset[str]
    headers: frozenset[str]

    @property
    def weight(self) -> int:
        return len(self.literals) + len(self.required) + len(self.headers)

    def fits(self, query: Mapping[str, str], headers: frozenset[str]) -> bool:
        return (
            self.required <= query.keys()
            and self.headers <= headers
            and all(
                name in query and value in ("", query[name])
                for name, value in self.literals.items()
            )
        )


@dataclass(frozen=True)
class Resolved:
    """The operation and resource of a request.

    operation   its name in the model, or POST_OBJECT
    bucket      "" for the service itself
    key         "" for a bucket
    query       decoded, without what a signature brought there
    """

    operation: str
    bucket: str
    key: str
    query: Mapping[str, str]


@cache
def s3_model() -> ServiceModel:
    loader = Loader(
        extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False
    )
    return ServiceModel(loader.load_service_model("s3", "service-2"), "s3")


@cache
def operation_model(name: str) -> OperationModel:
    return s3_model().operation_model(name)


def resolve(request: Request) -> Resolved:
    """Find the operation of a request.

    raises    S3Refusal for a path or query that cannot be read, and for a method that no operation has there
    """
    bucket, key = target(request.path)
    query = read_query(request.query)
    level = "key" if key else "bucket" if bucket else "service"
    headers = frozenset(name for name, value in request.headers if value.strip())
    found = _find(request.method, level, query, headers)
    if found is None:
        if request.method == "POST" and level == "bucket" and not query:
            return Resolved(POST_OBJECT, bucket, "", query)
        if request.method == "OPTIONS":
            raise refused("AccessForbidden")
        raise refused("MethodNotAllowed")
    return Resolved(found.name, bucket, key, query)


def target(path: str) -> tuple[str, str]:
    """Return the bucket and the key that a path names, both decoded; what follows the bucket's slash is the key as it is.

    raises    S3Refusal if they are no UTF-8, there is a key without a bucket, or a bucket with an encoded slash, which a
              store behind us may read as bucket and key
    """
    bucket, _, key = path.removeprefix("/").partition("/")
    if key and not bucket:
        raise refused("InvalidBucketName")
    try:
        decoded = unquote_to_bytes(bucket).decode(), unquote_to_bytes(key).decode()
    except UnicodeDecodeError as error:
        raise refused("InvalidURI") from error
    if "/" in decoded[0]:
        raise refused("InvalidBucketName")
    return decoded


def read_query(query: str) -> dict[str, str]:
    """Return the parameters of a query, what belongs to a signature left out.

    raises    S3Refusal for one that stands twice, or is no UTF-8
    """
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise refused("InvalidURI") from error
    read: dict[str, str] = {}
    for name, value in pairs:
        if is_of_signature(name):
            continue
        if name in read:
            raise refused(
                "InvalidArgument", f"The query parameter '{name[:64]}' stands in the request twice."
            )
        read[name] = value
    return read


def is_of_signature(name: str) -> bool:
    """Return whether a query parameter belongs to a signature (V4 or V2), or tells the operation to people only."""
    return name.lower().startswith("x-amz-") or name in _OF_SIGNATURE


_OF_SIGNATURE = frozenset({"AWSAccessKeyId", "Signature", "Expires", "x-id"})


def _find(
    method: str, level: str, query: Mapping[str, str], headers: frozenset[str]
) -> Operation | None:
    named = query.keys() & _subresources()
    fitting = [
        operation
        for operation in _operations()
        if operation.method == method
        and operation.level == level
        and operation.fits(query, headers)
    ]
    whole = [
        operation
        for operation in fitting
        if named <= operation.literals.keys() | _query_names(operation.name)
    ]
    if not whole and len(named) > 1 and fitting:
        raise refused(
            "InvalidArgument", f"Conflicting query string parameters: {', '.join(sorted(named))}"
        )
    return max(whole, key=lambda operation: operation.weight, default=None)


@cache
def _operations() -> tuple[Operation, ...]:
    model = s3_model()
    return tuple(
        _read_operation(model.operation_model(name))
        for name in model.operation_names
        if name not in _REPLACED
    )


def _read_operation(model: OperationModel) -> Operation:
    path, _, query = model.http["requestUri"].partition("?")
    literals = dict(parse_qsl(query, keep_blank_values=True))
    shape = model.input_shape
    required = {"querystring": set[str](), "header": set[str]()}
    for name in shape.required_members if shape is not None else ():
        member = shape.members[name].serialization
        if member.get("location") in required:
            required[member["location"]].add(member["name"])
    level = "key" if "{Key" in path else "bucket" if "{Bucket" in path else "service"
    return Operation(
        model.name,
        model.http["method"],
        level,
        literals,
        frozenset(required["querystring"]),
        frozenset(name.lower() for name in required["header"] & {"x-amz-copy-source"}),
    )


@cache
def _subresources() -> frozenset[str]:
    """Return names in a query that make a request another operation, wherever they stand."""
    named = {name for operation in _operations() for name in operation.literals}
    return frozenset(named | {"uploadId"}) - {"list-type"}


@cache
def _query_names(operation: str) -> frozenset[str]:
    """Return the parameters of an operation that stand in the query."""
    shape = operation_model(operation).input_shape
    return frozenset(
        member.serialization["name"]
        for member in (shape.members.values() if shape is not None else ())
        if member.serialization.get("location") == "querystring"
    )
