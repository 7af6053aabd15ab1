"""What all operations of an open store work with."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from copy import copy
from datetime import datetime
from typing import Self, TypeVar

from windvane.objects.allowance import Allowance
from windvane.objects.errors import DamagedObject, QuotaExceeded
from windvane.objects.files import DataFiles
from windvane.objects.index import CommitFailed, Index
from windvane.objects.rows import to_micros
from windvane.objects.rule_index import KeptIndexes
from windvane.objects.staging import StagedBytes

Result = TypeVar("Result")

_LOG = logging.getLogger(__name__)


class Opened:
    """Index, data files and clock of an open store.

    account    whose buckets are there; None: everybody's
    """

    def __init__(
        self,
        index: Index,
        files: DataFiles,
        clock: Callable[[], datetime],
        limit_bytes: int = 0,
    ) -> None:
        """Serve an index and its data files.

        limit_bytes    that each account may store; 0 means any
        """
        self._limit_bytes = limit_bytes
        self._allowance = Allowance(limit_bytes)
        self._rules = KeptIndexes()
        self.account: str | None = None
        self._index = index
        self._files = files
        self._clock = clock

    def of(self, account: str) -> Self:
        """See objects/base.py."""
        bound = copy(self)
        bound.account = account
        return bound

    def _count_staged(self) -> Callable[[int], None]:
        """Return what is told of bytes on their way into the store."""
        account, allowance = self.account, self._allowance

        def count(n_bytes: int) -> None:
            if n_bytes < 0:
                allowance.give_back(account, -n_bytes)
                return
            try:
                allowance.take(account, n_bytes)
            except QuotaExceeded:
                self._remove_left()
                allowance.take(account, n_bytes)

        return count

    def _remove_left(self) -> None:
        """Remove the account's files that could not be removed before, up to the first that still cannot."""
        for name in self._allowance.left(self.account):
            if self._files.is_there(name) and self._has_to_wait(name):
                return
            self._allowance.removed(name)

    def _has_to_wait(self, name: str) -> bool:
        """Remove a data file, unless a backup or a reader holds it."""
        try:
            return not self._files.remove(name)
        except (OSError, DamagedObject) as error:
            _LOG.warning("The data file %s is left to the next sweep: %s", name, error)
            return False

    def _now(self) -> int:
        """Microseconds since 1970."""
        return to_micros(self._clock())

    def _change(self, operation: Callable[[sqlite3.Connection, list[str]], Result]) -> Result:
        """Run `operation` in a transaction, then remove the files that it named as gone."""
        gone: list[str] = []
        result = self._index.write(lambda db: operation(db, gone))
        for name in gone:
            if self._has_to_wait(name) and self._limit_bytes:
                self._allowance.leave(self.account, name, self._files.size(name))
        return result

    def _commit(
        self, staged: StagedBytes, operation: Callable[[sqlite3.Connection, list[str]], Result]
    ) -> Result:
        """Return the same for an operation whose row names what was staged, which is made durable before."""
        staged.sync()
        try:
            result = self._change(operation)
        except CommitFailed:
            staged.keep()
            raise
        staged.keep()
        return result


def own(staged: object) -> StagedBytes:
    """Return what this kind of store has staged.

    raises    TypeError for what another kind of store staged
    """
    if not isinstance(staged, StagedBytes):
        raise TypeError(f"{type(staged).__name__} was not staged by this store")
    return staged
