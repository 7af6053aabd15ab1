"""The tables, as SQLAlchemy metadata. What creates and changes them in a database is migrations/.

Times are whole microseconds since 1970 in UTC: exact, sortable, the same in every database.
Text is compared byte by byte in every database, so lists have the same order everywhere.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData()

NEWEST_VERSION = "0011"
"""Of the schema, as the last of migrations/versions calls it."""

OLDEST_BESIDE = "0010"
"""The oldest version of the schema whose servers may work with this one; the database says the same in `support`. A migration
adds, and leaves what is there: what nobody uses any more is removed by one of a later release, which raises this."""

FIRST_WITH_SUPPORT = "0011"

BIG_ID = BigInteger().with_variant(Integer, "sqlite")
"""SQLite hands out ids by itself only to a column of type INTEGER."""

TEXT = Text().with_variant(Text(collation="C"), "postgresql")

RESOURCES = Table(
    "resources",
    METADATA,
    Column("id", BIG_ID, primary_key=True, autoincrement=True),
    Column("kind", TEXT, nullable=False),
    Column("account", TEXT, nullable=False),
    Column("region", TEXT, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("name_key", TEXT, nullable=False),
    Column("arn", TEXT, nullable=False),
    Column("parent", TEXT, nullable=False),
    Column("status", TEXT, nullable=False),
    Column("score", Double),
    Column("created", BigInteger, nullable=False),
    Column("modified", BigInteger, nullable=False),
    # Last on purpose: SQLite reads a row from its start, so what filters and sorts never touches a long body.
    Column("body", TEXT, nullable=False),
    UniqueConstraint("kind", "account", "region", "name_key", name="resources_by_name"),
    Index(
        "resources_by_created",
        "kind",
        "account",
        "region",
        "created",
        "id",
        "modified",
        "status",
        "name_key",
    ),
    Index(
        "resources_by_modified",
        "kind",
        "account",
        "region",
        "modified",
        "id",
        "created",
        "status",
        "name_key",
    ),
    Index(
        "resources_by_status",
        "kind",
        "account",
        "region",
        "status",
        "id",
        "created",
        "modified",
        "name_key",
    ),
    Index("resources_by_parent", "parent", "kind", "account", "region", "created", "id"),
    Index("resources_by_arn", "arn"),
    Index("resources_in_status", "kind", "status", "created", "id"),
    sqlite_autoincrement=True,
)
"""name_key is the name in lower case; arn and parent are in lower case too; status is "" for what has
none. Ids only grow and are never used again, or a list could show a record twice."""

TASKS = Table(
    "tasks",
    METADATA,
    Column("id", BIG_ID, primary_key=True, autoincrement=True),
    Column("job_arn", TEXT, nullable=False),
    Column("kind", TEXT, nullable=False),
    Column("key", TEXT, nullable=False),
    Column("status", TEXT, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("losses", Integer, nullable=False, server_default="0"),
    Column("worker", TEXT, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("started", BigInteger),
    Column("ended", BigInteger),
    Column("lease_until", BigInteger),
    Column("error", TEXT, nullable=False),
    Column("payload", TEXT, nullable=False),
    Column("result", TEXT),
    UniqueConstraint("job_arn", "key", name="tasks_by_key"),
    Index("tasks_by_status", "status", "job_arn", "kind", "created", "id"),
    sqlite_autoincrement=True,
)
"""error, payload and result are JSON. The result of a task that runs is what it says meanwhile."""

TAGS = Table(
    "tags",
    METADATA,
    Column("arn", TEXT, primary_key=True),
    Column("key", TEXT, primary_key=True),
    Column("value", TEXT, nullable=False),
)

BUCKETS = Table(
    "buckets",
    METADATA,
    Column("bucket", TEXT, primary_key=True),
    Column("account", TEXT, nullable=False),
    Column("created", BigInteger, nullable=False),
    Index("buckets_by_account", "account", "bucket"),
)

SPENT = Table(
    "spent",
    METADATA,
    Column("token", TEXT, primary_key=True),
    Column("expires", BigInteger, nullable=False),
    Index("spent_by_expiry", "expires"),
)
"""What is good once and was used."""

LOG_GROUPS = Table(
    "log_groups",
    METADATA,
    Column("id", BIG_ID, primary_key=True, autoincrement=True),
    Column("account", TEXT, nullable=False),
    Column("region", TEXT, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("created", BigInteger, nullable=False),
    UniqueConstraint("account", "region", "name", name="log_groups_by_name"),
    sqlite_autoincrement=True,
)

LOG_STREAMS = Table(
    "log_streams",
    METADATA,
    Column("id", BIG_ID, primary_key=True, autoincrement=True),
    Column("group_id", BigInteger, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("first_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    Column("ingested", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    UniqueConstraint("group_id", "name", name="log_streams_by_name"),
    Index("log_streams_by_time", "group_id", "last_ms", "name"),
    sqlite_autoincrement=True,
)
"""bytes are those of the messages that are kept."""

LOG_LINES = Table(
    "log_lines",
    METADATA,
    Column("id", BIG_ID, primary_key=True, autoincrement=True),
    Column("group_id", BigInteger, nullable=False),
    Column("stream_id", BigInteger, nullable=False),
    Column("time_ms", BigInteger, nullable=False),
    Column("ingested", BigInteger, nullable=False),
    Column("message", TEXT, nullable=False),
    Column("note", TEXT),
    Index("log_lines_of_group", "group_id", "time_ms", "id"),
    Index("log_lines_of_stream", "stream_id", "time_ms", "id"),
    sqlite_autoincrement=True,
)
"""time_ms is in milliseconds, as CloudWatch counts. note is JSON; NULL in most lines of earlier versions."""

EVENTS = Table(
    "events",
    METADATA,
    Column("id", BIG_ID, primary_key=True, autoincrement=True),
    Column("event_id", TEXT, nullable=False),
    Column("account", TEXT, nullable=False),
    Column("region", TEXT, nullable=False),
    Column("owner", TEXT, nullable=False),
    Column("detail_type", TEXT, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("document", TEXT, nullable=False),
    Index("events_of_owner", "owner", "id"),
    Index("events_of_scope", "account", "region", "id"),
    sqlite_autoincrement=True,
)
"""The id is the sequence number: it only grows and is never used again. owner is in lower case."""

SUBSCRIBERS = Table(
    "subscribers",
    METADATA,
    Column("key", TEXT, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("skipped", BigInteger, nullable=False),
)

IDENTITIES = Table(
    "identities",
    METADATA,
    Column("kind", TEXT, primary_key=True),
    Column("account", TEXT, primary_key=True),
    Column("name_key", TEXT, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("format", Integer, nullable=False),
    Column("body", TEXT),
    UniqueConstraint("revision", name="identities_by_revision"),
)
"""Users, roles, policies and access keys. name_key is the name in lower case. Each change gets the next revision, a
deletion too: its row stays without a body, so that whoever knows an older revision learns of it. format is that of the
body."""

KEY_USES = Table(
    "key_uses",
    METADATA,
    Column("access_key", TEXT, primary_key=True),
    Column("used", BigInteger, nullable=False),
    Column("service", TEXT, nullable=False),
    Column("region", TEXT, nullable=False),
)
"""When access keys of users were used last, to about a quarter of an hour."""

AUDIT_HEADS = Table(
    "audit_heads",
    METADATA,
    Column("writer", TEXT, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("digest", TEXT, nullable=False),
    Column("first", BigInteger, nullable=False),
)
"""The last line of each audit log, so that a log whose end was cut off is known as such."""

SERVERS = Table(
    "servers",
    METADATA,
    Column("id", TEXT, primary_key=True),
    Column("folder", TEXT, nullable=False),
    Column("version", TEXT, nullable=False),
    Column("host", TEXT, nullable=False),
    Column("address", TEXT, nullable=False),
    Column("certificate", TEXT, nullable=False),
    Column("objects", TEXT, nullable=False),
    Column("workers", Integer, nullable=False),
    Column("started", BigInteger, nullable=False),
    Column("up_since", BigInteger, nullable=False),
    Column("heartbeat", BigInteger, nullable=False),
    Column("is_leaving", Integer, nullable=False),
    Column("told", TEXT, nullable=False),
    Column("memory_mb", BigInteger, nullable=False, server_default="0"),
    Column("cores", Integer, nullable=False, server_default="1"),
    Column("is_host_only", Integer, nullable=False, server_default="0"),
)
"""Servers that share the database; told is JSON."""

LEASES = Table(
    "leases",
    METADATA,
    Column("name", TEXT, primary_key=True),
    Column("holder", TEXT, nullable=False),
    Column("number", BigInteger, nullable=False),
)
"""What one server does for all, and which one that is."""

PLACEMENTS = Table(
    "placements",
    METADATA,
    Column("arn", TEXT, primary_key=True),
    Column("server", TEXT, nullable=False),
)
"""Which server looks after an endpoint. arn is in lower case."""

INSTANCES = Table(
    "instances",
    METADATA,
    Column("id", TEXT, primary_key=True),
    Column("arn", TEXT, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("variant", TEXT, nullable=False),
    Column("number", Integer, nullable=False),
    Column("server", TEXT, nullable=False),
    Column("memory_mb", BigInteger, nullable=False),
    Column("is_up", Integer, nullable=False),
    Column("failure", TEXT),
    Column("why_down", TEXT, nullable=False),
    Index("instances_of_endpoint", "arn"),
)
"""Which server runs an instance of an endpoint, and what it tells of it. arn is in lower case; failure is a note, JSON."""

SHARED_SECRETS = Table(
    "shared_secrets",
    METADATA,
    Column("name", TEXT, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("sealed", TEXT, nullable=False),
)
"""What all servers have to know alike, sealed under the master key."""

SUPPORT = Table("support", METADATA, Column("oldest", TEXT, primary_key=True))
"""One row: OLDEST_BESIDE of the version that has brought the schema up to date last."""
