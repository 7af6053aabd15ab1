"""Which server does what one server does for all: deliver events, forget what is old, remove and rotate what is due."""

from __future__ import annotations

from typing import Protocol

from windvane.store.base import Transaction


class Leadership(Protocol):
    """The facts of the lead that whoever does such work has to know."""

    def lead(self) -> int | None:
        """Return the number under which this server leads now; None if another one does, or nobody."""

    def still_leads(self, tx: Transaction, number: int) -> bool:
        """Return whether it leads under this number when the transaction is committed."""


class Undisputed:
    """The leadership of a server that has its store for itself."""

    def lead(self) -> int | None:
        return 0

    def still_leads(self, _tx: Transaction, _number: int) -> bool:
        return True


UNDISPUTED = Undisputed()
