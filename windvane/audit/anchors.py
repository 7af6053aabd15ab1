"""Where the end of an audit log is kept outside of it: in the store."""

from __future__ import annotations

from windvane.audit.account_log import Anchor
from windvane.audit.chain import Head
from windvane.store.base import AuditHead, Store


class StoredAnchors:
    """The anchors of all logs, by the names of their writers."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, writer: str) -> Anchor | None:
        with self._store.snapshot() as tx:
            found = tx.audit_head(writer)
        return None if found is None else Anchor(Head(found.number, found.digest), found.first)

    def writers(self) -> set[str]:
        """Return those of which an anchor is kept."""
        with self._store.snapshot() as tx:
            return tx.audit_writers()

    def put(self, writer: str, anchor: Anchor) -> None:
        with self._store.transaction() as tx:
            tx.keep_audit_head(
                writer, AuditHead(anchor.head.number, anchor.head.digest, anchor.first)
            )
