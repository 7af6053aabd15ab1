"""What is good once, in its table."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, insert, select

from windvane.store.rows import Rows
from windvane.store.schema import SPENT
from windvane.store.times import to_micros


class SpentRows(Rows):
    """The part of a Transaction that is about one-time tokens."""

    def use_token(self, token: str, expires: datetime, now: datetime) -> bool:
        self._connection.execute(delete(SPENT).where(SPENT.c.expires <= to_micros(now)))
        if self.is_token_used(token):
            return False
        row = {"token": token, "expires": to_micros(expires)}
        self._connection.execute(insert(SPENT).values(**row))
        return True

    def is_token_used(self, token: str) -> bool:
        found = select(SPENT.c.token).where(SPENT.c.token == token)
        return self._connection.execute(found).scalar() is not None
