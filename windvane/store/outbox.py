"""The part of a Transaction that is about events: state changes, written with the change itself, and who has had them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from windvane.domain.events import Event
from windvane.names import Scope


@dataclass(frozen=True)
class Subscriber:
    """The progress of a webhook.

    position   sequence of the last event it is done with
    n_skipped  events that were given up for it, ever
    """

    key: str
    position: int
    n_skipped: int = 0


class Outbox(Protocol):
    """Whatever inserts, updates or deletes a resource also writes the event that says so (domain/events.py), in the
    same transaction. Sequence numbers grow, in the order of commits: who has seen event n will never find one
    below n that was not there before."""

    def events(
        self, *, after: int, limit: int, scope: Scope | None = None, owner: str = ""
    ) -> list[Event]:
        """Return those with a larger sequence than `after`, in order.

        owner    ARN of the AutoML job or other resource whose events are wanted; "" for all
        """

    def last_event(self) -> int:
        """Return the sequence of the newest event that is kept; 0 if there is none."""

    def subscriber(self, key: str) -> Subscriber | None: ...

    def put_subscriber(self, subscriber: Subscriber) -> None:
        """Add or replace."""

    def forget_events(self, before: datetime, at_most: int) -> int:
        """Remove the oldest events, if older than this; how many went."""
