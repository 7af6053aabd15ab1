"""One-time links that were used and sessions of the console that were ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "spent",
        sa.Column("token", _TEXT, primary_key=True),
        sa.Column("expires", sa.BigInteger, nullable=False),
        sa.Index("spent_by_expiry", "expires"),
    )
