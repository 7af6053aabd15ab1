"""How identities are changed: in one transaction each, and known to this process when it is over."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from windvane.control.identity.directory import Directory
from windvane.errors import IdentityQuota, InvalidRequest
from windvane.store.base import Store, Transaction

MOST_TAGS = 50


class Changes:
    """The store of identities, and what is known of it in memory."""

    def __init__(self, store: Store, directory: Directory, clock: Callable[[], datetime]) -> None:
        self.directory = directory
        self.now = clock
        self._store = store

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self._store.transaction() as tx:
            yield tx
        self.directory.refresh()

    @contextmanager
    def snapshot(self) -> Iterator[Transaction]:
        with self._store.snapshot() as tx:
            yield tx

    def current(self) -> Directory:
        """Return the directory as of now, whichever server changed something last. Inside a transaction that has
        written nothing yet it is what the transaction would read, at a thousandth of what it costs to read thousands of
        records while nobody else may write.
        """
        self.directory.refresh()
        return self.directory


def fresh_id(prefix: str, n_characters: int = 17) -> str:
    """Return an id such as AIDA...: random, in capitals and digits."""
    return prefix + base64.b32encode(secrets.token_bytes(11)).decode()[:n_characters]


def with_tags(tags: dict[str, str], given: list[dict[str, str]]) -> dict[str, str]:
    """Return tags with further ones added; a key that is there already gets the new value.

    raises    InvalidRequest for a key that stands twice; IdentityQuota
    """
    keys = [tag["Key"] for tag in given]
    if len({key.lower() for key in keys}) != len(keys):
        raise InvalidRequest(
            "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        )
    lowered = {key.lower() for key in keys}
    kept = {key: value for key, value in tags.items() if key.lower() not in lowered}
    changed = {**kept, **{tag["Key"]: tag["Value"] for tag in given}}
    if len(changed) > MOST_TAGS:
        raise IdentityQuota("TagsPerEntity", MOST_TAGS)
    return changed
