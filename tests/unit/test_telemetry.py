"""Requests are counted under names that are known: whoever asks cannot invent more of them."""

from __future__ import annotations

from datetime import UTC, datetime

from windvane.telemetry import Telemetry
from windvane.wire.call import RequestRecord


def test_services_that_are_not_served_are_counted_together():
    telemetry = Telemetry(None, lambda: datetime.now(UTC), lambda: ())
    for n in range(1000):
        telemetry.on_request(RequestRecord("id", service=f"made-up-{n}", status=400))
    telemetry.on_request(
        RequestRecord("id", service="sagemaker", operation="ListModels", status=200)
    )
    found = telemetry._requests.collect()[0].samples
    counted = {s.labels["service"]: s.value for s in found if s.name.endswith("_total")}
    assert counted == {"other": 1000, "sagemaker": 1}
