"""The span of a request in the process of a model, which tells when it began and ended. Whatever the model did to its process,
nothing else of the span is the process's to say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from windvane.serving.content_types import TIMES, TRACEPARENT
from windvane.serving.routes import Route, VariantRoute
from windvane.tracing.context import current_context
from windvane.tracing.span import Attribute, OpenSpan, Span, SpanKind

_OUR_FAULT = 500


def trace_header(span: OpenSpan | None) -> dict[str, str]:
    """Return what the header of a request tells a model's process of its span; nothing if there is none."""
    return {} if span is None else {TRACEPARENT: span.context.header}


def current_trace_header() -> dict[str, str]:
    """Return what another server is told of the span that is recorded now; nothing outside of one."""
    current = current_context()
    return {} if current is None else {TRACEPARENT: current.header}


def model_span(
    span: OpenSpan, route: Route, variant: VariantRoute, status: int, told: Mapping[str, Any]
) -> Span:
    """Return the span of a request that a model's process had.

    status    HTTP status of the answer
    told      the answer's header; {} if there was none
    """
    attributes: dict[str, Attribute] = {
        "windvane.endpoint": route.name,
        "windvane.variant": variant.name,
        "windvane.model.status_code": status,
    }
    error = "The model failed." if status >= _OUR_FAULT else ""
    whole = span.ended("model process", SpanKind.INTERNAL, attributes, error)
    match told.get(TIMES):
        case [int(began_ns), int(ended_ns)]:
            start_ns = min(max(whole.start_ns, began_ns), whole.end_ns)
            end_ns = max(start_ns, min(ended_ns, whole.end_ns))
            return replace(whole, start_ns=start_ns, end_ns=end_ns)
    return whole
