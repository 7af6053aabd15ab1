"""How far the audit logs of the servers were written, in its table."""

from __future__ import annotations

from sqlalchemy import delete, insert, select

from windvane.store.base import AuditHead
from windvane.store.rows import Rows
from windvane.store.schema import AUDIT_HEADS


class AuditRows(Rows):
    """The part of a Transaction that is about audit logs."""

    def audit_head(self, writer: str) -> AuditHead | None:
        found = select(AUDIT_HEADS).where(AUDIT_HEADS.c.writer == writer)
        row = self._connection.execute(found).first()
        return None if row is None else AuditHead(row.number, row.digest, row.first)

    def keep_audit_head(self, writer: str, head: AuditHead) -> None:
        self._connection.execute(delete(AUDIT_HEADS).where(AUDIT_HEADS.c.writer == writer))
        row = {"writer": writer, "number": head.number, "digest": head.digest, "first": head.first}
        self._connection.execute(insert(AUDIT_HEADS).values(**row))

    def audit_writers(self) -> set[str]:
        return set(self._connection.execute(select(AUDIT_HEADS.c.writer)).scalars())
