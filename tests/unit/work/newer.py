"""Records as a newer version of Windvane would have written them."""

from __future__ import annotations

import json

from sqlalchemy import select, update

from windvane.domain.resource import Resource
from windvane.store.base import Store
from windvane.store.schema import RESOURCES


def write_newer(store: Store, record: Resource) -> str:
    """Bring the body of a record to a version that nobody knows yet; what it says then."""
    named = RESOURCES.c.arn == record.arn.lower()
    with store.transaction() as tx:
        text = tx._connection.execute(select(RESOURCES.c.body).where(named)).scalar_one()
        newer = json.dumps(json.loads(text) | {"_version": 99, "news": True})
        tx._connection.execute(update(RESOURCES).where(named).values(body=newer))
    return newer


def body_of(store: Store, record: Resource) -> str:
    with store.snapshot() as tx:
        found = select(RESOURCES.c.body).where(RESOURCES.c.arn == record.arn.lower())
        return str(tx._connection.execute(found).scalar_one())
