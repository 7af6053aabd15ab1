"""What more hosts bring: PYTHONPATH=tests python -m benchmarks.cluster.hosts [--hosts 1,2,4,8]

One server, which takes no instances itself, and more and more `windvane host`, each in a network namespace of its own on this machine, so
they share its cores. For each number of them: how long an endpoint of one instance on each takes to be in service, how many requests a
second go through the server, and what it costs that one host is cut off from all others. As root, with `ip` and PostgreSQL.
"""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from chaos.hosts import Network, NoNetworks
from chaos.places import HostedServer, Place, StoreHost
from journeys.deploying import Deploying, model_processes_of
from journeys.running import BIN

from benchmarks.consoled import until
from benchmarks.markdown import NOTHING, markdown_table, number
from benchmarks.packed import Packed, pack_model
from windvane.testing.throwaway_postgres import NoPostgres, throwaway_postgres

_READY = "windvane host ready on "
_GIVE_UP_S = 300
_CLIENTS = 4
_ONCE = Config(retries={"total_max_attempts": 1}, read_timeout=90)
_HEAD = (
    "hosts",
    "s to InService",
    "requests/s",
    "ms at the median",
    "lost host: failed requests",
    "slowest s",
    "all instances ready again after s",
)


class RunningHost(HostedServer):
    """`windvane host` on a host."""

    def start(self) -> None:
        self._log = (self.folder.parent / "host.stderr").open("ab")
        words = (BIN / "windvane", "host", "--data-dir", self.folder, *self._options)
        self.process = subprocess.Popen(
            self.host.command(*map(str, words)),
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env=self._environment,
        )
        if not self.process.stdout.readline().startswith(_READY):
            raise RuntimeError(f"the host did not start: {self.log()[-2000:]}")


@dataclass(frozen=True)
class Answers:
    """Answers to the requests of all clients: over how many seconds, what each answered one took, and what failed."""

    over_s: float
    took_s: Sequence[float]
    failures: Sequence[str]


def main(arguments: Sequence[str]) -> int:
    asked = _parser().parse_args(arguments)
    counts = [int(count) for count in asked.hosts.split(",")]
    os.environ["WINDVANE_MASTER_KEY"] = secrets.token_hex(32)
    try:
        with ExitStack() as stack:
            folder = Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="windvane-hosts-"))
            )
            packed = pack_model(folder / "packed", n_rows=2000)
            _measure(_place(folder, stack), packed, counts, asked.seconds, stack)
    except (NoNetworks, NoPostgres) as absent:
        print(absent, file=sys.stderr)
        return 2
    return 0


def _place(folder: Path, stack: ExitStack) -> Place:
    for name in ("hosts", "configurations"):
        (folder / name).mkdir()
    network = Network(folder / "hosts")
    stack.enter_context(network.up())
    postgres = stack.enter_context(throwaway_postgres(network.address, network.range))
    store = StoreHost(network.host("store"))
    stack.callback(store.stop)
    return Place(network, postgres, store, folder / "configurations")


def _measure(
    place: Place, packed: Packed, counts: Sequence[int], seconds: float, stack: ExitStack
) -> None:
    server = place.server("server", "[serving]\nhost_memory_mb = 1\n")
    stack.callback(server.stop)
    deploying = Deploying(server, packed)
    hosts: list[RunningHost] = []
    rows = []
    for count in counts:
        for number_of in range(len(hosts), count):
            config = place.config(f"host-{number_of}")
            hosts.append(RunningHost(place.network.host(f"host-{number_of}"), config))
            stack.callback(hosts[-1].stop)
        rows.append(_row(deploying, hosts, packed.row, seconds))
        print(markdown_table(_HEAD, rows), flush=True)
        print(f"\nLoad at the end: {os.getloadavg()[0]:.0f}.", flush=True)


def _row(deploying: Deploying, hosts: Sequence[RunningHost], row: str, seconds: float) -> list[str]:
    n = len(hosts)
    name = f"on-{n}"
    variant = {"InitialInstanceCount": n, "InstanceType": "ml.m5.large"}
    deploying.create_config(name, deploying.whole(), **variant)
    began = time.monotonic()
    deploying.create(name, name)
    in_service_s = time.monotonic() - began
    quiet = _asked(deploying.server, name, row, lambda: threading.Event().wait(seconds))
    lost = [NOTHING] * 3
    if n > 1:
        again_s = 0.0

        def lose() -> None:
            nonlocal again_s
            began = time.monotonic()
            with hosts[0].host.cut_off():
                until(lambda: _instances(hosts[1:]), lambda n_up: n_up == n, _GIVE_UP_S)
                again_s = time.monotonic() - began

        told = _asked(deploying.server, name, row, lose)
        slowest = max(told.took_s, default=None)
        lost = [f"{len(told.failures)}", number(slowest, 1), number(again_s, 1)]
        print("\n".join(told.failures[:3]), file=sys.stderr)
    deploying.delete(name)
    until(lambda: _instances(hosts), lambda n_up: n_up == 0, _GIVE_UP_S)
    return [str(n), number(in_service_s, 1), *rate_of(quiet), *lost]


def rate_of(told: Answers) -> list[str]:
    """Return requests a second, and their median in milliseconds."""
    times = sorted(told.took_s)
    middle_ms = 1000 * times[len(times) // 2] if times else None
    return [number(len(times) / told.over_s, 0), number(middle_ms, 0)]


def _instances(hosts: Sequence[RunningHost]) -> int:
    return sum(len(model_processes_of(host)) for host in hosts)


def _asked(server: HostedServer, endpoint: str, row: str, during: Callable[[], Any]) -> Answers:
    """Ask by several clients, each one request after the other, while something goes on."""
    is_over = threading.Event()
    took_s: list[float] = []
    failures: list[str] = []

    def ask() -> None:
        runtime = server.client("sagemaker-runtime", config=_ONCE)
        while not is_over.is_set():
            before = time.monotonic()
            try:
                answer = runtime.invoke_endpoint(
                    EndpointName=endpoint, ContentType="text/csv", Body=row
                )
                answer["Body"].read()
                took_s.append(time.monotonic() - before)
            except (ClientError, BotoCoreError) as error:
                failures.append(repr(error))

    threads = [threading.Thread(target=ask) for _ in range(_CLIENTS)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    try:
        during()
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    return Answers(time.monotonic() - began, took_s, failures)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--hosts", default="1,2,4,8")
    parser.add_argument("--seconds", type=float, default=10, help="of requests to each number")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
