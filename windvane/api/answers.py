"""Small pieces that many answers share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from windvane.control.lists import Listed
from windvane.domain.resource import Resource
from windvane.notes.note import Note
from windvane.notes.sentences import sentence

R = TypeVar("R", bound=Resource)

LONGEST_REASON = 1024


def present(**members: Any) -> dict[str, Any]:
    """Return the members that have a value: an unset one is left out, never sent as null or empty."""
    return {name: value for name, value in members.items() if value not in (None, "", (), [])}


def echoed(request: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return the members of a request that an answer repeats, as far as they were given."""
    return {name: request[name] for name in names if name in request}


def listed(name: str, page: Listed[R], summary: Callable[[R], dict[str, Any]]) -> dict[str, Any]:
    """Return a page of a list; NextToken only when more remain."""
    return {
        name: [summary(record) for record in page.records],
        **present(NextToken=page.next_token),
    }


def reason(failure: Note | None) -> str:
    """Return a FailureReason, at most as long as the service model allows; "" for none."""
    text = "" if failure is None else sentence(failure)
    return text if len(text) <= LONGEST_REASON else f"{text[: LONGEST_REASON - 3]}..."
