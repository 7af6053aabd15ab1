"""What Alembic runs to reach the database: the connection that upgrade.py hands over.

A change of schema.py needs a file in versions/ that makes the same change; a test compares the two.
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
