"""The logs of endpoints: what became of the model processes of each instance. Requests and answers leave no trace in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime

from windvane.domain.deployment import Endpoint
from windvane.domain.logs import LogLine, LogPlace, endpoint_place, line_of
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note
from windvane.store.base import Store, Transaction

Tell = Callable[[str, int, Note], None]
"""Tells of an instance: its variant, its number, what happened."""

_MOST = 1000


def untold(_variant: str, _number: int, _note: Note) -> None:
    """Tell nobody: for a fleet that nobody keeps a log of."""


class EndpointLog:
    """Belongs to the hosting thread. Lines gather until `flush` writes all of them in one transaction; of more than a
    store out of reach lets through, the newest are kept."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store, self._clock = store, clock
        self._waiting: list[tuple[LogPlace, Note, datetime]] = []

    def of(self, endpoint: Endpoint, generation: int) -> Tell:
        """Return where one generation of an endpoint tells of its instances."""

        def tell(variant: str, number: int, note: Note) -> None:
            place = endpoint_place(endpoint, generation, variant, number)
            self._waiting = [*self._waiting[1 - _MOST :], (place, note, self._clock())]

        return tell

    def flush(self) -> None:
        """Write what is due to the log. Nothing is lost if the store cannot be written to: the next call tries again."""
        if not self._waiting:
            return
        told: dict[tuple[LogPlace, datetime], list[LogLine]] = defaultdict(list)
        for place, note, at in self._waiting:
            told[place, at].append(line_of(note))
        with self._store.transaction() as tx:
            for (place, at), lines in told.items():
                tx.log(place, lines, at)
        self._waiting = []


def tell_outcome(tx: Transaction, endpoint: Endpoint, generation: int, now: datetime) -> None:
    """Tell what creating or updating the endpoint to this generation came to, in the logs of its variants."""
    facts = {"endpoint": endpoint.name, "status": str(endpoint.status)}
    outcome = line_of(Note(NoteCode.ENDPOINT_IS, facts, endpoint.failure))
    for one in endpoint.desired:
        tx.log(endpoint_place(endpoint, generation, one.variant.name, 0), [outcome], now)
