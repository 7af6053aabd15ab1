"""Sends spans to a collector, by OTLP over HTTP, with OpenTelemetry's SDK. Loaded where traces are exported and nowhere else: it is
an extra, `windvane[otel]`."""

from __future__ import annotations

import threading
from types import MappingProxyType

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import (
    SERVICE_NAME,
    SERVICE_VERSION,
    OTELResourceDetector,
    Resource,
)
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, TraceFlags
from opentelemetry.trace import SpanKind as KindOfSdk
from opentelemetry.trace.status import Status, StatusCode

from windvane.tracing.span import Span, SpanKind
from windvane.version import __version__

_PATH = "/v1/traces"
_CLOSE_S = 1.0
_SERVICE = "windvane"

_KINDS = MappingProxyType(
    {
        SpanKind.INTERNAL: KindOfSdk.INTERNAL,
        SpanKind.SERVER: KindOfSdk.SERVER,
        SpanKind.CONSUMER: KindOfSdk.CONSUMER,
    }
)


def otlp_exporter(endpoint: str) -> SpanExporter:
    """Return what sends spans to a collector.

    endpoint    its URL, to which /v1/traces is added; "" for the one that OTEL_EXPORTER_OTLP_ENDPOINT or
                OTEL_EXPORTER_OTLP_TRACES_ENDPOINT names, or http://localhost:4318
    """
    return OTLPSpanExporter(endpoint=endpoint.rstrip("/") + _PATH if endpoint else None)


class SpanExport:
    """Sends spans in batches, from a thread of its own; before `start` and after `close`, spans are dropped. So they are when
    too many wait (OTEL_BSP_MAX_QUEUE_SIZE)."""

    def __init__(self, exporter: SpanExporter) -> None:
        name = OTELResourceDetector().detect().attributes.get(SERVICE_NAME, _SERVICE)
        self._resource = Resource.create({SERVICE_NAME: name, SERVICE_VERSION: __version__})
        self._scope = InstrumentationScope(_SERVICE, __version__)
        self._exporter = exporter
        self._batches: BatchSpanProcessor | None = None

    def start(self) -> None:
        """Begin to send. To be called once this process is not forked any more: the SDK gives each fork a thread, and only a
        process with a single thread can be confined."""
        self._batches = BatchSpanProcessor(self._exporter)

    def record(self, span: Span) -> None:
        """Take in a span; its turn comes within a few seconds."""
        if self._batches is not None:
            self._batches.on_end(self._of_sdk(span))

    def close(self) -> None:
        """Send what waits, if the collector takes it within a second: a server has ten to end."""
        if self._batches is None:
            return
        batches, self._batches = self._batches, None
        closing = threading.Thread(target=batches.shutdown, daemon=True)
        closing.start()
        closing.join(_CLOSE_S)

    def _of_sdk(self, span: Span) -> ReadableSpan:
        trace_id = int(span.context.trace_id, 16)
        parent = _context(trace_id, span.parent_id) if span.parent_id else None
        status = Status(StatusCode.ERROR, span.error) if span.error else Status(StatusCode.UNSET)
        return ReadableSpan(
            span.name,
            _context(trace_id, span.context.span_id),
            parent,
            self._resource,
            span.attributes,
            kind=_KINDS[span.kind],
            status=status,
            start_time=span.start_ns,
            end_time=span.end_ns,
            instrumentation_scope=self._scope,
        )


def _context(trace_id: int, span_id: str) -> SpanContext:
    return SpanContext(
        trace_id, int(span_id, 16), is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED)
    )
