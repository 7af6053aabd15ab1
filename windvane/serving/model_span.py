"""The span of a request in the process of a model, which tells when it began and ended. Whatever the model did to its process,
nothing else of the span is the process's to say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windvane.serving.content_types import TIMES, TRACEPARENT
from windvane.serving.routes import Route, VariantRoute
from windvane.tracing.context import current_header
from windvane.tracing.span import Attribute, OpenSpan, Span, SpanKind, within_times

_OUR_FAULT = 500


def trace_header(span: OpenSpan | None) -> dict[str, str]:
    """Return what the header of a request tells a model's process of its span; nothing if there is none."""
    return {} if span is None else {TRACEPARENT: span.context.header}


def current_trace_header() -> dict[str, str]:
    """Return what another server is told of the span that is recorded now; nothing outside of one."""
    header = current_header()
    return {TRACEPARENT: header} if header else {}


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
    return within_times(whole, told.get(TIMES))
