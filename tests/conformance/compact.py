"""Many paths in few characters: `A.{B, C[].{D, E}}` for A.B, A.C[].D and A.C[].E."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def compact(paths: Iterable[str]) -> str:
    """As code, in the order of the first path of each branch."""
    tree: dict[str, Any] = {}
    for path in paths:
        node = tree
        for name in path.split("."):
            node = node.setdefault(name, {})
    return f"`{', '.join(_branches(tree))}`"


def _branches(tree: dict[str, Any]) -> list[str]:
    return [_branch(name, inner) for name, inner in tree.items()]


def _branch(name: str, inner: dict[str, Any]) -> str:
    if not inner:
        return name
    parts = _branches(inner)
    return f"{name}.{parts[0]}" if len(parts) == 1 else f"{name}.{{{', '.join(parts)}}}"
