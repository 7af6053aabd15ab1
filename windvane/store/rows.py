"""What every group of rows of one transaction has: the connection on which the transaction runs."""

from __future__ import annotations

from sqlalchemy import Connection


class Rows:
    """Rows look before they write and rely on it: transactions that write are serialised."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
