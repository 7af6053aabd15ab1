"""What the operations of CloudWatch Logs mean here: groups, streams and lines are read, never written, by clients.

source    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from windvane.control.filter_patterns import FilterPattern, read_filter_pattern
from windvane.domain.deployment import Endpoint
from windvane.domain.logs import LogEvent, LogGroup, LogStream, Position, endpoint_log_group
from windvane.errors import InvalidRequest, NotFound
from windvane.names import PageTokens, Scope
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note
from windvane.store.base import Store, Transaction
from windvane.store.logbook import LineQuery, StreamQuery, order_of

MOST_LINES = 10_000
"""Of one answer."""

MOST_BYTES = 1 << 20
"""Of the messages of one answer, each counted with what stands around it; one is in any case."""

MOST_COMPARED = 500_000_000
"""Characters that one call compares, each term with each message: a tenth of a second, in which others wait. A call takes
some for each term and message besides."""

_AROUND_A_MESSAGE = 160
_AROUND_A_TERM = 500
_END_OF_TIME_MS = 2**63 - 1
"""The greatest number that a store holds."""

_PAGE = 50
_GROUP_ARN = re.compile(r"arn:aws[a-z-]*:logs:([a-z0-9-]+):([0-9]{12}):log-group:([^:*]+)(:\*)?")
_TOKEN = re.compile(r"([fb])/([0-9]{1,18})/([0-9]{1,18})")

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Groups:
    """A page; next_token is "" on the last one."""

    groups: Sequence[LogGroup]
    next_token: str


@dataclass(frozen=True)
class Streams:
    """A page; next_token is "" on the last one."""

    streams: Sequence[LogStream]
    next_token: str


@dataclass(frozen=True)
class Lines:
    """Lines of one stream, oldest first; either token goes on from there."""

    lines: Sequence[LogEvent]
    forward: str
    backward: str


@dataclass(frozen=True)
class Found:
    """Lines of one group that were looked for; next_token is "" once everything was looked through."""

    lines: Sequence[LogEvent]
    next_token: str


@dataclass(frozen=True)
class Change:
    """A line that tells of an endpoint or of its variants, not of a single process."""

    time_ms: int
    message: str
    note: Note


_CHANGES = (NoteCode.ENDPOINT_UPDATING, NoteCode.VARIANT_RESCALED, NoteCode.ENDPOINT_IS)

_CHANGES_AMONG = 2000
"""Lines, the newest ones, among which changes are looked for."""


class Logs:
    """The operations of CloudWatch Logs that read.

    retention_days    that lines are kept; 0 means for ever
    """

    def __init__(self, store: Store, tokens: PageTokens, retention_days: int) -> None:
        self._store = store
        self._tokens = tokens
        self.retention_days = retention_days

    def groups(self, scope: Scope, parameters: Parameters) -> Groups:
        """Return a page of the log groups.

        raises    InvalidRequest
        """
        prefix, part = parameters.get("logGroupNamePrefix"), parameters.get("logGroupNamePattern")
        if prefix is not None and part is not None:
            raise InvalidRequest(
                "Only one of logGroupNamePrefix and logGroupNamePattern can be given."
            )
        _refuse_other_accounts(scope, parameters)
        belongs_to = _belongs_to("DescribeLogGroups", scope, parameters)
        limit = parameters.get("limit", _PAGE)
        wanted = parameters.get("logGroupIdentifiers")
        with self._store.snapshot() as tx:
            if parameters.get("logGroupClass", "STANDARD") != "STANDARD":
                found = []
            elif wanted is not None:
                names = sorted({_group_name(scope, one) for one in wanted})
                found = [group for name in names if (group := tx.log_group(scope, name))]
                limit = len(names)
            else:
                found = tx.log_groups(
                    scope,
                    prefix=prefix or "",
                    contains=part or "",
                    after=self._position(belongs_to, parameters) or "",
                    limit=limit + 1,
                )
        token = self._tokens.issue(belongs_to, found[limit - 1].name) if len(found) > limit else ""
        return Groups(found[:limit], token)

    def streams(self, scope: Scope, parameters: Parameters) -> Streams:
        """Return a page of the streams of a log group.

        raises    NotFound for the group; InvalidRequest
        """
        by_time = parameters.get("orderBy") == "LastEventTime"
        prefix = parameters.get("logStreamNamePrefix", "")
        if by_time and prefix:
            raise InvalidRequest("Cannot order by LastEventTime with a logStreamNamePrefix.")
        name, limit = named_group(scope, parameters), parameters.get("limit", _PAGE)
        belongs_to = _belongs_to("DescribeLogStreams", scope, parameters)
        with self._store.snapshot() as tx:
            _find_group(tx, scope, name)
            found = tx.log_streams(
                StreamQuery(
                    scope=scope,
                    group=name,
                    prefix=prefix,
                    by_time=by_time,
                    descending=parameters.get("descending", False),
                    after=self._position(belongs_to, parameters),
                    limit=limit + 1,
                )
            )
        if len(found) <= limit:
            return Streams(found, "")
        return Streams(
            found[:limit], self._tokens.issue(belongs_to, order_of(found[limit - 1], by_time))
        )

    def lines(self, scope: Scope, parameters: Parameters) -> Lines:
        """Return one page of a stream, from its head or its tail, or on from a token.

        raises    NotFound for the group or the stream; InvalidRequest
        """
        name, stream = named_group(scope, parameters), parameters["logStreamName"]
        query = LineQuery(
            scope=scope,
            group=name,
            streams=(stream,),
            start_ms=parameters.get("startTime"),
            end_ms=parameters.get("endTime"),
            newest_first=not parameters.get("startFromHead", False),
            limit=parameters.get("limit", MOST_LINES),
        )
        token = parameters.get("nextToken", "")
        if token:
            query = _from_token(query, token)
        with self._store.snapshot() as tx:
            _find_group(tx, scope, name)
            if tx.log_stream(scope, name, stream) is None:
                raise NotFound("The specified log stream does not exist.")
            found = _fitting(tx.log_lines(query))
        lines = found[::-1] if query.newest_first else found
        return Lines(lines, *_tokens_around(lines, query, token))

    def filter(self, scope: Scope, parameters: Parameters) -> Found:
        """Return lines of a group that match, in pages each of which is looked through in bounded time.

        raises    NotFound for the group; InvalidRequest
        """
        name, pattern = (
            named_group(scope, parameters),
            read_filter_pattern(parameters.get("filterPattern", "")),
        )
        query = _searched(scope, name, parameters)
        belongs_to = _belongs_to("FilterLogEvents", scope, parameters)
        position = self._position(belongs_to, parameters)
        if position is not None:
            query = _going_on(query, *position)
        with self._store.snapshot() as tx:
            _find_group(tx, scope, name)
            looked_at = tx.log_lines(query)
        matching, last = _matching(looked_at, pattern, parameters.get("limit", MOST_LINES))
        is_over = len(looked_at) < query.limit and (not looked_at or last is looked_at[-1])
        if is_over or last is None:
            return Found(matching, "")
        position = [*last.position, query.newest_first]
        return Found(matching, self._tokens.issue(belongs_to, position))

    def history(self, endpoint: Endpoint) -> list[Change]:
        """Return what is known of the endpoint's changes, the newest first; what was told in the log of every variant
        is taken once. Another one of the same name may have been there before it."""
        query = LineQuery(
            scope=endpoint.scope,
            group=endpoint_log_group(endpoint.name),
            start_ms=int(endpoint.created.timestamp() * 1000),
            newest_first=True,
            limit=_CHANGES_AMONG,
        )
        with self._store.snapshot() as tx:
            lines = tx.log_lines(query)
        found: dict[tuple[int, str], Change] = {}
        for line in lines:
            note = line.note
            if note is not None and note.has(*_CHANGES):
                change = Change(line.time_ms, line.message, note)
                found.setdefault((line.time_ms, line.message), change)
        return list(found.values())

    def _position(self, belongs_to: tuple[str, ...], parameters: Parameters) -> Any:
        token = parameters.get("nextToken")
        return None if token is None else self._tokens.read(belongs_to, token)


def named_group(scope: Scope, parameters: Parameters) -> str:
    """Return the name of the log group that a request names.

    raises    InvalidRequest unless a group of the caller is named in one way
    """
    name, identifier = parameters.get("logGroupName"), parameters.get("logGroupIdentifier")
    if (name is None) == (identifier is None):
        raise InvalidRequest(
            "Exactly one of logGroupName and logGroupIdentifier must be given to name the log group."
        )
    return _group_name(scope, identifier) if identifier is not None else str(name)


def _group_name(scope: Scope, identifier: str) -> str:
    """Return the name of a group from a name or an ARN."""
    match = _GROUP_ARN.fullmatch(identifier)
    if match is None:
        return identifier
    region, account, name, _ = match.groups()
    if (account, region) != (scope.account, scope.region):
        raise InvalidRequest(
            f"The log group {identifier} belongs to another account or region than the request."
        )
    return name


def _find_group(tx: Transaction, scope: Scope, name: str) -> LogGroup:
    group = tx.log_group(scope, name)
    if group is None:
        raise NotFound("The specified log group does not exist.")
    return group


def _refuse_other_accounts(scope: Scope, parameters: Parameters) -> None:
    others = set(parameters.get("accountIdentifiers", ())) - {scope.account}
    if others or parameters.get("includeLinkedAccounts"):
        raise InvalidRequest(
            "Log groups of other accounts are not listed here: there are no linked accounts."
        )


def _searched(scope: Scope, name: str, parameters: Parameters) -> LineQuery:
    streams, prefix = (
        parameters.get("logStreamNames"),
        parameters.get("logStreamNamePrefix", ""),
    )
    if streams is not None and prefix:
        raise InvalidRequest("Only one of logStreamNames and logStreamNamePrefix can be given.")
    end_ms = parameters.get("endTime")
    return LineQuery(
        scope=scope,
        group=name,
        streams=None if streams is None else tuple(streams),
        prefix=prefix,
        start_ms=parameters.get("startTime"),
        end_ms=None if end_ms is None else min(end_ms + 1, _END_OF_TIME_MS),
        newest_first=not parameters.get("startFromHead", True),
        limit=MOST_LINES,
    )


def _going_on(query: LineQuery, time_ms: int, line: int, newest_first: bool) -> LineQuery:
    """Return the query that goes on in the direction in which the search began."""
    at = (time_ms, line)
    if newest_first:
        return replace(query, before=at, newest_first=True)
    return replace(query, after=at, newest_first=False)


def _matching(
    lines: Sequence[LogEvent], pattern: FilterPattern, at_most: int
) -> tuple[list[LogEvent], LogEvent | None]:
    """Return those that match and fit into an answer, and the last one that was looked at for it."""
    found: list[LogEvent] = []
    last, room, left = None, MOST_BYTES, MOST_COMPARED
    for line in lines:
        if left < 0:
            break
        left -= pattern.n_terms * (len(line.message) + _AROUND_A_TERM)
        if pattern.matches(line.message):
            room -= len(line.message.encode()) + _AROUND_A_MESSAGE
            if found and (room < 0 or len(found) == at_most):
                break
            found.append(line)
        last = line
    return found, last


def _fitting(lines: Sequence[LogEvent]) -> list[LogEvent]:
    return _matching(lines, FilterPattern(), MOST_LINES)[0]


def _from_token(query: LineQuery, token: str) -> LineQuery:
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise InvalidRequest("The specified nextToken is invalid.")
    at = (int(match[2]), int(match[3]))
    return _going_on(query, *at, newest_first=match[1] == "b")


def _tokens_around(lines: Sequence[LogEvent], query: LineQuery, token: str) -> tuple[str, str]:
    """Forward and backward. At an end, its token is the one that was sent: clients know the end by that."""
    if lines:
        return _token("f", lines[-1].position), _token("b", lines[0].position)
    if query.after is not None:
        time_ms, line = query.after
        return token, _token("b", (time_ms, line + 1))
    if query.before is not None:
        time_ms, line = query.before
        return _token("f", (time_ms, max(0, line - 1))), token
    start = (query.start_ms or 0, 0)
    return _token("f", start), _token("b", start)


def _token(way: str, position: Position) -> str:
    return f"{way}/{position[0]}/{position[1]}"


def _belongs_to(name: str, scope: Scope, parameters: Parameters) -> tuple[str, ...]:
    """Return what a token belongs to: another scope, operation or filter makes it void."""
    filters = {
        key: value
        for key, value in sorted(parameters.items())
        if key not in ("nextToken", "limit", "startFromHead")
    }
    return scope.account, scope.region, name, json.dumps(filters)
