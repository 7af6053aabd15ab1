"""Joins the cluster that does the tasks of a server: what is refused is told before the first task is claimed."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from windvane.executor.base import Executor
from windvane.executor.errors import ClusterUnusable
from windvane.process.confinement import Part
from windvane.store.base import Store
from windvane.work.workers.about_node import place_of_exchange
from windvane.work.workers.config import OnCluster, WorkConfig

_LOG = logging.getLogger(__name__)

_NODES_S = 60.0
"""For which nodes are waited for, since all machines may be starting at the same time."""

_REFUSED = (Part.LANDLOCK, Part.SECCOMP)
"""Parts of the sandbox without which a node is not used if this server has them. Others depend on the user that it runs as."""


def executor_on(chosen: OnCluster, config: WorkConfig, store: Store) -> Executor:
    """Return an executor on the cluster, which this process joins for the rest of its life.

    raises    ClusterUnusable
    """
    # What needs Ray, and what makes gangs, is loaded where a cluster is used, and nowhere else.
    from windvane.executor.cluster import join
    from windvane.executor.gang import GangExecutor

    join(chosen.cluster)
    from windvane.executor.ray import RayExecutor

    nodes = RayExecutor()
    told = nodes.await_nodes(_NODES_S, chosen.cpus, chosen.memory_mb)
    own = place_of_exchange(config, store)
    parts = frozenset[Part]() if config.sandbox is None else config.sandbox.parts
    for name, about in told.items():
        check_node(name, about, own, parts)
    if chosen.data_parallel.is_on and nodes.n_machines(chosen.cpus, chosen.memory_mb) < 2:
        raise ClusterUnusable.one_node(len(told), chosen.cpus, chosen.memory_mb)
    return GangExecutor(nodes)


def check_node(name: str, about: Mapping[str, Any], own: str, parts: frozenset[Part]) -> None:
    """Check what a node says of itself.

    about     `about_node.about`
    own       where tasks of this server exchange data
    parts     of the sandbox that this server has
    raises    ClusterUnusable if tasks cannot be done there, or would be less protected than here
    """
    if fault := about.get("fault", ""):
        raise ClusterUnusable.node_fault(name, str(fault))
    if about["exchange"] != own:
        raise ClusterUnusable.other_store(name, str(about["exchange"]), own)
    lacks = {part: why for part, why in about["lacks"].items() if part in parts}
    for part, why in lacks.items():
        if part in _REFUSED:
            raise ClusterUnusable.less_protected(name, part, why)
        _LOG.warning("The sandbox of tasks on the node %s lacks %s: %s.", name, part, why)
