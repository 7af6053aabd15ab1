"""One account's part of the audit log: a chain of its own, in files of its own, so that no account's records push out
another's, and nobody reads through those of others to find its own."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from windvane.audit.chain import BrokenChain, Head, write_line
from windvane.audit.files import FileBounds, LogFiles
from windvane.audit.record import Event

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Anchor:
    """The end of a log, kept outside of it.

    first    number of the first line that was not deleted
    """

    head: Head
    first: int


class Anchors(Protocol):
    """A store of anchors, by the name of the log's writer (audit/anchors.py)."""

    def get(self, writer: str) -> Anchor | None: ...
    def put(self, writer: str, anchor: Anchor) -> None: ...


class AccountLog:
    """The audit log of one account by one server: appends to its chain, from where it ends.

    key    authenticates lines
    """

    def __init__(
        self, folder: Path, writer: str, bounds: FileBounds, key: bytes, anchors: Anchors
    ) -> None:
        self._files = LogFiles(folder, writer, bounds)
        self._key = key
        self._anchors = anchors
        anchor = anchors.get(writer)
        self._head = found = self._end(anchor)
        self._kept = found, anchor.first if anchor is not None else 0

    def append(self, events: Iterable[Event], day: str, *, is_waited_for: bool) -> bool:
        """Write events, and sync them if somebody waits for it. Return whether a file was begun.

        raises    OSError; nothing was written then
        """
        head, lines = self._head, []
        for event in events:
            line, head = write_line(event, head, self._key)
            lines.append(line)
        has_begun = self._files.append(b"".join(lines), self._head.number + 1, day)
        self._head = head
        if is_waited_for:
            self._files.sync()
        return has_begun

    def keep_head(self, first: int | None) -> None:
        """Keep the end of the chain beside the files and in the store, if it has changed.

        first     number of the first line that is left; None for the one that was known
        raises    OSError, and what the store raises
        """
        now = self._head, self._kept[1] if first is None else first
        if now == self._kept:
            return
        self._files.sync()
        self._files.keep_head(self._head)
        self._anchors.put(self._files.writer, Anchor(*now))
        self._kept = now

    def close(self) -> None:
        self._files.close()

    def _end(self, anchor: Anchor | None) -> Head:
        try:
            found = self._files.recover()
        except BrokenChain as broken:
            _log.error("%s `windvane audit --verify` tells more.", broken)
            found = anchor.head if anchor is not None else Head()
        if anchor is not None and anchor.head.number > found.number:
            _log.error(
                "The audit log ends at line %d, but line %d was written: its end was removed. `windvane audit "
                "--verify` tells more.",
                found.number,
                anchor.head.number,
            )
            return anchor.head
        return found
