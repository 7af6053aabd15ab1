"""Where in a request something stands, in AWS's notation: lower first letters, positions from 1."""

from __future__ import annotations


def member_path(parent: str, name: str) -> str:
    """`inputDataConfig.1.member.dataSource` from its parent's path and `DataSource`."""
    own = name[:1].lower() + name[1:]
    return f"{parent}.{own}" if parent else own


def item_path(parent: str, index: int) -> str:
    """Return the path of the item at `index` (from 0) of a list."""
    return f"{parent}.{index + 1}.member"


def entry_path(parent: str, key: str) -> str:
    """Return the path of the value that stands under `key` in a map."""
    return f"{parent}.{key[:128]}.member"
