"""Logs, events, and how far webhooks are with them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    _create_logs()
    op.create_table(
        "events",
        sa.Column("id", _BIG_ID, primary_key=True, autoincrement=True),
        sa.Column("event_id", _TEXT, nullable=False),
        sa.Column("account", _TEXT, nullable=False),
        sa.Column("region", _TEXT, nullable=False),
        sa.Column("owner", _TEXT, nullable=False),
        sa.Column("detail_type", _TEXT, nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("document", _TEXT, nullable=False),
        sa.Index("events_of_owner", "owner", "id"),
        sa.Index("events_of_scope", "account", "region", "id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "subscribers",
        sa.Column("key", _TEXT, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("skipped", sa.BigInteger, nullable=False),
    )


def _create_logs() -> None:
    op.create_table(
        "log_groups",
        sa.Column("id", _BIG_ID, primary_key=True, autoincrement=True),
        sa.Column("account", _TEXT, nullable=False),
        sa.Column("region", _TEXT, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("account", "region", "name", name="log_groups_by_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "log_streams",
        sa.Column("id", _BIG_ID, primary_key=True, autoincrement=True),
        sa.Column("group_id", sa.BigInteger, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("first_ms", sa.BigInteger, nullable=False),
        sa.Column("last_ms", sa.BigInteger, nullable=False),
        sa.Column("ingested", sa.BigInteger, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("group_id", "name", name="log_streams_by_name"),
        sa.Index("log_streams_by_time", "group_id", "last_ms", "name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "log_lines",
        sa.Column("id", _BIG_ID, primary_key=True, autoincrement=True),
        sa.Column("group_id", sa.BigInteger, nullable=False),
        sa.Column("stream_id", sa.BigInteger, nullable=False),
        sa.Column("time_ms", sa.BigInteger, nullable=False),
        sa.Column("ingested", sa.BigInteger, nullable=False),
        sa.Column("message", _TEXT, nullable=False),
        sa.Index("log_lines_of_group", "group_id", "time_ms", "id"),
        sa.Index("log_lines_of_stream", "stream_id", "time_ms", "id"),
        sqlite_autoincrement=True,
    )
