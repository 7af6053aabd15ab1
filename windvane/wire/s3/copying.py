"""CopyObject and UploadPartCopy from a bucket that the S3 store does not hold: read there, written here as a stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from windvane.wire.call import Request
from windvane.wire.s3.actions import read_source, source_text
from windvane.wire.s3.allowlist import allowed, passing, query_of, refuse_dots
from windvane.wire.s3.answers import Answered, identified, send_answered
from windvane.wire.s3.call import S3Call, S3Result
from windvane.wire.s3.embedded import EmbeddedStore, send_result, written_answer
from windvane.wire.s3.exchange import Exchange
from windvane.wire.s3.external import ExternalStore
from windvane.wire.s3.forward import Forwarder, answered
from windvane.wire.s3.model import target
from windvane.wire.s3.refusals import refused

_CONDITIONS = {
    "x-amz-copy-source-range": "range",
    "x-amz-copy-source-if-match": "if-match",
    "x-amz-copy-source-if-none-match": "if-none-match",
    "x-amz-copy-source-if-modified-since": "if-modified-since",
    "x-amz-copy-source-if-unmodified-since": "if-unmodified-since",
}
_OF_THE_BODY = frozenset(
    {
        *("content-length", "content-md5", "transfer-encoding", "content-encoding", "content-type"),
        *("x-amz-content-sha256", "x-amz-decoded-content-length", "x-amz-trailer"),
        *("x-amz-metadata-directive", "x-amz-tagging-directive", "x-amz-expected-bucket-owner"),
        "x-amz-sdk-checksum-algorithm",
    }
)
_OF_TYPE = {"content-type": "ContentType", "content-encoding": "ContentEncoding"}
_OF_COPIES = frozenset({"MetadataDirective", "TaggingDirective", "ExpectedSourceBucketOwner"})
_UPLOAD = {"CopyObject": "PutObject", "UploadPartCopy": "UploadPart"}
_READ = (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT)


@dataclass(frozen=True)
class CopySource:
    """The object that x-amz-copy-source names.

    path        percent-encoded, with the bucket
    conditions  headers of the read
    """

    path: str
    query: str
    conditions: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, head: Request) -> CopySource | None:
        headers = dict(head.headers)
        if not (named := headers.get("x-amz-copy-source", "")):
            return None
        path, _, query = source_text(*read_source(named)).partition("?")
        conditions = [(_CONDITIONS[n], v) for n, v in head.headers if n in _CONDITIONS]
        return cls(path, query, tuple(conditions))

    @property
    def bucket(self) -> str:
        return target(self.path)[0]

    def read_head(self) -> Request:
        return Request("GET", self.path, self.query, self.conditions, b"")


async def copy_into(
    store: EmbeddedStore | ExternalStore,
    forwarder: Forwarder,
    exchange: Exchange,
    call: S3Call,
    found: Answered,
) -> None:
    """Write what was read to the store, and answer.

    found    the answer to the read; one that is no object is passed on
    raises   S3Refusal, and whatever the store raises
    """
    if found.status not in _READ or found.chunks is None:
        headers = [*found.headers, *identified(exchange.record)]
        await send_answered(Answered(found.status, headers, found.chunks), exchange.send)
        return
    of_source = {name.decode().lower(): value.decode("latin-1") for name, value in found.headers}
    if "content-length" not in of_source:
        raise refused("NotImplemented", "The source of the copy does not tell its length.")
    if isinstance(store, EmbeddedStore):
        upload = replace(
            call,
            operation=_UPLOAD[call.operation],
            parameters=_upload_parameters(call.parameters, of_source),
        )
        written = await store.copy_in(upload, found.chunks, int(of_source["content-length"]))
        copied = _copied(call.operation, written.members)
        answer_written = written_answer(call.operation, copied)
        await send_result(exchange, copied, answer_written, store.in_thread)
        return
    head = _write_head(exchange, of_source)
    async with forwarder.send(store.upstream, head, found.chunks) as answer:
        if answer.status != HTTPStatus.OK:
            passed = allowed(call.operation, answered(answer))
            headers = [*passed.headers, *identified(exchange.record)]
            await send_answered(Answered(passed.status, headers, passed.chunks), exchange.send)
            return
        written_there = {"ETag": answer.headers.get("ETag", "")}
    copied = _copied(call.operation, written_there)
    await send_result(exchange, copied, written_answer(call.operation, copied), _at_once)


async def _at_once(function: Any, *arguments: Any) -> Any:
    return function(*arguments)


def _copied(operation: str, members: Mapping[str, Any]) -> S3Result:
    result = {"ETag": members.get("ETag", ""), "LastModified": datetime.now(UTC)}
    if operation == "UploadPartCopy":
        return S3Result({"CopyPartResult": result})
    return S3Result({"CopyObjectResult": result, "VersionId": members.get("VersionId")})


def _upload_parameters(
    parameters: Mapping[str, Any], of_source: Mapping[str, str]
) -> dict[str, Any]:
    """Return what an upload of the same content would say."""
    kept = {
        name: value
        for name, value in parameters.items()
        if not name.startswith("CopySource") and name not in _OF_COPIES
    }
    if parameters.get("MetadataDirective", "COPY") == "COPY":
        kept |= {name: of_source[n] for n, name in _OF_TYPE.items() if of_source.get(n)}
    return kept


def _write_head(exchange: Exchange, of_source: Mapping[str, str]) -> Request:
    """Return the head of the upload that a copy becomes, of what an upload reads alone; raises S3Refusal."""
    head, asked = exchange.head, exchange.resolved
    refuse_dots(head.path)
    resolved = replace(asked, operation=_UPLOAD[asked.operation])
    replaced = exchange.headers.get("x-amz-metadata-directive", "").upper() == "REPLACE"
    of_type: Mapping[str, str] = exchange.headers if replaced else of_source
    headers = [
        (n, v)
        for n, v in passing(resolved.operation, exchange.headers)
        if (n.startswith("x-amz-") or n in ("if-match", "if-none-match")) and n not in _OF_THE_BODY
    ]
    headers.append(("content-length", of_source["content-length"]))
    headers += [(n, of_type[n]) for n in ("content-type", "content-encoding") if of_type.get(n)]
    return Request("PUT", head.path, query_of(resolved), tuple(headers), b"")
