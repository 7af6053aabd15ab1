"""How much is read at once: of an answer that its client does not take, megabytes stay in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from windvane.addresses import peer_of
from windvane.wire.turns import Turns

_OF_ACCOUNT, _OF_PEER = 128, 64
"""Reads, of 1 MB that is sent and 1 MB that comes next; an account leaves half of its own to its other addresses."""


class ReadTurns:
    """Lets so many reads of an account begin, and so many from one address; more of them wait, and hold nothing.

    A turn lasts until the client has taken the answer. Objects and what tells of them do not wait for each other.
    """

    def __init__(self, of_account: int = _OF_ACCOUNT, of_peer: int = _OF_PEER) -> None:
        self._of_account, self._of_peer = Turns(of_account), Turns(of_peer)

    @asynccontextmanager
    async def of(self, asker: str, source_ip: str, operation: str) -> AsyncIterator[None]:
        """asker    the account, or the address of whoever has no key"""
        line = f"{asker} {operation == 'GetObject'}"
        async with self._of_peer.of(f"{line} {peer_of(source_ip)}"), self._of_account.of(line):
            yield
