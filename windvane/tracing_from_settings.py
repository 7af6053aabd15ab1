"""What Settings say of traces: which requests are traced, and where they are sent to."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from windvane.settings import BadSettings, TracingSettings
from windvane.tracing.tracer import Tracer

if TYPE_CHECKING:
    from windvane.tracing.export import SpanExport

_SWITCH = "OTEL_SDK_DISABLED"


@dataclass(frozen=True)
class Tracing:
    """The traces of a server that has some: what begins them, and what sends them."""

    tracer: Tracer
    export: SpanExport


def is_traced(settings: TracingSettings) -> bool:
    """Return whether there are traces: if the settings say so, and the environment does not forbid it."""
    return settings.enabled and os.environ.get(_SWITCH, "").strip().lower() != "true"


def tracing_of(settings: TracingSettings, account: str) -> Tracing | None:
    """Return what traces requests; None if nothing is to be traced.

    account    of the server, which is trusted
    raises    BadSettings if the extra is not installed
    """
    if not is_traced(settings):
        return None
    try:
        from windvane.tracing.export import SpanExport, otlp_exporter
    except ModuleNotFoundError as error:
        raise BadSettings(
            f"[tracing] enabled = true needs OpenTelemetry, which is not installed ({error}): pip install 'windvane[otel]'."
        ) from error
    export = SpanExport(otlp_exporter(settings.endpoint))
    trusted = {account, *settings.trusted_accounts}
    return Tracing(Tracer(export.record, settings.sample_ratio, trusted), export)
