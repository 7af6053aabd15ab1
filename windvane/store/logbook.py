"""The part of a Transaction that is about logs, and what can be asked of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from windvane.domain.logs import LogEvent, LogGroup, LogLine, LogPlace, LogStream, Position
from windvane.names import Scope
from windvane.store.times import to_micros


@dataclass(frozen=True, kw_only=True)
class StreamQuery:
    """Streams of one group.

    by_time    in the order of their newest lines, not of their names
    after      what `order_of` says of the last one of the page before
    """

    scope: Scope
    group: str
    prefix: str = ""
    by_time: bool = False
    descending: bool = False
    after: Any = None
    limit: int = 50


@dataclass(frozen=True, kw_only=True)
class LineQuery:
    """Lines of one group, oldest first.

    streams         names; None for all;  prefix    of stream names
    start_ms        inclusive;  end_ms    exclusive
    after, before   exclusive
    newest_first    the last ones that fit, newest first
    """

    scope: Scope
    group: str
    streams: tuple[str, ...] | None = None
    prefix: str = ""
    start_ms: int | None = None
    end_ms: int | None = None
    after: Position | None = None
    before: Position | None = None
    newest_first: bool = False
    limit: int = 10_000


class LogBook(Protocol):
    """Groups and streams come into being with their first line, and go when their last one is forgotten.

    Names are told apart by case. Lines outlive what they are about.
    """

    def log(self, place: LogPlace, lines: Sequence[LogLine], now: datetime) -> None:
        """Write lines, made fit (domain/logs.py, `clean`); none writes nothing. Their time is `now`, or that of the
        newest line of the group if that is later: in a group the order of times is that of writing."""

    def log_group(self, scope: Scope, name: str) -> LogGroup | None: ...

    def log_groups(
        self, scope: Scope, *, prefix: str = "", contains: str = "", after: str = "", limit: int
    ) -> list[LogGroup]:
        """Return log groups in the order of their names, those beyond `after`."""

    def log_stream(self, scope: Scope, group: str, name: str) -> LogStream | None: ...

    def log_streams(self, query: StreamQuery) -> list[LogStream]: ...

    def log_lines(self, query: LineQuery) -> list[LogEvent]: ...

    def forget_lines(self, before: datetime, at_most: int) -> int:
        """Remove the oldest lines, if written before this time; how many went."""


def order_of(stream: LogStream, by_time: bool) -> Any:
    """Return where a list of streams goes on after this one (JSON)."""
    return [to_micros(stream.last) // 1000, stream.name] if by_time else stream.name
