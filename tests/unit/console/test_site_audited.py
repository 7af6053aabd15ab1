"""What is done in the console is recorded as what any client does is."""

from __future__ import annotations

import asyncio

import pytest
from unit.audit.records import ACCOUNT, Written, a_caller

from windvane.api.in_process import InProcessClient
from windvane.audit.reading import read_all
from windvane.errors import AccessDenied, InvalidRequest

ARN = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:model/m"


def delete_model(call):
    if call.parameters["ModelName"] == "missing":
        raise InvalidRequest("there is none")


@pytest.fixture
def recorded(tmp_path):
    """Asks an operation as the console does; the record that it left."""
    written = Written(tmp_path)

    def ask(name: str, permit=lambda call, record: None) -> dict:
        log = written.open()
        log.start()
        inside = InProcessClient({("sagemaker", "DeleteModel"): delete_model}, {}, permit, log)
        try:
            asyncio.run(inside.ask(a_caller(), "sagemaker", "DeleteModel", {"ModelName": name}))
        except (InvalidRequest, AccessDenied):
            pass
        finally:
            log.stop()
        return list(read_all(written.folder))[-1].event

    return ask


def test_a_change_is_recorded(recorded):
    event = recorded("m")
    assert (event["eventName"], event["requestParameters"]) == ("DeleteModel", {"ModelName": "m"})
    assert event["userAgent"] == "windvane console"
    assert event["userIdentity"]["userName"] == "ann"
    assert "errorCode" not in event


def test_what_fails_is_recorded_with_its_code(recorded):
    assert recorded("missing")["errorCode"] == "ValidationException"


def test_what_is_refused_is_recorded(recorded):
    def deny(call, record):
        raise AccessDenied("not you")

    assert recorded("m", deny)["errorCode"] == "AccessDeniedException"
