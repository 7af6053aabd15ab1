"""The schema says which versions of it may still be worked with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add a table alone: servers of 0010 go on."""
    support = op.create_table("support", sa.Column("oldest", _TEXT, primary_key=True))
    op.bulk_insert(support, [{"oldest": "0010"}])
