"""What Alembic runs to reach the database: the connection that upgrade.py hands over.

    python -m alembic -c windvane/store/migrations/alembic.ini revision -m "..."
writes the frame of a new migration.
"""

from __future__ import annotations

from alembic import context

from windvane.store.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
