"""Files of the audit log: lines are appended, files are begun anew each day or when they are large, old ones go.

    AUDIT/WRITER-20261130-000001.jsonl    the lines from that number on
    AUDIT/WRITER.head                     the last line known to be on the disk, as {"n": ..., "digest": ...}
    AUDIT/writer                          name of the server that writes to this folder

A name of a server, so that several of one store have files of their own. It is the writer of what nobody was proved to
have sent; each account has a writer of its own, the name with the account's number behind it.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from windvane.audit.chain import BrokenChain, Head, read_line
from windvane.durable import sync_folder

_NAME = re.compile(r"(?P<writer>[0-9a-f]{8}(?:[0-9]{12})?)-(?P<day>\d{8})-(?P<first>\d{12})\.jsonl")
_SERVER = re.compile(r"[0-9a-f]{8}")
_SERVER_LETTERS = 8
DAY = "%Y%m%d"
"""A day in the name of a file."""

_TAIL = 1 << 20
"""No line is longer: parameters are bounded (audit/redaction.py)."""


@dataclass(frozen=True)
class FileBounds:
    """The size of the log's files, and how long they are kept.

    file_bytes        a file is begun anew behind so much
    retention_days    files are kept for; 0 means for ever
    all_bytes         of all files; the oldest of the account that has most go first
    """

    file_bytes: int = 64 << 20
    retention_days: int = 90
    all_bytes: int = 4 << 30


@dataclass(frozen=True)
class LogFile:
    """One file; `first` is the number of its first line."""

    path: Path
    writer: str
    day: str
    first: int


def files_of(folder: Path, writer: str | None = None) -> list[LogFile]:
    """Return the files in a folder in the order of their lines, of one writer or of all."""
    found = []
    for path in folder.glob("*.jsonl"):
        match = _NAME.fullmatch(path.name)
        if match and writer in (None, match["writer"]):
            found.append(LogFile(path, match["writer"], match["day"], int(match["first"])))
    return sorted(found, key=lambda file: (file.writer, file.first))


def lines_of(file: LogFile) -> Iterator[bytes]:
    """Yield the whole lines of a file, without their ends."""
    with file.path.open("rb") as opened:
        for line in opened:
            if line.endswith(b"\n"):
                yield line[:-1]


def account_of(writer: str) -> str:
    """Return the account whose records a writer writes; "" for what nobody was proved to have sent."""
    return writer[_SERVER_LETTERS:]


def server_by(writer: str) -> str:
    """Return the server that a writer is of."""
    return writer[:_SERVER_LETTERS]


def server_of(folder: Path) -> str:
    """Return the name of the server that writes to a folder, made the first time."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / "writer"
    if not path.exists() or not _SERVER.fullmatch(path.read_text()):
        _replace(path, secrets.token_hex(4).encode())
    return path.read_text()


def prune(folder: Path, server: str, bounds: FileBounds, now: datetime) -> dict[str, int]:
    """Delete what is too old, or too much, of all writers of a server; no writer's last file, and for the room it takes
    nothing of one that has no more than its share.

    returns    the number of the first line that is left, by writer
    """
    files: dict[str, list[LogFile]] = defaultdict(list)
    for file in files_of(folder):
        if file.writer.startswith(server):
            files[file.writer].append(file)
    days = bounds.retention_days
    oldest = (now - timedelta(days=days)).strftime(DAY) if days else ""
    sizes = {writer: [one.path.stat().st_size for one in own] for writer, own in files.items()}
    for writer, own in files.items():
        while len(own) > 1 and own[0].day < oldest:
            own.pop(0).path.unlink()
            sizes[writer].pop(0)
    while sum(map(sum, sizes.values())) > bounds.all_bytes:
        several = [writer for writer, own in files.items() if len(own) > 1]
        largest = max(several, key=lambda writer: sum(sizes[writer]), default="")
        if not largest or sum(sizes[largest]) * len(files) <= bounds.all_bytes:
            break
        files[largest].pop(0).path.unlink()
        sizes[largest].pop(0)
    return {writer: own[0].first for writer, own in files.items()}


def head_in(folder: Path, writer: str) -> Head:
    """Return the head that is kept beside the log; that of nothing if there is none.

    raises    BrokenChain if it cannot be read
    """
    path = folder / f"{writer}.head"
    if not path.exists():
        return Head()
    try:
        found = json.loads(path.read_text())
        return Head(int(found["n"]), str(found["digest"]))
    except (ValueError, KeyError, TypeError) as error:
        raise BrokenChain(f"{path.name} cannot be read: {error}.") from error


class LogFiles:
    """Appends to the files of one writer."""

    def __init__(self, folder: Path, writer: str, bounds: FileBounds) -> None:
        self.folder = folder
        self.writer = writer
        self._bounds = bounds
        self._descriptor = -1
        self._day = ""
        self._size = 0

    def recover(self) -> Head:
        """Return the end of what was written, after a torn last line is cut off: nobody was told that it was there.

        raises    BrokenChain if the last whole line is none
        """
        for file in reversed(files_of(self.folder, self.writer)):
            with file.path.open("r+b") as opened:
                size = opened.seek(0, os.SEEK_END)
                opened.seek(max(0, size - _TAIL))
                tail = opened.read()
                whole = tail.rpartition(b"\n")[0]
                torn = len(tail) - len(whole) - 1 if b"\n" in tail else len(tail)
                if torn:
                    opened.truncate(size - torn)
                if whole:
                    return read_line(whole.rpartition(b"\n")[2]).head
                if size > _TAIL:
                    raise BrokenChain(f"The end of {file.path} is no line of an audit log.")
            file.path.unlink()
        return Head()

    def append(self, lines: bytes, first: int, day: str) -> bool:
        """Write lines, the first of which has this number; either all of them or none. Return whether a file was begun.

        day       as in names of files
        raises    OSError
        """
        is_new = self._descriptor < 0 or day != self._day or self._size >= self._bounds.file_bytes
        if is_new:
            self._begin(day, first)
        try:
            left = memoryview(lines)
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError:
            os.ftruncate(self._descriptor, self._size)
            raise
        self._size += len(lines)
        return is_new

    def sync(self) -> None:
        """Make sure that what was written is on the disk.

        raises    OSError
        """
        if self._descriptor >= 0:
            os.fdatasync(self._descriptor)

    def keep_head(self, head: Head) -> None:
        """Write down the number and digest of the last record.

        raises    OSError
        """
        document = {"n": head.number, "digest": head.digest}
        _replace(self.folder / f"{self.writer}.head", json.dumps(document).encode())

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _begin(self, day: str, first: int) -> None:
        self.sync()
        self.close()
        path = self.folder / f"{self.writer}-{day}-{first:012}.jsonl"
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        self._descriptor = os.open(path, flags, 0o600)
        self._size = os.fstat(self._descriptor).st_size
        self._day = day
        sync_folder(self.folder)


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
