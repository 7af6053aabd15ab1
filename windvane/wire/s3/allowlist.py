"""What passes to and from a store that belongs to somebody else: parameters and headers of S3's model, and no others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from urllib.parse import quote, unquote

from windvane.wire.s3.answers import Answered
from windvane.wire.s3.model import Resolved, operation_model
from windvane.wire.s3.reading import header_names, query_names
from windvane.wire.s3.refusals import refused

_BODY_HEADERS = frozenset({"content-length", "content-type", "content-md5"})
_UNPACKS = "snowball"
"""In names such as x-amz-meta-snowball-auto-extract and x-amz-meta-minio-snowball-prefix."""

_CONTENT = frozenset(
    {
        *("content-type", "content-length", "content-range", "content-encoding", "etag"),
        *("content-language", "content-disposition", "cache-control", "expires"),
        *("last-modified", "accept-ranges", "retry-after", "allow", "x-amz-bucket-region"),
        *("x-amz-delete-marker", "x-amz-version-id", "x-amz-tagging-count", "location"),
    }
)
"""Headers of answers that pass, beside those of the operation's output."""


def passing(operation: str, headers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the headers of a request that its operation reads.

    raises    S3Refusal for metadata by which some stores unpack an archive over a whole bucket, with the server's rights
    """
    names = header_names(operation_model(operation)) | _BODY_HEADERS
    for name, value in headers.items():
        if name.startswith("x-amz-meta-") and _UNPACKS in name:
            raise refused("NotImplemented", f"{name[:64]} is not passed on.")
        if name in names or name.startswith("x-amz-meta-"):
            yield name, value


def query_of(resolved: Resolved) -> str:
    """Return the query of a request without what its operation does not read.

    raises    S3Refusal for a prefix that leads out of the folder that a policy allows to list
    """
    refuse_dots(resolved.query.get("prefix", "").rpartition("/")[0])
    model = operation_model(resolved.operation)
    literals = model.http["requestUri"].partition("?")[2]
    names = query_names(model) | {part.partition("=")[0] for part in literals.split("&")}
    return "&".join(
        f"{quote(name, safe='')}={quote(value, safe='')}" if value else quote(name, safe="")
        for name, value in resolved.query.items()
        if name in names
    )


def allowed(operation: str, answer: Answered) -> Answered:
    """Return an answer with the headers that the model, or HTTP, gives it."""
    names = _output_headers(operation) | _CONTENT
    headers = [
        (name, value)
        for name, value in answer.headers
        if (lower := name.decode("latin-1").lower()) in names or lower.startswith("x-amz-meta-")
    ]
    return Answered(answer.status, headers, answer.chunks)


def refuse_dots(path: str) -> None:
    """Refuse a path that a store which resolves dots would follow out of the bucket; raises S3Refusal."""
    if any(part in (".", "..") for part in unquote(path, errors="replace").split("/")):
        raise refused("InvalidURI", "A key with '.' or '..' between slashes is not read.")


@cache
def _output_headers(operation: str) -> frozenset[str]:
    shape = operation_model(operation).output_shape
    return frozenset(
        member.serialization["name"].lower()
        for member in (shape.members.values() if shape is not None else ())
        if member.serialization.get("location") == "header"
    )
