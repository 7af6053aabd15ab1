import select
import socket
import time

import pytest

from windvane.process.frames import FrameBuffer, pack
from windvane.serving import instance
from windvane.serving.content_types import DESCRIBE


@pytest.fixture
def ask(start_process, hello_of):
    process = start_process(7.5)
    assert hello_of(process).failed == ""
    process.channel.setblocking(True)

    def exchange(body, content_type="text/csv", accept="", **more):
        header = {"content_type": content_type, "accept": accept, **more}
        process.channel.sendall(pack(header, body))
        buffer = FrameBuffer()
        while (frame := buffer.next_frame()) is None:
            buffer.feed(process.channel.recv(65536))
        return frame

    return exchange


def test_a_model_that_cannot_be_described_says_so_and_goes_on(start_process, hello_of):
    process = start_process(7.5)
    assert hello_of(process).failed == ""
    process.channel.setblocking(True)
    process.channel.sendall(pack({DESCRIBE: True}))
    process.channel.sendall(pack({"content_type": "", "accept": ""}, b"1,2"))
    buffer, frames = FrameBuffer(), []
    while len(frames) < 2:
        buffer.feed(process.channel.recv(65536))
        while (frame := buffer.next_frame()) is not None:
            frames.append(frame)
    assert frames[0][0]["message"] == "The model failed: AttributeError."
    assert frames[1][1] == b"7.5\n"


def test_a_model_whose_libraries_may_not_call_back_does_not_blame_its_memory(monkeypatch):
    """It said that it needed more than its 4,096 MB."""

    def load(_):
        raise MemoryError

    ours, theirs = socket.socketpair()
    monkeypatch.setattr(instance, "cap_memory", lambda _: None)
    spec = {"memory_mb": 4096, "containers": [{"environment": {}, "folder": "nowhere"}]}
    told = []
    for is_forbidden in (True, False):
        monkeypatch.setattr(instance, "forbids_callbacks", lambda known=is_forbidden: known)
        monkeypatch.setattr(instance, "load_served", lambda *_: load(None))
        assert instance.run(theirs, spec) != 0
        buffer = FrameBuffer()
        buffer.feed(ours.recv(65536))
        told.append(buffer.next_frame()[0]["failed"])
    ours.close()
    theirs.close()
    assert "MemoryDenyWriteExecute" in told[0]
    assert told[1] == "It needs more than 4096 MB of memory."


def test_a_row_is_answered(ask):
    assert ask(b"1,2\n") == ({"status": 200, "content_type": "text/csv"}, b"7.5\n")


def test_a_traced_request_is_told_when_it_was_begun_and_ended(ask):
    traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    before = time.time_ns()
    for body, status in ((b"1,2\n", 200), (b"1\n", 400)):
        header, _ = ask(body, traceparent=traceparent)
        began_ns, ended_ns = header["times"]
        assert before <= began_ns <= ended_ns <= time.time_ns()
        assert header["status"] == status


def test_faults_of_a_request_have_their_status_and_the_process_goes_on(ask):
    faults = [
        (ask(b"1\n"), 400, "Row 1 has 1 values."),
        (ask(b"1,2\n", content_type="image/png"), 415, "'image/png' is not supported"),
        (ask(b"1,2\n", accept="image/png"), 406, "Accept type 'image/png' is not supported."),
        (ask(b"fail,2\n"), 500, "The model failed: ZeroDivisionError."),
        (ask(b"memory,2\n"), 500, "The model ran out of memory"),
    ]
    for (header, body), status, says in faults:
        assert (header["status"], header["container"], body) == (status, "primary", b"")
        assert says in header["message"]
    assert ask(b"1,2\n")[1] == b"7.5\n"


def test_the_log_of_a_failure_says_where_and_keeps_the_data_out(ask, tmp_path):
    ask(b"fail:secret cell,2\n")
    log = (tmp_path / "log").read_text()
    assert "in fail" in log
    assert "secret cell" not in log


def test_a_model_that_cannot_be_loaded_is_told(start_process, hello_of):
    process = start_process(load="refuse")
    assert hello_of(process).failed == "The artefact is damaged."
    assert select.select([process.pidfd], [], [], 10)[0]
    assert process.exit_code() == 3


def test_a_process_ends_when_its_channel_is_closed(start_process, hello_of):
    process = start_process()
    hello_of(process)
    process.channel.close()
    assert select.select([process.pidfd], [], [], 10)[0]
    assert process.exit_code() == 0


def test_an_answer_larger_than_there_may_be_is_a_fault_that_says_so(monkeypatch):
    class Verbose:
        container_names = "reads", "predicts", "writes"

        def answer(self, body, content_type, accept):
            return b"four", "text/csv"

    monkeypatch.setattr(instance, "MOST_ANSWER_BYTES", 3)
    buffer = FrameBuffer()
    buffer.feed(instance._answer(Verbose(), ({"content_type": "", "accept": ""}, b"1")))
    header, body = buffer.next_frame()
    assert (header["status"], header["container"], body) == (400, "writes", b"")
    assert "4 bytes; the maximum of a response is 26214400 bytes" in header["message"]
