"""What it brings that several members train one model: python -m benchmarks.cluster.members [--rows 1000000] [--members 2]

One table and one set of hyperparameters: trained by one process on one core, by so many members on one core each, and by one process
on as many cores as they have in all. Members are processes on this machine that reach each other as on a cluster: each asks its broker,
and the brokers are connected with TLS over loopback.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from benchmarks.markdown import markdown_table
from windvane.artifacts.broker import Broker
from windvane.artifacts.brokered import BrokeredArtifacts
from windvane.artifacts.local import LocalArtifacts
from windvane.artifacts.reach import Reach
from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.features.base import Feature
from windvane.engine.learners.base import Rows, Setting
from windvane.engine.learners.lightgbm import LEARNER
from windvane.engine.learners.members import Members
from windvane.engine.training.learning_task import Deadline
from windvane.executor.base import GangMember
from windvane.executor.communicator import communicator_of, new_identity
from windvane.executor.parts import Communicator
from windvane.work.workers.performing import Member

_HERE = "127.0.0.1"
_N_COLUMNS, _N_HELD_OUT = 30, 50_000


@dataclass(frozen=True)
class _Found:
    """The result of one training.

    rmse       on the rows held out
    cpu_s      of the process
    peak_mb    that it held, the table included
    """

    seconds: float
    rmse: float
    cpu_s: float
    peak_mb: float


@dataclass(frozen=True)
class _Kind:
    name: str
    n_members: int
    threads: int


class _Counting:
    """The communicator of a member, which counts what it sends."""

    def __init__(self, of: Communicator) -> None:
        self._of, self.size, self.n_bytes = of, of.size, 0

    def all_to_all(self, parts: Sequence[bytes]) -> list[bytes]:
        self.n_bytes += sum(map(len, parts))
        return self._of.all_to_all(parts)

    def close(self) -> None:
        self._of.close()


def main(arguments: Sequence[str]) -> int:
    asked = _parser().parse_args(arguments)
    n = asked.members
    kinds = (
        _Kind("1 process, 1 core", 1, 1),
        _Kind(f"{n} members, 1 core each", n, 1),
        _Kind(f"1 process, {n} cores", 1, n),
    )
    train, held_out = _table(asked.rows)
    lines = []
    for kind in kinds * asked.rounds:
        found, sent_mb, passed_on_s = _trained(kind, train, held_out, asked.trees, asked.leaves)
        lines.append(
            [
                kind.name,
                f"{max(one.seconds for one in found):.1f}",
                f"{found[0].rmse:.4f}",
                f"{max(one.cpu_s for one in found):.1f}",
                f"{passed_on_s:.1f}",
                f"{max(one.peak_mb for one in found):,.0f}",
                f"{sent_mb:,.0f}",
            ]
        )
        print(lines[-1], file=sys.stderr)
    head = [
        "",
        "s",
        "RMSE, held out",
        "CPU s, each",
        "CPU s, brokers",
        "MB at most, each",
        "MB sent, all",
    ]
    print(markdown_table(head, lines))
    return 0


def _table(n_rows: int) -> tuple[Rows, Rows]:
    """Return rows to train on, and rows held out, of a target to which each column adds something."""
    rng = np.random.default_rng(0)
    n = n_rows + _N_HELD_OUT
    X = rng.normal(size=(n, _N_COLUMNS)).astype(np.float32)
    weights = rng.normal(size=_N_COLUMNS)
    y = np.sin(X) @ weights + np.maximum(X[:, 0], X[:, 1]) + rng.normal(scale=0.5, size=n)
    return Rows(X[:n_rows], y[:n_rows]), Rows(X[n_rows:], y[n_rows:])


def _trained(
    kind: _Kind, train: Rows, held_out: Rows, trees: int, leaves: int
) -> tuple[list[_Found], float, float]:
    """Return what came of it for each process, and the megabytes and CPU seconds of the brokers."""
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # as in the processes of tasks
    context = multiprocessing.get_context("fork")
    given = {
        **LEARNER.defaults(_setting(1), len(train.y)),
        "num_iterations": trees,
        "num_leaves": leaves,
        "learning_rate": 0.1,
        "feature_fraction": 1.0,
        "bagging_fraction": 1.0,
    }
    with tempfile.TemporaryDirectory() as name:
        own, asking = _communicators(kind.n_members), []
        for communicator in own:
            ours, theirs = socket.socketpair()
            broker = Broker(
                ours, LocalArtifacts(Path(name)), Reach(), Path(name), communicator=communicator
            )
            threading.Thread(target=broker.serve, daemon=True).start()
            asking.append(theirs)
        ends = []
        for rank in range(kind.n_members):
            here, there = context.Pipe()
            channel = asking[rank] if own else None
            args = (there, rank, kind, channel, train, held_out, given, Path(name))
            context.Process(target=_run, args=args, daemon=True).start()
            ends.append(here)
        before_s = time.process_time()
        found = [end.recv() for end in ends]
        passed_on_s = time.process_time() - before_s
        for one in own:
            one.close()
    return found, sum(one.n_bytes for one in own) / 1e6, passed_on_s


def _communicators(n_members: int) -> list[_Counting]:
    if n_members == 1:
        return []
    identity = new_identity()
    first, address = communicator_of(GangMember("it", 0, n_members, identity, ""), _HERE)
    others = [
        communicator_of(GangMember("it", rank, n_members, identity, address), _HERE)[0]
        for rank in range(1, n_members)
    ]
    return [_Counting(one) for one in (first, *others)]


def _run(
    end: Connection,
    rank: int,
    kind: _Kind,
    channel: socket.socket | None,
    train: Rows,
    held_out: Rows,
    given: dict[str, object],
    folder: Path,
) -> None:
    """Train in a process of its own, and tell what came of it."""
    members: Members | None = None
    if channel is not None:
        members = Member(BrokeredArtifacts(channel, folder), rank, kind.n_members)
    began, setting = time.monotonic(), replace(_setting(kind.threads), members=members)
    model = LEARNER.fit(train, None, given, setting, Deadline(inf))
    seconds = time.monotonic() - began
    used = resource.getrusage(resource.RUSAGE_SELF)
    error = model.predict(held_out.X).ravel() - held_out.y
    rmse = float(np.sqrt(np.mean(error**2)))
    end.send(_Found(seconds, rmse, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024))


def _setting(threads: int) -> Setting:
    features = tuple(Feature(f"x{i}", f"x{i}") for i in range(_N_COLUMNS))
    return Setting(ProblemType.REGRESSION, MetricName.RMSE, 0, features, seed=5, threads=threads)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks.cluster.members", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--members", type=int, default=2)
    parser.add_argument("--trees", type=int, default=40)
    parser.add_argument("--leaves", type=int, default=255)
    parser.add_argument("--rounds", type=int, default=2)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
