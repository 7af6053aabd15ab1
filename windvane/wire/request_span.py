"""What a span tells of a request, in the words of OpenTelemetry's semantic conventions. Nothing of its body or its query, where
signatures may stand, and no names of buckets or objects."""

from __future__ import annotations

from windvane.tracing.span import Attribute, OpenSpan, Span, SpanKind
from windvane.tracing.tracer import Tracer
from windvane.wire.call import RequestRecord
from windvane.wire.exchange import Exchange

_SYSTEM = "aws-api"
_OUR_FAULT = 500


def record_request(tracer: Tracer, exchange: Exchange) -> None:
    """Record the span of a request that has been answered, if it has one and its caller is known."""
    caller = exchange.record.caller
    span = None if caller is None else tracer.kept(exchange.span, caller.account)
    if span is not None:
        tracer.record(span_of_request(span, exchange))


def span_of_request(span: OpenSpan, exchange: Exchange) -> Span:
    """Return the span of a request that has been answered.

    source    "HTTP spans" and "RPC spans" of the semantic conventions, version 1.43
    """
    record = exchange.record
    attributes: dict[str, Attribute] = {
        "http.request.method": exchange.request.method,
        "http.response.status_code": record.status,
        "url.scheme": "https" if record.is_secure else "http",
        **attributes_of_call(record),
    }
    operation = getattr(exchange, "operation", None)
    if operation is not None:
        attributes["http.route"] = operation.http.get("requestUri", "/")
    failed = record.status >= _OUR_FAULT
    return span.ended(method_of(record), SpanKind.SERVER, attributes, _error(record, failed))


def span_of_call(span: OpenSpan, record: RequestRecord, *, is_our_fault: bool) -> Span:
    """Return the span of a call that came without HTTP."""
    error = _error(record, is_our_fault)
    return span.ended(method_of(record), SpanKind.INTERNAL, attributes_of_call(record), error)


def attributes_of_call(record: RequestRecord) -> dict[str, Attribute]:
    """Return what there is to tell of an operation, however it was called."""
    attributes: dict[str, Attribute] = {
        "rpc.system.name": _SYSTEM,
        "rpc.method": method_of(record),
        "aws.request_id": record.request_id,
    }
    if record.error_code:
        attributes["rpc.response.status_code"] = record.error_code
        attributes["error.type"] = record.error_code
    return attributes


def method_of(record: RequestRecord) -> str:
    """Return service and operation; `_OTHER` for the operation of a request that names none that is known."""
    return f"{record.service}/{record.operation or '_OTHER'}"


def _error(record: RequestRecord, failed: bool) -> str:
    return (record.error_code or "InternalFailure") if failed else ""
