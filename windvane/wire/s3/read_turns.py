"""How much is read at once: of an answer that its client does not take, megabytes stay in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from windvane.addresses import peer_of
from windvane.wire.account_semaphores import AccountSemaphores

_OF_ACCOUNT = 128
"""Reads, of 1 MB that is sent and 1 MB that comes next. One address has half of them, and so has one user or session: of those
of an address it has half again, so that whoever takes nothing leaves room to others of its account."""


class ReadTurns:
    """Lets so many reads of an account begin, of one address, and of one caller; more of them wait, and hold nothing.

    A turn lasts until the client has taken the answer. Objects and what tells of them do not wait for each other.
    """

    def __init__(self, of_account: int = _OF_ACCOUNT) -> None:
        half = max(1, of_account // 2)
        self._of_caller_there = AccountSemaphores(max(1, half // 2))
        self._of_caller, self._of_peer, self._of_account = (
            AccountSemaphores(half),
            AccountSemaphores(half),
            AccountSemaphores(of_account),
        )

    @asynccontextmanager
    async def of(
        self, asker: str, caller: str, source_ip: str, operation: str
    ) -> AsyncIterator[None]:
        """Whoever waits holds turns of the fewest alone.

        asker     the account, or the address of whoever has no key
        caller    ARN of the user or session; "" without a key
        """
        line, peer = f"{asker} {operation == 'GetObject'}", peer_of(source_ip)
        async with (
            self._of_caller_there.of(f"{line} {peer} {caller}"),
            self._of_caller.of(f"{line} {caller}"),
            self._of_peer.of(f"{line} {peer}"),
            self._of_account.of(line),
        ):
            yield
