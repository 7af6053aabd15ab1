"""Runs work that several machines do together, its members: for who asks it is one piece of work, with one end.

All members get room at the same time or none does, each on a machine of its own. The first one is begun before the others, which have
to know where it is to be reached. If one of them fails, the others are ended, and that is the end of the work. What the first member says
and returns is what the work says and returns. If there is no room for all of them for a while, one machine does the work alone.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field, replace
from typing import Protocol

from windvane.errors import MemberLost
from windvane.executor.base import (
    End,
    Ended,
    GangMember,
    MachineNews,
    MemberReady,
    News,
    Said,
    Work,
)
from windvane.executor.communicator import new_identity
from windvane.executor.exits import lost
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note

_LOG = logging.getLogger(__name__)

_CAUSES = (End.OUT_OF_TIME, End.OUT_OF_MEMORY, End.FAILED, End.CRASHED)
"""Ends of a member that are those of the work. If there is none, it was lost."""

_WAITING_SHARE = 0.1
"""Of the time of some work, for which its first member may wait to begin."""


class Machines(Protocol):
    """Runs work on several machines, as an executor does, and reserves room for the members of a gang."""

    def submit(self, work: Work) -> None: ...

    def poll(self, timeout_s: float) -> list[MachineNews]: ...

    def kill(self, key: str) -> None: ...

    def left_behind(self) -> list[str]: ...

    def take_over(self, work: Work) -> None: ...

    def close(self) -> None: ...

    def n_machines(self, cpus: int, memory_mb: int) -> int:
        """Return how many machines could do work of this size if they did nothing else."""

    def reserve(self, gang: str, work: Work, size: int) -> None:
        """Ask for room for some work on each of so many machines; the members of the gang run there."""

    def release(self, gang: str) -> None:
        """Give back the room of a gang."""


class GangExecutor:
    """Runs work by as many members as it asks for and there are machines for. To be used by one thread."""

    def __init__(self, machines: Machines) -> None:
        self._machines = machines
        self._gangs: dict[str, _Gang] = {}
        self._of_member: dict[str, tuple[_Gang, int]] = {}

    def submit(self, work: Work) -> None:
        """Begin some work; with as many members as there are machines with room for one, if it asks for more."""
        if work.key in self._gangs:
            raise ValueError(f"There is work of the key {work.key} already.")
        size = 1
        if work.n_members > 1:
            size = min(work.n_members, self._machines.n_machines(work.cpus, work.memory_mb))
        if size < 2:
            self._machines.submit(replace(work, n_members=1))
            return
        now = time.time()
        begin_by = now + _WAITING_SHARE * max(0.0, work.kill_at - now)
        gang = self._gangs[work.key] = _Gang(work, size, new_identity(), begin_by)
        self._machines.reserve(work.key, work, size)
        self._begin(gang, 0, "")

    def poll(self, timeout_s: float) -> list[News]:
        news: list[News] = []
        for told in self._machines.poll(timeout_s):
            if (found := self._of_member.get(told.key)) is not None:
                news += self._heard(*found, told)
            elif not isinstance(told, MemberReady):
                news.append(told)
        for gang in self._gangs.values():
            if gang.has_no_room(time.time()):
                gang.is_given_up = True
                self._end_members(gang)
        return news

    def kill(self, key: str) -> None:
        gang = self._gangs.get(key)
        if gang is None:
            self._machines.kill(key)
        else:
            gang.is_stopped = True
            self._end_members(gang)

    def left_behind(self) -> list[str]:
        """Return the keys of such work; no member of a gang is left behind, as all end together."""
        return self._machines.left_behind()

    def take_over(self, work: Work) -> None:
        self._machines.take_over(replace(work, n_members=1))

    def close(self) -> None:
        self._machines.close()
        self._gangs.clear()
        self._of_member.clear()

    def _begin(self, gang: _Gang, rank: int, address: str) -> None:
        member = gang.member(rank, address)
        gang.open.add(rank)
        self._of_member[member.key] = gang, rank
        self._machines.submit(member)

    def _heard(self, gang: _Gang, rank: int, told: MachineNews) -> list[News]:
        """Return what is to be told of the work after some news of a member."""
        if isinstance(told, MemberReady):
            if rank == 0 and not gang.is_ending and not gang.has_begun:
                gang.has_begun = True
                for other in range(1, gang.size):
                    self._begin(gang, other, told.address)
            return []
        if isinstance(told, Said):
            return [replace(told, key=gang.work.key)] if rank == 0 else []
        del self._of_member[told.key]
        gang.open.remove(rank)
        gang.ended[rank] = told
        if gang.is_over_with(rank, told):
            self._end_members(gang)
        return [] if gang.open else self._ended(gang)

    def _ended(self, gang: _Gang) -> list[News]:
        """Return what is to be told of the work once all members have ended."""
        self._machines.release(gang.work.key)
        del self._gangs[gang.work.key]
        if gang.is_given_up and not gang.is_stopped:
            _LOG.warning("There was no room on %d nodes at the same time: one does it.", gang.size)
            self._machines.submit(replace(gang.work, n_members=1))
            return []
        return [gang.end()]

    def _end_members(self, gang: _Gang) -> None:
        if gang.is_ending:
            return
        gang.is_ending = True
        for rank in gang.open:
            self._machines.kill(gang.key_of(rank))


@dataclass(eq=False)
class _Gang:
    """Some work in the hands of its members.

    identity     what they show each other
    begin_by     the time.time() until which the first one may wait for room
    open         ranks of the members that were begun and have not ended
    has_begun    there is room for all, and the first one runs
    is_stopped   it was told to end
    is_given_up  there was no room in time
    is_ending    its members were told to end
    """

    work: Work
    size: int
    identity: str = field(repr=False)
    begin_by: float
    open: set[int] = field(default_factory=set)
    ended: dict[int, Ended] = field(default_factory=dict)
    has_begun: bool = False
    is_stopped: bool = False
    is_given_up: bool = False
    is_ending: bool = False

    def key_of(self, rank: int) -> str:
        return f"{self.work.key}/{rank}"

    def member(self, rank: int, address: str) -> Work:
        """Return the work of a member.

        address    where the first one is to be reached
        """
        payload = {**self.work.payload, "member": {"rank": rank, "size": self.size}}
        member = GangMember(self.work.key, rank, self.size, self.identity, address)
        key = self.key_of(rank)
        return replace(self.work, key=key, payload=payload, n_members=1, member=member)

    def has_no_room(self, now: float) -> bool:
        """Return whether the first member has waited for too long."""
        return now > self.begin_by and not self.has_begun and not self.is_ending

    def is_over_with(self, rank: int, ended: Ended) -> bool:
        """Return whether the others are not to go on after the end of a member. One that has lost another is not to blame, and that
        one's end is awaited, which says more."""
        if ended.end is End.FINISHED:
            return rank == 0
        return not ended.is_a(MemberLost)

    def end(self) -> Ended:
        """Return the end of the work, once all members have ended."""
        first, key = self.ended[0], self.work.key
        if first.end is End.FINISHED:
            return replace(first, key=key)
        if self.is_stopped:
            return Ended(key, End.KILLED, note=Note(NoteCode.TOLD_TO_STOP))
        to_blame = [one for _, one in sorted(self.ended.items()) if not one.is_a(MemberLost)]
        for cause in _CAUSES:
            found = next((one for one in to_blame if one.end is cause), None)
            if found is not None:
                return replace(found, key=key)
        why = next((one.text for one in to_blame if one.end is End.LOST), "a member is gone")
        return lost(key, why)
