"""What a process says at its end, and while it runs, through what it has an end of: whoever listens waits for nothing."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import select
import socket
import struct
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from windvane.engine.data.dialect import check_column
from windvane.errors import DataFault
from windvane.executor import forkserver
from windvane.executor.forked import ForkedTask
from windvane.executor.forkserver import Attendant
from windvane.notes.codes import DataValue, NoteCode
from windvane.notes.note import Note, note_to_json
from windvane.notes.untrusted import LONGEST_TEXT, read_untrusted_note
from windvane.process.child import Child, Ending
from windvane.process.frames import FrameBuffer
from windvane.serving.pool import Pool, WorkerSlot

WAIT_S = 240.0
LONGEST = "\U0001f600" * LONGEST_TEXT
"""As JSON it has 48,000 bytes."""


def test_a_table_of_long_names_does_not_keep_a_task_from_its_end() -> None:
    """What was wrong quoted the target and the columns, in more bytes than a pipe holds, which nobody reads before the end:
    the task waited for ever, and its worker until the job's time was over, which may be thirty days."""
    names = [chr(0x1F600 + number) * 250 for number in range(20)]
    child = Child.start(lambda: check_column("target", "\U0001f601" * 2000, names))
    ended = child.wait(WAIT_S)
    if ended is None:
        child.kill()
    assert ended is not None
    assert ended.note is not None
    assert ended.note.code is NoteCode.COLUMN_MISSING
    assert "is not in the data" in ended.text


def test_of_all_texts_of_a_note_no_more_is_kept_than_of_one() -> None:
    """Each of them, and of each note that it was because of, had as many: a megabyte of a candidate that failed, kept with
    it, its task, its job and its log, and read again and again while nobody else may write."""
    facts = {"role": "target"} | {
        name: DataValue(LONGEST) for name in ("column", "near", "columns")
    }
    note: Note | None = None
    for _ in range(8):
        note = Note(NoteCode.COLUMN_MISSING, facts, note)
    assert note is not None
    kept = read_untrusted_note(note_to_json(note))
    assert len(json.dumps(note_to_json(kept))) < 50_000
    assert kept.facts["column"] == DataValue(LONGEST)


def test_a_report_that_is_longer_than_a_pipe_is_none() -> None:
    note: dict[str, object] = {"code": "cut-short", "facts": {"folds": ["x" * 100] * 100}}
    for _ in range(7):
        note = {**note, "because": note}
    report = json.dumps({"classes": ["DataFault"], "note": note}).encode()

    def boast() -> None:
        write = os.write

        def longer(descriptor: int, _: bytes) -> int:
            fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, 1 << 20)
            os.set_blocking(descriptor, True)
            return write(descriptor, report)

        os.write = longer  # the last that a process does
        raise DataFault("It broke.")

    ended = Child.start(boast).wait(WAIT_S)
    assert ended is not None
    assert ended.note == Note(NoteCode.REPORT_UNREADABLE)


def test_words_that_a_task_takes_back_are_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through its own end of the pipe it can read what it said, between the moment when that is seen and the one when it is
    read: whoever listens waited, and nobody watched the memory of the task any more."""
    has_looked = threading.Event()

    class Waiter:
        """Sees words that are gone when they are to be read."""

        def __init__(self) -> None:
            self._found: list[int] = []

        def register(self, descriptor: int, _: int) -> None:
            self._found.append(descriptor)

        def unregister(self, descriptor: int) -> None:
            self._found.remove(descriptor)

        def poll(self, _: int) -> list[tuple[int, int]]:
            is_first = not has_looked.is_set()
            has_looked.set()
            return [(self._found[-1], select.POLLIN)] if is_first else []

    listening, mouth = os.pipe()
    ours, theirs = socket.socketpair()
    task = ForkedTask.start(dict, tmp_path, keep=(mouth,))
    monkeypatch.setattr(forkserver.select, "poll", Waiter)
    ended: list[Ending] = []
    thread = threading.Thread(
        target=lambda: ended.append(Attendant(theirs).attend(task, listening).ending),
        daemon=True,
    )
    with ours, theirs:
        thread.start()
        thread.join(WAIT_S)
        assert ended == [Ending.FINISHED]
    assert task.take_result() == b"{}"
    os.close(listening)
    os.close(mouth)


def test_a_model_process_that_says_a_byte_at_a_time_does_not_have_the_event_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Twenty of them held up everything else there for an eighth of a second at each turn, whoever it was for: each byte that
    was no answer yet was read by itself, also of processes that nobody had asked."""
    read: list[int] = []

    class Counted(FrameBuffer):
        def feed(self, data: bytes) -> None:
            read.append(len(data))
            super().feed(data)

    async def told(n_asked: int) -> list[str]:
        """What became of the process once it was listened to for a fifth of a second and more than once, or was ended."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        condemned: list[str] = []
        pool = Pool()
        pool.use_slots([WorkerSlot(1, ours, lambda: condemned.append("ended"))])
        loop = asyncio.get_running_loop()
        until = loop.time() + 0.2
        asked = [pool.ask(b"question", loop.time() + 60) for _ in range(n_asked)]
        with theirs:
            theirs.sendall(struct.pack("!II", 10, 1 << 20))
            theirs.setblocking(False)
            while not condemned and (not n_asked or loop.time() < until or len(read) < 2):
                with suppress(BlockingIOError):
                    theirs.send(b"x")
                await asyncio.sleep(0)
            found = list(condemned)
        while pool.n_up:
            await asyncio.sleep(0.01)
        assert not any(one.done() for one in asked)
        return found

    monkeypatch.setattr("windvane.serving.pool.FrameBuffer", Counted)
    assert asyncio.run(told(0)) == ["ended"]
    read.clear()
    assert asyncio.run(told(1)) == []
    assert 1 < len(read) < 10
