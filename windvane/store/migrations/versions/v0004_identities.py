"""Users, roles, policies and access keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "identities",
        sa.Column("kind", _TEXT, primary_key=True),
        sa.Column("account", _TEXT, primary_key=True),
        sa.Column("name_key", _TEXT, primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("format", sa.Integer, nullable=False),
        sa.Column("body", _TEXT),
        sa.UniqueConstraint("revision", name="identities_by_revision"),
    )
    op.create_table(
        "key_uses",
        sa.Column("access_key", _TEXT, primary_key=True),
        sa.Column("used", sa.BigInteger, nullable=False),
        sa.Column("service", _TEXT, nullable=False),
        sa.Column("region", _TEXT, nullable=False),
    )
