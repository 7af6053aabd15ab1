"""Servers that share the database: who is there, who leads, who hosts which endpoint, and what all of them know."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "servers",
        sa.Column("id", _TEXT, primary_key=True),
        sa.Column("folder", _TEXT, nullable=False),
        sa.Column("version", _TEXT, nullable=False),
        sa.Column("host", _TEXT, nullable=False),
        sa.Column("address", _TEXT, nullable=False),
        sa.Column("certificate", _TEXT, nullable=False),
        sa.Column("objects", _TEXT, nullable=False),
        sa.Column("workers", sa.Integer, nullable=False),
        sa.Column("started", sa.BigInteger, nullable=False),
        sa.Column("up_since", sa.BigInteger, nullable=False),
        sa.Column("heartbeat", sa.BigInteger, nullable=False),
        sa.Column("is_leaving", sa.Integer, nullable=False),
        sa.Column("told", _TEXT, nullable=False),
    )
    op.create_table(
        "leases",
        sa.Column("name", _TEXT, primary_key=True),
        sa.Column("holder", _TEXT, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "placements",
        sa.Column("arn", _TEXT, primary_key=True),
        sa.Column("server", _TEXT, nullable=False),
    )
    op.create_table(
        "shared_secrets",
        sa.Column("name", _TEXT, primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("sealed", _TEXT, nullable=False),
    )
