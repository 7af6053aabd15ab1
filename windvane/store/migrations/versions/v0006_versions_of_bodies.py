"""Bodies of resources carry a version (store/bodies): no table changes, and earlier versions of Windvane are kept away."""

from __future__ import annotations

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Bodies are migrated one by one, whenever they are read."""
