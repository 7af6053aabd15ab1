"""Keys that end while a request is under way: its body may be hours in coming, and then its turn."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from windvane.errors import Expired, UnknownKey
from windvane.wire.call import Caller, KeyRing

CheckKey = Callable[[Caller], None]
"""Checks that nobody has taken back what a caller proved to have; raises UnknownKey."""


def no_check(_: Caller) -> None:
    """Pass every key: nobody can take it back."""


def key_check(keyring: KeyRing, clock: Callable[[], datetime]) -> CheckKey:
    """Return the check by what the key ring knows at the clock's time."""

    def check(caller: Caller) -> None:
        """Raise UnknownKey for a key that was taken back. A temporary key whose time is over was good for what it began."""
        had = caller.credential
        try:
            has = keyring.credential(had.access_key, had.session_token, clock())
        except Expired:
            return
        if has != had:
            raise UnknownKey(
                "The access key was taken back while the request was under way, so nothing was done."
            )

    return check
