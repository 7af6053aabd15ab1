"""The audit log: what is recorded and when, how files follow each other, and what happens when it cannot be written."""

from __future__ import annotations

import asyncio
import json
import stat
from datetime import timedelta

import pytest
from unit.audit.records import Written, a_record, record_all

from windvane.audit import log as log_module
from windvane.audit.files import LogFiles
from windvane.audit.kinds import Recording, Writing, is_data_event, is_read
from windvane.audit.reading import read_all
from windvane.errors import StoreUnusable


@pytest.fixture
def written(tmp_path) -> Written:
    return Written(tmp_path / "audit")


def names(written: Written) -> list[str]:
    return [line.event["eventName"] for line in read_all(written.folder)]


def problems(written: Written) -> list[str]:
    return written.problems()


HOW = {
    "a change": (a_record("CreateModel"), Writing.BEFORE_ANSWER),
    "a read": (a_record("ListModels"), Writing.SOON),
    "a refusal": (a_record(error_code="AccessDeniedException"), Writing.SOON),
    "a stranger": (a_record("", caller=None, error_code="ValidationException"), Writing.SOON),
    "a bad request": (a_record(error_code="ValidationException"), Writing.SOON),
    "an invocation": (a_record("InvokeEndpoint", service="sagemaker-runtime"), Writing.NOT_AT_ALL),
    "a refused invocation": (
        a_record("InvokeEndpoint", service="sagemaker-runtime", error_code="AccessDeniedException"),
        Writing.SOON,
    ),
    "an invocation of a broken model": (
        a_record("InvokeEndpoint", service="sagemaker-runtime", error_code="ModelError"),
        Writing.NOT_AT_ALL,
    ),
    "an object": (a_record("PutObject", service="s3"), Writing.NOT_AT_ALL),
    "a bucket": (a_record("CreateBucket", service="s3"), Writing.BEFORE_ANSWER),
    "a sign-in": (a_record("ConsoleLogin", service="signin"), Writing.BEFORE_ANSWER),
}


@pytest.mark.parametrize("which", HOW)
def test_what_is_recorded_by_default(which):
    record, how = HOW[which]
    assert Recording().of(record) is how


def test_data_events_are_recorded_where_they_are_wanted():
    every = Recording(invocations=True, objects=True)
    assert every.of(a_record("GetObject", service="s3")) is Writing.SOON
    assert every.of(a_record("InvokeEndpoint", service="sagemaker-runtime")) is Writing.SOON


def test_operations_are_told_apart():
    assert is_data_event("s3", "UploadPart")
    assert not is_data_event("s3", "PutObjectLockConfiguration")
    assert is_read("kms", "Decrypt")
    assert not is_read("sagemaker", "StopAutoMLJob")


def test_a_change_is_on_the_disk_before_its_answer(written, monkeypatch):
    synced: list[int] = []
    monkeypatch.setattr(LogFiles, "sync", lambda _: synced.append(len(names(written))))
    log = written.open()
    log.start()
    record_all(log, a_record("CreateModel"))
    assert (names(written), synced[-1]) == (["CreateModel"], 1)
    log.stop()


def test_what_nobody_waits_for_is_written_by_the_end(written):
    written.write(*[a_record("ListModels") for _ in range(1000)])
    assert len(names(written)) == 1000
    assert problems(written) == []


def test_what_the_server_did_by_itself_is_recorded_from_any_thread(written):
    log = written.open()
    log.start()
    log.note(a_record("UpdateEndpointWeightsAndCapacities"))
    log.stop()
    assert names(written) == ["UpdateEndpointWeightsAndCapacities"]
    assert problems(written) == []


def test_the_chain_goes_on_at_the_next_start(written):
    for n in range(3):
        written.write(a_record(f"Create{n}"))
    assert names(written) == ["Create0", "Create1", "Create2"]
    assert [line.number for line in read_all(written.folder)] == [1, 2, 3]
    assert problems(written) == []


def test_a_torn_last_line_is_cut_off(written):
    written.write(a_record("CreateA"))
    with written.files[0].open("ab") as file:
        file.write(b'{"n":2,"prev":"torn')
    written.write(a_record("CreateB"))
    assert names(written) == ["CreateA", "CreateB"]
    assert problems(written) == []


def test_files_are_begun_anew_each_day_and_when_they_are_large(written):
    written.write(*[a_record("CreateA") for _ in range(3)], file_bytes=1)
    assert len(written.files) == 3
    written.now += timedelta(days=1)
    written.write(a_record("CreateB"))
    assert len(written.files) == 4
    assert problems(written) == []


def test_files_go_when_they_are_old(written):
    written.write(a_record("CreateA"))
    written.now += timedelta(days=91)
    written.write(a_record("CreateB"))
    assert names(written) == ["CreateB"]
    assert problems(written) == []


def test_files_go_when_there_are_too_many(written):
    written.write(*[a_record("CreateA") for _ in range(20)], file_bytes=1, all_bytes=1)
    assert len(written.files) == 1
    assert problems(written) == []


def test_a_record_that_cannot_be_made_ends_nothing(written):
    log = written.open()
    log.start()
    with pytest.raises(StoreUnusable, match="AttributeError"):
        record_all(log, a_record("CreateA", user_agent=None, error_message=b"", caller="nobody"))
    record_all(log, a_record("CreateB"))
    log.stop()
    assert "CreateB" in names(written)


def test_an_anchor_that_cannot_be_kept_ends_nothing(written, monkeypatch):
    monkeypatch.setattr(log_module, "KEEP_HEAD_S", 0.0)
    monkeypatch.setattr(written.anchors, "put", lambda *_: 1 / 0)
    written.write(a_record("CreateA"), a_record("CreateB"))
    assert names(written) == ["CreateA", "CreateB"]


def test_a_log_that_cannot_be_read_is_gone_on_with(written):
    written.write(a_record("CreateA"))
    written.files[0].write_bytes(b"nonsense\n")
    written.write(a_record("CreateB"))
    assert any("cannot be read" in problem for problem in problems(written))


@pytest.mark.parametrize("content", ["../../etc", "", "x" * 8, "A" * 8])
def test_a_writers_name_that_is_none_is_made_anew(written, content):
    written.folder.mkdir()
    (written.folder / "writer").write_text(content)
    written.write(a_record("CreateA"))
    assert [path.parent for path in written.files] == [written.folder]


def test_files_are_their_owners_alone(written):
    written.write(a_record())
    modes = {stat.S_IMODE(path.stat().st_mode) for path in written.folder.iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE(written.folder.stat().st_mode) == 0o700


def test_while_it_cannot_be_written_nothing_is_changed(written, monkeypatch):
    log = written.open()
    log.start()
    with monkeypatch.context() as patch:
        full = OSError(28, "No space left on device")
        patch.setattr(LogFiles, "append", lambda *_: (_ for _ in ()).throw(full))
        with pytest.raises(StoreUnusable, match="The change was made"):
            record_all(log, a_record("CreateA"))
        assert "No space left" in log.faults()[0]
        with pytest.raises(StoreUnusable, match="Nothing was changed"):
            log.check(a_record("CreateB"))
        log.check(a_record("ListModels"))
    record_all(log, a_record("CreateC"))
    assert log.faults() == []
    log.stop()
    assert "EventsNotRecorded" in names(written)
    assert problems(written) == []


def test_a_flood_of_strangers_is_counted_instead(written, monkeypatch):
    monkeypatch.setattr(log_module, "STRANGERS_PER_S", 0.0)
    stranger = a_record("", caller=None, error_code="InvalidClientTokenId")
    written.write(*[stranger] * 1000, a_record("CreateA"))
    found = [line.event for line in read_all(written.folder)]
    told = [event for event in found if event["eventName"] == "EventsNotRecorded"]
    recorded = sum(event["eventName"] == "Unknown" for event in found)
    assert recorded == log_module.STRANGERS_AT_ONCE
    assert sum(event["serviceEventDetails"]["count"] for event in told) == 1000 - recorded
    assert "CreateA" in names(written)


def test_bodies_do_not_wait_to_be_written(written):
    log = written.open(Recording(invocations=True))
    record = a_record(
        "InvokeEndpoint",
        service="sagemaker-runtime",
        parameters={"EndpointName": "e", "Body": b"x"},
    )
    asyncio.run(_begin(log, record))
    assert log._waiting[0].record.parameters == {"EndpointName": "e"}


async def _begin(log, record):
    assert log.begin_answer(record) is None


def test_the_head_lies_beside_the_log(written):
    written.write(a_record(), a_record())
    (head,) = written.folder.glob("*.head")
    assert json.loads(head.read_text())["n"] == 2
