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
    config = Config()
    folder = str(Path(__file__).parent)
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    for revision in MigrationContext.configure(connection).get_current_heads():
        if revision not in known:
            raise StoreUnusable(
                f"The store has schema {revision}, which this version of Windvane does not know: a "
                "newer version has used it. Start that version or a later one."
            )
    command.upgrade(config, "head")
