"""Users, roles, policies and access keys in their table."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

from sqlalchemy import ColumnElement, and_, delete, func, insert, select, update

from windvane.domain.identity import AccessKey, Identity, ManagedPolicy, Role, User
from windvane.errors import StoreUnusable
from windvane.store.identity_book import IdentityChanges, KeyUse
from windvane.store.records import from_json, to_json
from windvane.store.rows import Rows
from windvane.store.schema import IDENTITIES, KEY_USES
from windvane.store.times import from_micros, to_micros

I = TypeVar("I", bound=Identity)  # noqa: E741 - as R is a Resource

FORMAT = 1
KEPT_DELETIONS = 10_000
"""Revisions for which it stays known what was deleted; who knows less has to look at everything."""

_KINDS: dict[str, type[Identity]] = {
    str(kind.kind): kind for kind in (User, Role, ManagedPolicy, AccessKey)
}
_COLUMNS = IDENTITIES.c


class IdentityRows(Rows):
    """The part of a Transaction that is about identities."""

    def add_identity(self, record: Identity) -> bool:
        found = select(_COLUMNS.body).where(_is_named(type(record), record.account, record.name))
        row = self._connection.execute(found).first()
        if row is not None and row.body is not None:
            return False
        if row is not None:
            self._set(record, to_json(record))
        else:
            values = {
                "kind": str(record.kind),
                "account": record.account,
                "name_key": record.name.lower(),
                **self._content(to_json(record)),
            }
            self._connection.execute(insert(IDENTITIES).values(**values))
        return True

    def update_identity(self, record: Identity) -> None:
        self._set(record, to_json(record))

    def remove_identity(self, record: Identity) -> None:
        self._set(record, None)
        forgotten = _COLUMNS.revision < self.identity_revision() - KEPT_DELETIONS
        self._connection.execute(delete(IDENTITIES).where(_COLUMNS.body.is_(None), forgotten))

    def identity(self, kind: type[I], account: str, name: str) -> I | None:
        found = select(_COLUMNS.format, _COLUMNS.body).where(_is_named(kind, account, name))
        row = self._connection.execute(found).first()
        return None if row is None or row.body is None else _read(kind, row.format, row.body)

    def identities(self, kind: type[I], account: str) -> list[I]:
        of_kind = and_(_COLUMNS.kind == str(kind.kind), _COLUMNS.account == account)
        found = select(_COLUMNS.format, _COLUMNS.body).where(of_kind, _COLUMNS.body.is_not(None))
        rows = self._connection.execute(found.order_by(_COLUMNS.name_key))
        return [_read(kind, row.format, row.body) for row in rows]

    def count_identities(self, kind: type[Identity], account: str) -> int:
        counted = select(func.count()).where(
            _COLUMNS.kind == str(kind.kind),
            _COLUMNS.account == account,
            _COLUMNS.body.is_not(None),
        )
        n: int = self._connection.execute(counted).scalar_one()
        return n

    def identity_revision(self) -> int:
        newest: int | None = self._connection.execute(
            select(func.max(_COLUMNS.revision))
        ).scalar_one()
        return newest or 0

    def identity_changes(self, since: int) -> IdentityChanges:
        newest = self.identity_revision()
        is_whole = since < newest - KEPT_DELETIONS or since > newest
        found = select(IDENTITIES).where(_COLUMNS.revision > (0 if is_whole else since))
        changed: list[Identity] = []
        removed: list[tuple[str, str, str]] = []
        for row in self._connection.execute(found.order_by(_COLUMNS.revision)):
            if row.body is None:
                removed.append((row.kind, row.account, row.name_key))
            else:
                changed.append(_read(_KINDS[row.kind], row.format, row.body))
        return IdentityChanges(newest, is_whole, tuple(changed), tuple(removed))

    def note_key_use(self, access_key: str, use: KeyUse) -> None:
        is_this = KEY_USES.c.access_key == access_key
        values = {"used": to_micros(use.used), "service": use.service, "region": use.region}
        changed = self._connection.execute(update(KEY_USES).where(is_this).values(**values))
        if changed.rowcount == 0:
            self._connection.execute(insert(KEY_USES).values(access_key=access_key, **values))

    def key_use(self, access_key: str) -> KeyUse | None:
        found = select(KEY_USES).where(KEY_USES.c.access_key == access_key)
        row = self._connection.execute(found).first()
        return None if row is None else KeyUse(from_micros(row.used), row.service, row.region)

    def key_uses(self, access_keys: Collection[str]) -> dict[str, KeyUse]:
        found = select(KEY_USES).where(KEY_USES.c.access_key.in_(access_keys))
        return {
            row.access_key: KeyUse(from_micros(row.used), row.service, row.region)
            for row in self._connection.execute(found)
        }

    def forget_key_use(self, access_key: str) -> None:
        self._connection.execute(delete(KEY_USES).where(KEY_USES.c.access_key == access_key))

    def _set(self, record: Identity, body: str | None) -> None:
        named = _is_named(type(record), record.account, record.name)
        changed = self._connection.execute(
            update(IDENTITIES).where(named).values(**self._content(body))
        )
        if changed.rowcount == 0:
            raise KeyError(record.name)

    def _content(self, body: str | None) -> dict[str, object]:
        return {"revision": self.identity_revision() + 1, "format": FORMAT, "body": body}


def _is_named(kind: type[Identity], account: str, name: str) -> ColumnElement[bool]:
    return and_(
        _COLUMNS.kind == str(kind.kind),
        _COLUMNS.account == account,
        _COLUMNS.name_key == name.lower(),
    )


def _read(kind: type[I], body_format: int, body: str) -> I:
    if body_format > FORMAT:
        raise StoreUnusable(
            f"The database has identities of format {body_format}; this version reads up to {FORMAT}."
        )
    return from_json(kind, body)
