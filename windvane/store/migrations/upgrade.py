"""Brings a database to the newest schema, inside the caller's transaction."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from windvane.errors import StoreUnusable


def upgrade(connection: Connection) -> None:
    """Run the migrations this database has not seen.

    raises    StoreUnusable if a newer Windvane has already changed the schema
    """
    config = _config()
    config.attributes["connection"] = connection
    known = known_revisions()
    for revision in MigrationContext.configure(connection).get_current_heads():
        if revision not in known:
            raise StoreUnusable(
                f"The store has schema {revision}, which this version of Windvane does not know: a "
                "newer version has used it. Start that version or a later one."
            )
    command.upgrade(config, "head")


def known_revisions() -> list[str]:
    """Return the name of every migration, the first one first."""
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return [script.revision for script in scripts][::-1]


def _config() -> Config:
    config = Config()
    folder = str(Path(__file__).parent)
    config.set_main_option("script_location", folder.replace("%", "%%"))
    return config
