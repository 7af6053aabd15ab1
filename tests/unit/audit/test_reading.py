"""Reading backward, and finding an account's own events."""

from __future__ import annotations

from datetime import timedelta

import pytest
from unit.audit.records import ACCOUNT, NOW, Written, a_caller, a_record

from windvane.audit import lookup, reading
from windvane.audit.chain import Line
from windvane.audit.files import files_of
from windvane.audit.lookup import Wanted, look_up
from windvane.audit.reading import LineFilter, read_all, read_backward

OTHER = "999922223333"
ARN = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:model/m"


@pytest.fixture
def written(tmp_path) -> Written:
    made = Written(tmp_path)
    records = [a_record(f"Create{n}", parameters={"Name": "é" * n}) for n in range(40)]
    made.write(*records, file_bytes=9000)
    return made


@pytest.mark.parametrize("block", [1, 100, 1 << 16])
def test_lines_are_read_backward_whole(written, monkeypatch, block):
    monkeypatch.setattr(reading, "_BLOCK", block)
    forward = [line.number for line in read_all(written.folder)]
    assert [
        line.number for line, _, _ in read_backward(written.folder, written.writer, None)
    ] == forward[::-1]


def test_reading_goes_on_from_every_place(written):
    for n, (_, place, _) in enumerate(read_backward(written.folder, written.writer, None)):
        rest = [line.number for line, _, _ in read_backward(written.folder, written.writer, place)]
        assert rest == list(range(39 - n, 0, -1))


def test_a_line_that_is_being_written_is_not_read(written):
    with written.files[-1].open("ab") as file:
        file.write(b'{"n":41,')
    assert next(read_backward(written.folder, written.writer, None))[0].number == 40


def pages(written: Written, wanted: Wanted, limit: int = 7) -> list[str]:
    found, places = [], {}
    while places is not None:
        page = look_up(written.folder, wanted, places, limit)
        found += [event["eventName"] for event in page.events]
        places = page.places
    return found


def test_pages_follow_each_other(written):
    assert pages(written, Wanted(ACCOUNT, "us-east-1")) == [f"Create{n}" for n in range(39, -1, -1)]


def test_a_page_reads_no_more_than_it_may(written, monkeypatch):
    monkeypatch.setattr(lookup, "MOST_READ_BYTES", 1)
    assert len(look_up(written.folder, Wanted(OTHER, "us-east-1"), {}, 50).events) == 0
    assert len(pages(written, Wanted(ACCOUNT, "us-east-1"))) == 40


def test_an_account_finds_its_own_management_events_alone(tmp_path):
    written = Written(tmp_path)
    written.write(
        a_record("CreateMine"),
        a_record("CreateOthers", caller=a_caller(account=OTHER)),
        a_record("CreateStranger", caller=None, error_code="AccessDenied"),
        a_record("InvokeEndpoint", service="sagemaker-runtime", error_code="AccessDenied"),
    )
    assert pages(written, Wanted(ACCOUNT, "us-east-1")) == ["CreateMine"]
    assert pages(written, Wanted(ACCOUNT, "eu-west-1")) == []


ATTRIBUTES = [
    ("EventName", "CreateModel"),
    ("ReadOnly", "false"),
    ("Username", "ann"),
    ("EventSource", "sagemaker.amazonaws.com"),
    ("AccessKeyId", "AKIA1234"),
    ("ResourceName", "m"),
    ("ResourceName", ARN),
    ("ResourceType", "AWS::SageMaker::Model"),
]


@pytest.mark.parametrize(("name", "value"), ATTRIBUTES)
def test_events_are_found_by_an_attribute(tmp_path, name, value):
    written = Written(tmp_path)
    written.write(a_record("CreateModel", resources=(ARN,)))
    assert pages(written, Wanted(ACCOUNT, "us-east-1", (name, value))) == ["CreateModel"]
    assert pages(written, Wanted(ACCOUNT, "us-east-1", (name, "other"))) == []


def test_events_are_found_by_time(tmp_path):
    written = Written(tmp_path)
    for hour in range(3):
        written.now = NOW + timedelta(hours=hour)
        written.write(a_record(f"Create{hour}"))
    since, until = NOW + timedelta(minutes=30), NOW + timedelta(minutes=90)
    assert pages(written, Wanted(ACCOUNT, "us-east-1", None, since, until)) == ["Create1"]
    assert pages(written, Wanted(ACCOUNT, "us-east-1", None, since)) == ["Create2", "Create1"]


def test_files_of_other_days_and_lines_without_what_is_sought_are_passed_over(written):
    day = files_of(written.folder)[0].day
    every = len(list(read_backward(written.folder, written.writer, None)))
    number = b'"n":%d,' % 7
    found = list(
        read_backward(written.folder, written.writer, None, LineFilter(day, day, (number,)))
    )
    assert [line.number for line, _, _ in found if isinstance(line, Line)] == [7]
    assert len(found) == every
    assert (
        list(read_backward(written.folder, written.writer, None, LineFilter(last_day="20000101")))
        == []
    )
    assert (
        list(read_backward(written.folder, written.writer, None, LineFilter(first_day="29990101")))
        == []
    )
