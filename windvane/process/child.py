"""One function run in a process of its own that can be killed whole: capped, dying with its parent, told apart by how it ended.

A fork costs milliseconds and inherits what its parent has loaded. Fork from a process with one thread.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import select
import signal
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn

from windvane.errors import WindvaneError
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note, note_to_json, raised
from windvane.notes.sentences import reason
from windvane.notes.untrusted import bounded, read_untrusted_note
from windvane.process.confinement import Confinement, confine
from windvane.process.linux import forbids_callbacks
from windvane.process.memory import exceeds_mb, tree_of, writable_bytes
from windvane.process.parent_death import die_with_parent

_LOG = logging.getLogger(__name__)

_MEMORY_CHECK_S = 0.2
_HEADROOM = 1.1
"""The kernel's limit counts memory that is reserved and never touched, so it lies above the cap."""

_MAX_CLASSES, _MAX_NAME = 16, 100
_MAX_REPORT = 1 << 16
"""Bytes that a pipe holds, as long as nobody makes it larger: whatever is recorded of an end is no more."""

_FINISHED = b"{}"
_OUT_OF_MEMORY = json.dumps(
    {"classes": ["MemoryError"], "note": note_to_json(Note(NoteCode.RAN_OUT_OF_MEMORY))}
).encode()
_CALLBACKS_FORBIDDEN = json.dumps(
    {"classes": ["PermissionError"], "note": note_to_json(Note(NoteCode.CALLBACKS_FORBIDDEN))}
).encode()


class Ending(StrEnum):
    """The end of a child process.

    FINISHED        the function returned
    FAILED          it raised, or the process left without returning
    KILLED_TIME     killed by us because its time was over
    KILLED_MEMORY   it met its memory cap: killed by us, or it raised MemoryError
    KILLED          killed by us because it was to stop
    CRASHED         any other signal: a crash, the system's, somebody else's
    """

    FINISHED = "finished"
    FAILED = "failed"
    KILLED_TIME = "killed-time"
    KILLED_MEMORY = "killed-memory"
    KILLED = "killed"
    CRASHED = "crashed"


@dataclass(frozen=True)
class Exit:
    """The end of a child.

    note            what went wrong; None if FINISHED
    error_classes   names of the class of the error and its bases, most special first; () if nothing was raised
    peak_memory_mb  the most that was seen at any check
    """

    ending: Ending
    note: Note | None = None
    error_classes: tuple[str, ...] = ()
    peak_memory_mb: float = 0.0

    @property
    def text(self) -> str:
        """What went wrong, a sentence; "" if FINISHED."""
        return reason(self.note)

    @property
    def error(self) -> str:
        """Name of the class of the error that was raised, or ""."""
        return self.error_classes[0] if self.error_classes else ""

    def is_a(self, error: type[BaseException]) -> bool:
        """Return whether what was raised is an error of this class."""
        return error.__name__ in self.error_classes


class Child:
    """A function under way in another process; see `start`. Not for use by several threads at once."""

    def __init__(self, pid: int, report: int, memory_mb: int | None) -> None:
        self.pid = pid
        self.peak_memory_mb = 0.0
        self._report = report
        self.pidfd = os.pidfd_open(pid)
        self._memory_mb = memory_mb
        self._next_check = 0.0
        self._exit: Exit | None = None

    @classmethod
    def start(
        cls,
        function: Callable[[], None],
        *,
        memory_mb: int | None = None,
        confinement: Confinement | None = None,
        keep: Collection[int] = (),
    ) -> Child:
        """Run `function` in a fork of this process, which leads a session of its own and dies with this process.

        memory_mb     cap in MiB on what the child and its descendants hold
        confinement   what the child may do; None leaves it as it is
        keep          descriptors that a confined child keeps
        """
        parent_pid = os.getpid()
        read_end, write_end = os.pipe()
        os.set_blocking(
            write_end, False
        )  # nobody reads before the end: there is nothing to wait for
        pid = os.fork()
        if pid == 0:
            os.close(read_end)
            _run(function, parent_pid, write_end, memory_mb, confinement, keep)
        os.close(write_end)
        os.set_blocking(read_end, False)
        return cls(pid, read_end, memory_mb)

    def poll(self) -> Exit | None:
        """Return how it ended, or None while it runs. A child found above its memory cap is killed here."""
        if self._exit is None and self._has_ended():
            self._exit = self._reap(None)
        if self._exit is None and self._is_above_cap():
            return self.kill(Ending.KILLED_MEMORY)
        return self._exit

    def wait(self, timeout_s: float | None = None) -> Exit | None:
        """Return what `poll` does, after waiting until it ends or the time is over. The cap is watched meanwhile."""
        until = None if timeout_s is None else time.monotonic() + timeout_s
        waiter = select.poll()
        waiter.register(self.pidfd, select.POLLIN)
        while (ended := self.poll()) is None:
            left_s = _MEMORY_CHECK_S if until is None else until - time.monotonic()
            if left_s <= 0:
                return None
            waiter.poll(1000 * min(left_s, _MEMORY_CHECK_S))
        return ended

    def kill(self, reason: Ending = Ending.KILLED) -> Exit:
        """Kill its whole tree now. Returns how it ended: `reason`, or what it was if it had ended before."""
        if self._exit is None:
            self._exit = self._reap(None if self._has_ended() else reason)
        return self._exit

    def _has_ended(self) -> bool:
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self.pid, flags) is not None

    def _is_above_cap(self) -> bool:
        if time.monotonic() < self._next_check:
            return False
        self._next_check = time.monotonic() + _MEMORY_CHECK_S
        cap_mb = float("inf") if self._memory_mb is None else float(self._memory_mb)
        is_above, held_mb = exceeds_mb(self.pid, cap_mb)
        self.peak_memory_mb = max(self.peak_memory_mb, held_mb)
        return is_above

    def _reap(self, reason: Ending | None) -> Exit:
        """Kill what is left of the tree, collect the leader, say how it ended."""
        _kill_tree(self.pid)
        _, status = os.waitpid(self.pid, 0)
        report = _read_all(self._report)
        os.close(self._report)
        os.close(self.pidfd)
        if reason is not None:
            return Exit(reason, _WHY_KILLED[reason], peak_memory_mb=self.peak_memory_mb)
        return _judge(status, report, self.peak_memory_mb)


_WHY_KILLED = {
    Ending.KILLED_TIME: Note(NoteCode.TIME_OVER),
    Ending.KILLED_MEMORY: Note(NoteCode.MEMORY_OVER),
    Ending.KILLED: Note(NoteCode.TOLD_TO_STOP),
}


def _run(
    function: Callable[[], None],
    parent_pid: int,
    report: int,
    memory_mb: int | None,
    confinement: Confinement | None,
    keep: Collection[int],
) -> NoReturn:
    """Live the child's whole life. Leaves by os._exit alone: what the parent's modules do at exit is not ours to do."""
    code = 1
    try:
        os.setsid()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        die_with_parent(parent_pid)
        if confinement is not None:
            confine(confinement, (report, *keep))
        if memory_mb is not None:
            limit = writable_bytes() + int(memory_mb * 1024**2 * _HEADROOM)
            resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
        function()
        os.write(report, _FINISHED)
        code = 0
    except MemoryError:
        os.write(report, _CALLBACKS_FORBIDDEN if forbids_callbacks() else _OUT_OF_MEMORY)
    except BaseException as error:  # noqa: BLE001 - the end of a child process: all that is known is handed over
        if not isinstance(error, WindvaneError):
            _LOG.exception("A child process failed.")
        os.write(report, _describe(error))
    finally:
        os._exit(code)


def fork_watched(life: Callable[[], NoReturn]) -> tuple[int, int]:
    """Fork this process. Return the child's pid and a descriptor that can be read once it has ended.

    life      the child's; the child ends with it
    raises    OSError if there is no room for a process or a descriptor; there is no child then
    """
    child = os.fork()
    if child == 0:
        try:
            life()
        finally:
            os._exit(1)
    try:
        return child, os.pidfd_open(child)
    except OSError:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise


def failed_with(error: BaseException) -> Exit:
    """Return the end of a child that raised this."""
    classes = tuple(kind.__name__ for kind in type(error).__mro__ if kind is not object)
    note = error.note if isinstance(error, WindvaneError) else raised(error)
    return Exit(Ending.FAILED, bounded(note), classes)


def _describe(error: BaseException) -> bytes:
    failed = failed_with(error)
    note = None if failed.note is None else note_to_json(failed.note)
    return json.dumps({"classes": failed.error_classes, "note": note}).encode()


def _judge(status: int, report: bytes, peak_memory_mb: float) -> Exit:
    if os.WIFSIGNALED(status):
        killed = Note(NoteCode.SIGNALLED, {"signal": _signal_name(os.WTERMSIG(status))})
        return Exit(Ending.CRASHED, killed, peak_memory_mb=peak_memory_mb)
    if report == _FINISHED:
        return Exit(Ending.FINISHED, peak_memory_mb=peak_memory_mb)
    if not report:
        left = Note(NoteCode.EXITED, {"exit_code": os.waitstatus_to_exitcode(status)})
        return Exit(Ending.FAILED, left, peak_memory_mb=peak_memory_mb)
    classes, note = _reported(report)
    ending = Ending.KILLED_MEMORY if "MemoryError" in classes else Ending.FAILED
    return Exit(ending, note, classes, peak_memory_mb)


def _signal_name(number: int) -> str:
    """Return the name of a signal. Those of the real-time signals between the first and the last have none in Python."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIG{number}"


def _reported(report: bytes) -> tuple[tuple[str, ...], Note]:
    """Return the classes of an error, and its note, in a report that may have been written by anybody."""
    unreadable = (), Note(NoteCode.REPORT_UNREADABLE)
    if len(report) > _MAX_REPORT:
        return unreadable
    try:
        told = json.loads(report)
        classes = tuple(str(name)[:_MAX_NAME] for name in told["classes"][:_MAX_CLASSES])
        return classes, read_untrusted_note(told["note"])
    except (AttributeError, ValueError, KeyError, TypeError, RecursionError):
        return unreadable


def _kill_tree(leader: int) -> None:
    """SIGKILL to the leader, its group, and every descendant that left the group."""
    strays = tree_of(leader) - {leader}
    for send, target in [(os.killpg, leader), (os.kill, leader), *((os.kill, s) for s in strays)]:
        with suppress(ProcessLookupError):
            send(target, signal.SIGKILL)


def _read_all(descriptor: int) -> bytes:
    """Return what stands in a non-blocking pipe; a stray that still holds its other end does not matter."""
    parts: list[bytes] = []
    with suppress(BlockingIOError):
        while part := os.read(descriptor, 65536):
            parts.append(part)
    return b"".join(parts)
