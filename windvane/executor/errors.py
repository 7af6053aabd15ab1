"""Why a cluster cannot be used, and what would be right."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from windvane.errors import WindvaneError


class ClusterUnusable(WindvaneError):
    """The cluster that is to do the work cannot be used, or must not be; nothing was given to it."""

    @classmethod
    def not_installed(cls) -> ClusterUnusable:
        return cls("Ray is not installed. Run: pip install 'windvane[cluster]'")

    @classmethod
    def no_token(cls, file: Path, why: str) -> ClusterUnusable:
        return cls(
            f"The token of the cluster cannot be read from {file}: {why}. Name the file that every node of the cluster was "
            "started with (RAY_AUTH_TOKEN_PATH)."
        )

    @classmethod
    def token_of_others(cls, path: Path, owner: int, mode: int) -> ClusterUnusable:
        return cls(
            f"Others may read or replace {path} (owner {owner}, mode {mode & 0o7777:04o}), and whoever has the token runs code on "
            "every node of the cluster. It must belong to the user of this process: chmod 600 the file and 700 its folder."
        )

    @classmethod
    def no_address(cls, address: str) -> ClusterUnusable:
        return cls(f"'{address}' is no address of a cluster; it has the form HOST:PORT.")

    @classmethod
    def no_answer(cls, address: str, why: str) -> ClusterUnusable:
        return cls(f"No cluster answers at {address}: {why}")

    @classmethod
    def is_open(cls, address: str) -> ClusterUnusable:
        return cls(
            f"The cluster at {address} takes orders without a token: whoever reaches it runs code on its nodes. Start every "
            "process of it with RAY_AUTH_MODE=token."
        )

    @classmethod
    def not_joined(cls, address: str, why: str) -> ClusterUnusable:
        return cls(f"The cluster at {address} cannot be joined: {why}")

    @classmethod
    def no_own_process(cls, seconds: float) -> ClusterUnusable:
        return cls(
            f"No process of Ray is on this machine; waited for {seconds:g} s. Run `windvane cluster join` here (with `--no-tasks` if "
            "only a server uses it), as the same user."
        )

    @classmethod
    def clock_differs(cls, node: str, seconds: float, most_s: float) -> ClusterUnusable:
        return cls(
            f"The clock of the node {node} differs by {seconds:.1f} s from this machine's; {most_s:g} s are the most. Keep the "
            "clocks of all machines in step (NTP)."
        )

    @classmethod
    def too_small(cls, cpus: int, memory_mb: int, found: str) -> ClusterUnusable:
        return cls(
            f"A task needs {cpus} CPUs and {memory_mb} MiB, and no node of the cluster has so much: {found}."
        )

    @classmethod
    def one_node(cls, n_nodes: int, cpus: int, memory_mb: int) -> ClusterUnusable:
        return cls(
            f"Models are to be trained data-parallel ([executor] data_parallel_rows), and of {n_nodes} nodes of the cluster fewer than "
            f"two have the {cpus} CPUs and {memory_mb} MiB of a task. Add a node, or set data_parallel_rows to 0."
        )

    @classmethod
    def no_nodes(cls, seconds: float) -> ClusterUnusable:
        return cls(
            f"No node of the cluster does work of Windvane; waited for {seconds:g} s. Start `windvane cluster join` on one or "
            "more machines."
        )

    @classmethod
    def other_version(cls, found: Iterable[str], own: str) -> ClusterUnusable:
        return cls(
            f"The nodes of the cluster have Windvane {', '.join(sorted(found))}, and this server has {own}: work goes to nodes of its "
            "own version alone. Install the same version on one node or more."
        )

    @classmethod
    def node_fault(cls, node: str, why: str) -> ClusterUnusable:
        return cls(
            f"The node {node} cannot do tasks: {why} See the log of `windvane cluster join` there."
        )

    @classmethod
    def other_store(cls, node: str, theirs: str, ours: str) -> ClusterUnusable:
        return cls(
            f"The node {node} works with {theirs or 'no bucket'}, and this server with {ours}. Give both the same sections [store], [s3] "
            "and [exchange] in their configuration files."
        )

    @classmethod
    def less_protected(cls, node: str, part: str, why: str) -> ClusterUnusable:
        return cls(
            f"The node {node} lacks a part of the sandbox that this server has, {part}: {why} Tasks there would be able to do what "
            "they cannot do here (`windvane doctor` lists the parts on a machine)."
        )
