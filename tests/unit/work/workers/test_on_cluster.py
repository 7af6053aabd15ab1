"""Nodes that a server does not use."""

from __future__ import annotations

from typing import Any

import pytest

from windvane.executor.errors import ClusterUnusable
from windvane.process.confinement import Part
from windvane.work.workers.on_cluster import check_node

OWN = "s3://windvane-exchange/server-1 at http://s3"
PARTS = frozenset({Part.LANDLOCK, Part.SECCOMP, Part.USER})


def check(parts: frozenset[Part] = PARTS, **told: Any) -> None:
    check_node("node-1", {"exchange": OWN, "lacks": {}, "fault": "", **told}, OWN, parts)


def test_a_node_like_the_server_is_used() -> None:
    check()


def test_a_node_with_other_stores_is_not() -> None:
    with pytest.raises(ClusterUnusable, match=r"node-1 works with server-2, .*\[exchange\]"):
        check(exchange="server-2")


def test_a_node_that_cannot_reach_its_stores_says_why() -> None:
    with pytest.raises(ClusterUnusable, match="connection refused"):
        check(fault="OperationalError: connection refused")


def test_a_node_that_protects_less_is_not_used() -> None:
    lacks = {"Landlock": "the kernel has none"}
    with pytest.raises(ClusterUnusable, match=r"lacks .* Landlock: the kernel has none"):
        check(lacks=lacks)
    check(frozenset(), lacks=lacks)
    check(lacks={"own user": "it is not root"})
