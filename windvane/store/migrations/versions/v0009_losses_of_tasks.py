"""Tasks count how often the machine was lost that ran them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """No task of an earlier version was lost: it would have failed."""
    op.add_column("tasks", sa.Column("losses", sa.Integer, nullable=False, server_default="0"))
