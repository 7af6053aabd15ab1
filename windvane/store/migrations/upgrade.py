"""Brings a database to the newest schema, inside the caller's transaction."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from windvane.errors import StoreUnusable
from windvane.store.inspection import InspectionRows


def upgrade(connection: Connection) -> None:
    """Run the migrations this database has not seen. A schema that a newer Windvane has changed is left as it is, if this version
    may work with it.

    raises    StoreUnusable if it may not
    """
    config = _config()
    config.attributes["connection"] = connection
    known = known_revisions()
    for revision in MigrationContext.configure(connection).get_current_heads():
        if revision not in known:
            oldest = InspectionRows(connection).oldest_schema()
            if known[-1] >= oldest:
                return
            raise StoreUnusable(
                f"The store has schema {revision}, which versions of Windvane from schema {oldest} on can use; this one has "
                f"{known[-1]}. Start a newer version."
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
