"""Servers offer memory and cores to instances of endpoints, which are divided among them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Servers of an earlier version have stopped: what they hosted is placed anew."""
    for name, kind, default in (
        ("memory_mb", sa.BigInteger, "0"),
        ("cores", sa.Integer, "1"),
        ("is_host_only", sa.Integer, "0"),
    ):
        op.add_column("servers", sa.Column(name, kind, nullable=False, server_default=default))
    op.create_table(
        "instances",
        sa.Column("id", _TEXT, primary_key=True),
        sa.Column("arn", _TEXT, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("variant", _TEXT, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("server", _TEXT, nullable=False),
        sa.Column("memory_mb", sa.BigInteger, nullable=False),
        sa.Column("is_up", sa.Integer, nullable=False),
        sa.Column("failure", _TEXT),
        sa.Column("why_down", _TEXT, nullable=False),
    )
    op.create_index("instances_of_endpoint", "instances", ["arn"])
