"""Reads the audit log: in order, to verify it, and from its end, to find the newest events."""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from windvane.audit.account_log import Anchor
from windvane.audit.chain import BrokenChain, Head, Line, check_line, read_line
from windvane.audit.files import LogFile, files_of, head_in, lines_of

_BLOCK = 1 << 16


@dataclass
class Verification:
    """The result of the verification of a whole log.

    n_lines     that were read
    problems    a sentence each; none if the log is what was written
    """

    n_lines: int = 0
    problems: list[str] = field(default_factory=list)


def read_all(*folders: Path) -> Iterator[Line]:
    """Yield every line of every writer, the oldest first; nothing is verified. Those of different writers in one second come in
    the order of their folders.

    raises    BrokenChain at a line that cannot be read
    """
    chains = [
        _lines(folder, writer)
        for folder in folders
        for writer in sorted({file.writer for file in files_of(folder)})
    ]
    return heapq.merge(*chains, key=lambda line: str(line.event.get("eventTime", "")))


def _lines(folder: Path, writer: str) -> Iterator[Line]:
    for file in files_of(folder, writer):
        for raw in lines_of(file):
            yield read_line(raw)


def verify(folder: Path, writer: str, key: bytes, anchor: Anchor | None) -> Verification:
    """Compare every line of a writer with its code and the one before it, and the end with where it was known to be.

    The writer may go on meanwhile: where the log ends is asked before its lines are read.

    anchor    as the store keeps it; None if it is not known
    """
    found, beside = Verification(), Head()
    try:
        beside = head_in(folder, writer)
    except BrokenChain as broken:
        found.problems.append(str(broken))
    before: Head | None = None
    first = 0
    for file in files_of(folder, writer):
        for raw in lines_of(file):
            try:
                line = read_line(raw)
                check_line(line, before, key)
            except BrokenChain as broken:
                found.problems.append(f"{file.path.name}: {broken}")
                if len(found.problems) >= _MOST_PROBLEMS:
                    return found
                continue
            finally:
                found.n_lines += 1
            first = first or line.number
            before = line.head
    _check_ends(found, first, before or Head(), anchor, beside)
    return found


_MOST_PROBLEMS = 100


def _check_ends(
    found: Verification, first: int, last: Head, anchor: Anchor | None, beside: Head
) -> None:
    for where, head in (("the store", anchor.head if anchor else None), ("its head file", beside)):
        if head is None or last.number > head.number:
            continue
        if last.number < head.number:
            found.problems.append(
                f"The log ends at line {last.number}, but {where} knows of line {head.number}: its end was cut off."
            )
        elif last.digest != head.digest and head.number:
            found.problems.append(
                f"Line {last.number}, the last one, is not the one that {where} knows."
            )
    if anchor is not None and anchor.first and first > anchor.first:
        found.problems.append(
            f"The log begins at line {first}, but lines from {anchor.first} on were not deleted by age: its "
            "beginning was cut off."
        )


@dataclass(frozen=True)
class Place:
    """A place in the files, reading backward: what lies before `offset` of `name` is yet to be read."""

    name: str
    offset: int


@dataclass(frozen=True)
class Passed:
    """A line that does not hold what is sought.

    time    of its event, as it stands there; "" if none does
    """

    time: str


@dataclass(frozen=True)
class LineFilter:
    """A filter before the search: a line without this is not decoded at all.

    first_day, last_day    of its file, as in the file's name; "" for any
    holds                  bytes of the line
    """

    first_day: str = ""
    last_day: str = ""
    holds: tuple[bytes, ...] = ()


def read_backward(
    folder: Path, writer: str, before: Place | None, sought: LineFilter = LineFilter()
) -> Iterator[tuple[Line | Passed, Place, int]]:
    """Yield lines of a writer from the newest to the oldest, each with the place before it and how many bytes were read
    for it. What does not hold what is sought is not decoded.

    Lines that cannot be read are passed over: `windvane audit --verify` tells of them."""
    files = files_of(folder, writer)
    newest = None if before is None else _first_of(files, before.name)
    for file in reversed(files):
        if newest is not None and file.first > newest:
            continue
        if sought.last_day and file.day > sought.last_day:
            continue
        if file.day < sought.first_day:
            return
        end = before.offset if before is not None and file.path.name == before.name else None
        for raw, start in _lines_backward(file.path, end):
            place = Place(file.path.name, start)
            if not all(part in raw for part in sought.holds):
                yield Passed(_time_in(raw)), place, len(raw) + 1
                continue
            try:
                yield read_line(raw), place, len(raw) + 1
            except BrokenChain:
                continue


def _time_in(raw: bytes) -> str:
    """Nothing that a client writes can stand there in its place: its quotation marks are escaped."""
    _, _, behind = raw.partition(b',"eventTime":"')
    return behind.partition(b'"')[0][:32].decode("ascii", "replace")


def _first_of(files: list[LogFile], name: str) -> int:
    """Return the number of the first line of a file, which may have been deleted since: then nothing is before it."""
    return next((file.first for file in files if file.path.name == name), 0)


def _lines_backward(path: Path, end: int | None) -> Iterator[tuple[bytes, int]]:
    """Yield whole lines that end at or before `end`, the last one first, and where each begins."""
    with path.open("rb") as file:
        position = file.seek(0, os.SEEK_END) if end is None else end
        tail = b""
        while position > 0 or tail:
            cut = tail.rfind(b"\n", 0, max(0, len(tail) - 1))
            if cut < 0 and position > 0:
                size = min(_BLOCK, position)
                position -= size
                file.seek(position)
                tail = file.read(size) + tail
                if not tail.endswith(b"\n"):  # a line that is being written
                    tail = tail[: tail.rfind(b"\n") + 1]
                continue
            yield tail[cut + 1 : -1], position + cut + 1
            tail = tail[: cut + 1]
