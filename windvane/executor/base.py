"""What an executor is. Tests: `windvane/testing/executor_contract.py` holds each kind of executor to this."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import import_module
from typing import Any, Protocol

from windvane.notes.note import Note
from windvane.notes.sentences import reason

Say = Callable[[Mapping[str, Any]], None]
"""Told by a function while it runs: JSON, which takes the place of what it said before."""

Function = Callable[[Mapping[str, Any], Say], Mapping[str, Any]]
"""Work of one kind: from a payload to a result, JSON both. It raises WindvaneError for what it can explain."""


def function_of(name: str) -> Function:
    """Return the function of a name, "package.module:name"."""
    module, _, attribute = name.partition(":")
    found: Function = getattr(import_module(module), attribute)
    return found


@dataclass(frozen=True)
class GangMember:
    """One of the members of a gang (executor/gang.py).

    gang      the key of its work
    rank      of the member, from 0
    size      how many members there are
    identity  private key and certificate by which they know each other; no work learns of it
    address   where the first one is to be reached; "" for that one itself
    """

    gang: str
    rank: int
    size: int
    identity: str = field(repr=False)
    address: str


@dataclass(frozen=True)
class Work:
    """A function to be run.

    key        among all work that this executor has been given
    function   where it is to be imported from, "package.module:name"
    payload    JSON; files have names in it that any machine of the executor can open
    memory_mb  that it may hold in MiB, its children included
    kill_at    a time.time() at which it is ended
    cpus       that it keeps busy: where there are several machines, it is run where so many are free
    n_members  machines that may do it together, each with so much memory and so many cpus (executor/gang.py); elsewhere one does it
    member     which of them is to do this; None if one machine does all of it
    """

    key: str
    function: str
    payload: Mapping[str, Any]
    memory_mb: int
    kill_at: float
    cpus: int = 1
    n_members: int = 1
    member: GangMember | None = None


class End(StrEnum):
    """The ways in which work ends.

    FINISHED        its function returned
    FAILED          its function raised, or its process left without returning
    OUT_OF_TIME     it was ended at its `kill_at`
    OUT_OF_MEMORY   it was ended because it held more than its `memory_mb`
    KILLED          it was ended by `kill`
    CRASHED         its process crashed or was ended from elsewhere, on a machine that lives: that may be its own doing
    LOST            it is gone with its machine, or with whatever else runs all work there: nothing more is known of it
    """

    FINISHED = "finished"
    FAILED = "failed"
    OUT_OF_TIME = "out-of-time"
    OUT_OF_MEMORY = "out-of-memory"
    KILLED = "killed"
    CRASHED = "crashed"
    LOST = "lost"


@dataclass(frozen=True)
class Ended:
    """The end of some work.

    note            what went wrong; None if FINISHED
    error_classes   names of the class of the error that was raised and its bases, most special first
    peak_memory_mb  the most that it was seen to hold, MiB; None if nobody looked
    """

    key: str
    end: End
    result: Mapping[str, Any] = field(default_factory=dict)
    note: Note | None = None
    error_classes: tuple[str, ...] = ()
    peak_memory_mb: float | None = None

    @property
    def text(self) -> str:
        """What went wrong, a sentence; "" if FINISHED."""
        return reason(self.note)

    def is_a(self, error: type[BaseException]) -> bool:
        """Return whether what was raised is an error of this class."""
        return error.__name__ in self.error_classes


@dataclass(frozen=True)
class Said:
    """The last message of work that runs."""

    key: str
    said: Mapping[str, Any]


News = Ended | Said


@dataclass(frozen=True)
class MemberReady:
    """The first member of a gang is about to begin, and the others can connect to it; only who makes gangs is told so.

    address    HOST:PORT
    """

    key: str
    address: str


MachineNews = News | MemberReady
"""What is told by the machines that members of gangs run on."""


class Executor(Protocol):
    """Runs pieces of work, each in a process. To be used by one thread. Work begins at once: who submits it knows how
    much there is room for."""

    def submit(self, work: Work) -> None:
        """Begin some work.

        raises    ValueError if there is work of its key already
        """

    def poll(self, timeout_s: float) -> list[News]:
        """Return what has happened since it was asked last, each thing once; waits so long for something to happen."""

    def kill(self, key: str) -> None:
        """End some work; `poll` tells of its end. Work that has ended, or was never there, stays as it is."""

    def left_behind(self) -> list[str]:
        """Return the keys of work that goes on, or has ended, and to which the process that submitted it attends no more."""

    def take_over(self, work: Work) -> None:
        """Attend to such work: `poll` tells of it from now on. It is LOST if it is not there any more, and never begun anew.

        raises    ValueError if there is work of its key already
        """

    def close(self) -> None:
        """End all work. Nothing is told of it."""
