"""Attacks that the audit log did not tell of, what was read through the console and who could not sign in, and what it told
too much of."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from api.accounts import ACCOUNT, Accounts, allow
from unit.audit.records import Written, a_record
from unit.console.test_site_permissions import DATA, Desk

from windvane.api.in_process import InProcessClient
from windvane.api.sign_ins import SignIns
from windvane.audit.kinds import Recording
from windvane.audit.reading import read_all
from windvane.audit.redaction import HIDDEN
from windvane.console.request_context import CallerObjects
from windvane.engine.data.dialect import check_column
from windvane.errors import AccessDenied, DataFault, InvalidRequest
from windvane.wire.failures import FailureCounter
from windvane.wire.model import load_service
from windvane.wire.validate import validate


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "server").mkdir()
    accounts = Accounts(tmp_path / "server")
    yield Desk(accounts)
    accounts.close()


@pytest.fixture
def written(tmp_path: Path) -> Written:
    return Written(tmp_path / "audit")


def events(written: Written) -> list[dict[str, Any]]:
    return [line.event for line in read_all(written.folder)]


def used(desk: Desk, written: Written, keys: Any, recording: Recording | None = None) -> None:
    """One object is read, another one asked for that may not be, one listed, one written."""
    log = written.open(recording)
    log.start()
    objects = CallerObjects(desk.objects, desk.caller(keys), InProcessClient({}, {}, recorder=log))

    async def everything() -> None:
        assert await objects.size(DATA)
        assert [chunk async for chunk in objects.chunks(DATA)]
        for refused in (
            objects.read("s3://data/secret.csv", 10),
            objects.list("s3://data/"),
            objects.write("s3://data/new.csv", b""),
        ):
            with pytest.raises(AccessDenied):
                await refused

    asyncio.run(everything())
    log.stop()


def test_what_the_console_may_not_read_is_recorded(desk: Desk, written: Written) -> None:
    """A session of the console tried objects without a trace."""
    keys = desk.accounts.user("ann", allow("s3:GetObject", "arn:aws:s3:::data/train/*"))
    used(desk, written, keys)
    told = [(event["eventName"], event["errorCode"]) for event in events(written)]
    assert told == [
        ("GetObject", "AccessDenied"),
        ("ListObjectsV2", "AccessDenied"),
        ("PutObject", "AccessDenied"),
    ]
    first = events(written)[0]
    assert first["userIdentity"]["userName"] == "ann"
    assert first["resources"][0]["ARN"] == "arn:aws:s3:::data/secret.csv"


def test_what_the_console_reads_is_recorded_where_objects_are(desk: Desk, written: Written) -> None:
    """With `objects = true` what was downloaded from the console stayed unknown."""
    keys = desk.accounts.user("ann", allow("s3:GetObject", "arn:aws:s3:::data/train/*"))
    used(desk, written, keys, Recording(objects=True))
    told = [event["eventName"] for event in events(written) if "errorCode" not in event]
    assert told == ["HeadObject", "GetObject"]


def signed_in_as(desk: Desk, written: Written, access_key: str) -> dict[str, Any]:
    """The record of a sign-in with a wrong secret."""
    log = written.open()
    log.start()
    sign_ins = SignIns(FailureCounter(), log, lambda _: None)
    account = desk.authenticator.account_of(access_key)
    asyncio.run(sign_ins.failed("192.0.2.1", "browser", access_key, account))
    log.stop()
    return events(written)[-1]


def test_an_account_learns_of_failed_sign_ins_with_its_keys(desk: Desk, written: Written) -> None:
    """They were nobody's: LookupEvents showed them to no account."""
    keys = desk.accounts.user("ann")
    event = signed_in_as(desk, written, keys["AccessKeyId"])
    assert event["recipientAccountId"] == ACCOUNT
    assert event["userIdentity"]["accessKeyId"] == keys["AccessKeyId"]


def test_a_secret_in_the_wrong_field_is_not_kept(
    desk: Desk, written: Written, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever pasted a secret where the access key belongs had it in the audit log and in the journal."""
    keys = desk.accounts.user("ann")
    event = signed_in_as(desk, written, keys["SecretAccessKey"])
    assert event["userIdentity"]["accessKeyId"] == HIDDEN
    assert event["recipientAccountId"] == ""
    assert keys["SecretAccessKey"] not in caplog.text + str(event)


def test_no_row_that_is_asked_about_is_kept(written: Written) -> None:
    """Rows whose answers were explained stood in the audit log, and with them what a model quotes of them: whoever might
    look up events read what others had asked about."""
    row = {"Csv": "Ann Smith,4111"}
    quoted = "Row 1, column 'age': 'Ann Smith' cannot be read as a number."
    parameters = {"EndpointName": "e", "Row": row, "Label": "Ann Smith"}
    record = a_record("ExplainPrediction", service="windvane", parameters=parameters)
    codes = ("ModelError", "ValidationException")
    failed = [replace(record, error_code=code, error_message=quoted) for code in codes]
    denied = replace(record, error_code="AccessDeniedException", error_message="User: ann")
    written.write(record, *failed, denied)
    asked, *others = events(written)
    assert asked["requestParameters"] == {"EndpointName": "e", "Row": HIDDEN, "Label": HIDDEN}
    assert [one["errorMessage"] for one in others] == [HIDDEN, HIDDEN, "User: ann"]
    assert "Ann Smith" not in str(events(written))


def test_no_table_that_is_looked_at_is_kept(written: Written) -> None:
    """What was wrong with a table quoted its first row, which is one of data where a file has no header: whoever might look up
    events read it without a right to read the object."""
    with pytest.raises(DataFault, match="Ann Smith") as told:
        check_column("target", "y", ["Ann Smith", "4111"])
    parameters = {"S3Uri": "s3://b/k", "TargetAttributeName": "y"}
    record = a_record("PreviewTable", service="windvane", parameters=parameters)
    written.write(replace(record, error_code="ValidationException", error_message=str(told.value)))
    (event,) = events(written)
    assert (event["requestParameters"], event["errorMessage"]) == (parameters, HIDDEN)


def test_no_row_is_repeated_to_refuse_it() -> None:
    """The refusal of a row that was given in two ways repeated it, and so did the audit log."""
    shape = load_service("windvane").operation("ExplainPrediction").input_shape
    row = {"Csv": "Ann Smith", "Cells": {"name": "Ann Smith"}}
    with pytest.raises(InvalidRequest, match="Exactly one of") as refused:
        validate({"EndpointName": "e", "Row": row}, shape)
    assert "Ann Smith" not in str(refused.value)
