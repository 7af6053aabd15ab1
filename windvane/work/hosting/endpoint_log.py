"""The logs of endpoints: what became of the model processes of each instance. Requests and answers leave no trace in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime

from windvane.domain.deployment import Endpoint
from windvane.domain.discretion import discreet
from windvane.domain.logs import LogPlace, endpoint_place
from windvane.store.base import Store, Transaction

Tell = Callable[[str, int, str], None]
"""Tells of an instance: its variant, its number, a sentence."""

_MOST = 1000


def untold(_variant: str, _number: int, _text: str) -> None:
    """For a fleet that nobody keeps a log of."""


class EndpointLog:
    """Belongs to the hosting thread. Lines gather until `flush` writes all of them in one transaction; of more than a
    store out of reach lets through, the newest are kept."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store, self._clock = store, clock
        self._waiting: list[tuple[LogPlace, str, datetime]] = []

    def of(self, endpoint: Endpoint, generation: int) -> Tell:
        """Where one generation of an endpoint tells of its instances."""

        def tell(variant: str, number: int, text: str) -> None:
            place = endpoint_place(endpoint, generation, variant, number)
            self._waiting = [*self._waiting[1 - _MOST :], (place, text, self._clock())]

        return tell

    def flush(self) -> None:
        """Nothing is lost if the store cannot be written to: the next call tries again."""
        if not self._waiting:
            return
        texts: dict[tuple[LogPlace, datetime], list[str]] = defaultdict(list)
        for place, text, at in self._waiting:
            texts[place, at].append(text)
        with self._store.transaction() as tx:
            for (place, at), lines in texts.items():
                tx.log(place, lines, at)
        self._waiting = []


def tell_outcome(tx: Transaction, endpoint: Endpoint, generation: int, now: datetime) -> None:
    """What creating or updating the endpoint to this generation came to, in the logs of its variants."""
    text = f"The endpoint {endpoint.name} is {endpoint.status}. {discreet(endpoint.failure_reason)}"
    for one in endpoint.desired:
        tx.log(endpoint_place(endpoint, generation, one.variant.name, 0), [text.strip()], now)
