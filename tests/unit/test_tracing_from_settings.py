import sys

import pytest

from windvane.settings import BadSettings, TracingSettings
from windvane.tracing_from_settings import tracing_of


def test_nothing_is_traced_unless_that_is_asked_for(monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318")
    assert tracing_of(TracingSettings()) is None


def test_requests_are_traced_as_the_settings_say():
    tracing = tracing_of(TracingSettings(enabled=True, sample_ratio=0.0))
    assert tracing.tracer.begin() is None
    assert tracing.tracer.record == tracing.export.record


def test_the_environment_can_switch_it_off(monkeypatch):
    monkeypatch.setenv("OTEL_SDK_DISABLED", "True")
    assert tracing_of(TracingSettings(enabled=True)) is None


def test_without_the_extra_the_server_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "windvane.tracing.export", None)
    with pytest.raises(BadSettings, match=r"pip install 'windvane\[otel\]'"):
        tracing_of(TracingSettings(enabled=True))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"endpoint": "collector:4318"}, "it must be of the form https://HOST:PORT"),
        ({"endpoint": "https://key@collector"}, "OTEL_EXPORTER_OTLP_HEADERS"),
        ({"sample_ratio": 1.5}, "between 0 and 1, not 1.5"),
    ],
)
def test_settings_that_cannot_be_are_refused(given, told):
    with pytest.raises(BadSettings, match=told):
        TracingSettings(**given)
