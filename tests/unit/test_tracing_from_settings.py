import sys

import pytest

from windvane.settings import BadSettings, TracingSettings
from windvane.tracing_from_settings import tracing_of

ACCOUNT = "1" * 12
SAMPLED = f"00-{'4' * 32}-{'5' * 16}-01"


def test_nothing_is_traced_unless_that_is_asked_for(monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318")
    assert tracing_of(TracingSettings(), ACCOUNT) is None


def test_requests_are_traced_as_the_settings_say():
    tracing = tracing_of(TracingSettings(enabled=True, sample_ratio=0.0), ACCOUNT)
    assert tracing.tracer.begin() is None
    assert tracing.tracer.record == tracing.export.record


def test_the_servers_own_account_and_those_named_decide_what_is_traced():
    settings = TracingSettings(enabled=True, sample_ratio=0.0, trusted_accounts=("2" * 12,))
    tracer = tracing_of(settings, ACCOUNT).tracer
    span = tracer.begin(SAMPLED)
    assert [tracer.kept(span, one * 12) is span for one in "123"] == [True, True, False]


def test_the_environment_can_switch_it_off(monkeypatch):
    monkeypatch.setenv("OTEL_SDK_DISABLED", "True")
    assert tracing_of(TracingSettings(enabled=True), ACCOUNT) is None


def test_without_the_extra_the_server_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "windvane.tracing.export", None)
    with pytest.raises(BadSettings, match=r"pip install 'windvane\[otel\]'"):
        tracing_of(TracingSettings(enabled=True), ACCOUNT)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"endpoint": "collector:4318"}, "it must be of the form https://HOST:PORT"),
        ({"endpoint": "https://key@collector"}, "OTEL_EXPORTER_OTLP_HEADERS"),
        ({"sample_ratio": 1.5}, "between 0 and 1, not 1.5"),
        ({"trusted_accounts": ("12",)}, r"\[tracing\] trusted_accounts has '12'"),
    ],
)
def test_settings_that_cannot_be_are_refused(given, told):
    with pytest.raises(BadSettings, match=told):
        TracingSettings(**given)
