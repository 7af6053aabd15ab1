"""Resources, tasks, tags, bucket owners."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    _create_resources()
    _create_tasks()
    op.create_table(
        "tags",
        sa.Column("arn", _TEXT, primary_key=True),
        sa.Column("key", _TEXT, primary_key=True),
        sa.Column("value", _TEXT, nullable=False),
    )
    op.create_table(
        "buckets",
        sa.Column("bucket", _TEXT, primary_key=True),
        sa.Column("account", _TEXT, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Index("buckets_by_account", "account", "bucket"),
    )


def _create_resources() -> None:
    scope = ("kind", "account", "region")
    op.create_table(
        "resources",
        sa.Column("id", _BIG_ID, primary_key=True, autoincrement=True),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("account", _TEXT, nullable=False),
        sa.Column("region", _TEXT, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("name_key", _TEXT, nullable=False),
        sa.Column("arn", _TEXT, nullable=False),
        sa.Column("parent", _TEXT, nullable=False),
        sa.Column("status", _TEXT, nullable=False),
        sa.Column("score", sa.Double),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("modified", sa.BigInteger, nullable=False),
        sa.Column("body", _TEXT, nullable=False),
        sa.UniqueConstraint(*scope, "name_key", name="resources_by_name"),
        sa.Index("resources_by_created", *scope, "created", "id", "modified", "status", "name_key"),
        sa.Index(
            "resources_by_modified", *scope, "modified", "id", "created", "status", "name_key"
        ),
        sa.Index("resources_by_status", *scope, "status", "id", "created", "modified", "name_key"),
        sa.Index("resources_by_parent", "parent", "kind", "account", "region", "created", "id"),
        sa.Index("resources_by_arn", "arn"),
        sa.Index("resources_in_status", "kind", "status", "created", "id"),
        sqlite_autoincrement=True,
    )


def _create_tasks() -> None:
    op.create_table(
        "tasks",
        sa.Column("id", _BIG_ID, primary_key=True, autoincrement=True),
        sa.Column("job_arn", _TEXT, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("key", _TEXT, nullable=False),
        sa.Column("status", _TEXT, nullable=False),
        sa.Column("token", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("worker", _TEXT, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("started", sa.BigInteger),
        sa.Column("ended", sa.BigInteger),
        sa.Column("lease_until", sa.BigInteger),
        sa.Column("error", _TEXT, nullable=False),
        sa.Column("payload", _TEXT, nullable=False),
        sa.Column("result", _TEXT),
        sa.UniqueConstraint("job_arn", "key", name="tasks_by_key"),
        sa.Index("tasks_by_status", "status", "job_arn", "kind", "created", "id"),
        sqlite_autoincrement=True,
    )
