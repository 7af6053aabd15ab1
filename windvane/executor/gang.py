"""Runs work that several machines do together, its members: for who asks it is one piece of work, with one end.

All members get a place at the same time or none does, each on a machine of its own. The first one is begun before the others, which have
to know where it is to be reached. If one of them fails, the others are ended, and that is the end of the work. What the first member says
and returns is what the work says and returns.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

from windvane.errors import MemberLost
from windvane.executor.base import End, Ended, Meets, News, Said, Seat, Told, Work
from windvane.executor.meeting import identity
from windvane.notes.codes import DataValue, NoteCode
from windvane.notes.note import Note

_CAUSES = (End.OUT_OF_TIME, End.OUT_OF_MEMORY, End.FAILED, End.CRASHED)
"""Ends of a member that are those of the work. If there is none, it was lost."""


class Places(Protocol):
    """What runs work on several machines, as an executor does, and keeps places for the members of a gang."""

    def submit(self, work: Work) -> None: ...

    def poll(self, timeout_s: float) -> list[Told]: ...

    def kill(self, key: str) -> None: ...

    def close(self) -> None: ...

    def n_machines(self, cpus: int, memory_mb: int) -> int:
        """Return how many machines could do work of this size if they did nothing else."""

    def reserve(self, gang: str, work: Work, size: int) -> None:
        """Ask for a place on each of so many machines, for work that names the gang in its seat."""

    def release(self, gang: str) -> None:
        """Give back the places of a gang."""


class GangExecutor:
    """To be used by one thread."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._gangs: dict[str, _Gang] = {}
        self._of_member: dict[str, tuple[_Gang, int]] = {}

    def submit(self, work: Work) -> None:
        """Begin some work; with as many members as there are machines with room for one, if it asks for more."""
        if work.key in self._gangs:
            raise ValueError(f"There is work of the key {work.key} already.")
        size = 1
        if work.members > 1:
            size = min(work.members, self._places.n_machines(work.cpus, work.memory_mb))
        if size < 2:
            self._places.submit(replace(work, members=1))
            return
        gang = self._gangs[work.key] = _Gang(work, size, identity())
        self._places.reserve(work.key, work, size)
        self._begin(gang, 0, "")

    def poll(self, timeout_s: float) -> list[News]:
        news: list[News] = []
        for told in self._places.poll(timeout_s):
            if (found := self._of_member.get(told.key)) is not None:
                news += self._heard(*found, told)
            elif not isinstance(told, Meets):
                news.append(told)
        return news

    def kill(self, key: str) -> None:
        gang = self._gangs.get(key)
        if gang is None:
            self._places.kill(key)
        else:
            gang.is_stopped = True
            self._end_members(gang)

    def close(self) -> None:
        self._places.close()
        self._gangs.clear()
        self._of_member.clear()

    def _begin(self, gang: _Gang, rank: int, address: str) -> None:
        member = gang.member(rank, address)
        gang.open.add(rank)
        self._of_member[member.key] = gang, rank
        self._places.submit(member)

    def _heard(self, gang: _Gang, rank: int, told: Told) -> list[News]:
        """Return what is to be told of the work after some news of a member."""
        if isinstance(told, Meets):
            if rank == 0 and not gang.is_ending and len(gang.open) == 1:
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
        if gang.open:
            return []
        self._places.release(gang.work.key)
        del self._gangs[gang.work.key]
        return [gang.end()]

    def _end_members(self, gang: _Gang) -> None:
        if gang.is_ending:
            return
        gang.is_ending = True
        for rank in gang.open:
            self._places.kill(gang.key_of(rank))


@dataclass(eq=False)
class _Gang:
    """Some work in the hands of its members.

    identity    what they show each other
    open        ranks of the members that were begun and have not ended
    is_stopped  it was told to end
    is_ending   its members were
    """

    work: Work
    size: int
    identity: str
    open: set[int] = field(default_factory=set)
    ended: dict[int, Ended] = field(default_factory=dict)
    is_stopped: bool = False
    is_ending: bool = False

    def key_of(self, rank: int) -> str:
        return f"{self.work.key}/{rank}"

    def member(self, rank: int, address: str) -> Work:
        """Return the work of a member.

        address    where the first one is to be reached
        """
        payload = {**self.work.payload, "member": {"rank": rank, "size": self.size}}
        seat = Seat(self.work.key, rank, self.size, self.identity, address)
        return replace(self.work, key=self.key_of(rank), payload=payload, members=1, seat=seat)

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
        return Ended(key, End.LOST, note=Note(NoteCode.PROCESS_LOST, {"text": DataValue(why)}))
