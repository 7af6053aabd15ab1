"""What more and more endpoints on one machine cost: python -m benchmarks.cluster.endpoints [--endpoints 1,10,100,500]

One small model, as many endpoints of one instance each; then requests to endpoints drawn at random, one after the other. Memory is
the proportional share of all processes of the server (what several have in common counts once). No further
endpoint is made once the machine has less memory left than `--leave` says.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.consoled import Served, served, until
from benchmarks.growth import Held, measured, processes
from benchmarks.markdown import markdown_table, number
from benchmarks.packed import Packed, pack_model
from windvane.domain.images import ENSEMBLE, image_uri
from windvane.names import Scope
from windvane.settings import DEFAULT_ACCOUNT, DEFAULT_REGION

_MODEL = "model"
_AT_ONCE = 4
"""Endpoints that are being created at the same time."""

_GIVE_UP_S = 600
_HEAD = (
    "endpoints",
    "processes",
    "threads",
    "PSS of all MB",
    "for each further endpoint MB",
    "server MB",
    "descriptors of the server",
    "s to InService, median",
    "worst",
    "invoke ms p50",
    "p99",
)


@dataclass(frozen=True)
class Standing:
    """Measurements of a server with so many endpoints in service.

    held         by process, as benchmarks/growth.py has it
    threads      of all processes together
    starts_s     what each new endpoint took to be in service
    asked_s      what each request took
    """

    n: int
    held: Mapping[str, Held]
    threads: int
    starts_s: Sequence[float]
    asked_s: Sequence[float]


def main(arguments: Sequence[str]) -> int:
    asked = _parser().parse_args(arguments)
    counts = [int(count) for count in asked.endpoints.split(",")]
    with tempfile.TemporaryDirectory(prefix="windvane-endpoints-") as name:
        folder = Path(name)
        packed = pack_model(folder / "packed", n_rows=2000)
        config = folder / "windvane.toml"
        config.write_text(f"[limits]\ninstances = {max(counts)}\n[work]\nworkers = 1\n")
        with served(folder / "data", "--config", str(config)) as server:
            _create_model(server, packed)
            standings = _standings(server, packed.row, counts, asked)
    print(markdown_table(_HEAD, rows_of(standings)))
    print(f"\nLoad at the end: {os.getloadavg()[0]:.0f}.")
    return 0


def _standings(
    server: Served, row: str, counts: Sequence[int], asked: argparse.Namespace
) -> list[Standing]:
    standings: list[Standing] = []
    n = 0
    for count in counts:
        starts_s: list[float] = []
        while n < count and available_mb(Path("/proc/meminfo").read_text()) > asked.leave:
            more = range(n, min(count, n + _AT_ONCE))
            starts_s += _create(server, more)
            n = more.stop
        asked_s = _ask(server, row, n, asked.requests)
        held = measured(server.data_dir)
        standings.append(Standing(n, held, _threads(server), starts_s, asked_s))
        print(markdown_table(_HEAD, rows_of(standings)), file=sys.stderr, flush=True)
        if n < count:
            print(f"The machine's memory ends before {count:,} endpoints.", file=sys.stderr)
            break
    return standings


def rows_of(standings: Sequence[Standing]) -> list[list[str]]:
    """Return the lines of the table; what one more endpoint holds is the difference to the line before."""
    lines = []
    for before, one in zip([None, *standings], standings, strict=False):
        added_mb = None
        if before is not None and one.n > before.n:
            added = one.held["all"].proportional - before.held["all"].proportional
            added_mb = added / (one.n - before.n) / 1e6
        servers = [held for name, held in one.held.items() if name.startswith("server ")]
        lines.append(
            [
                f"{one.n:,}",
                f"{len(one.held) - 1:,}",
                f"{one.threads:,}",
                number(one.held["all"].proportional / 1e6, 0),
                number(added_mb, 1),
                number(sum(held.proportional for held in servers) / 1e6, 0),
                f"{sum(held.descriptors for held in servers):,}",
                number(statistics.median(one.starts_s) if one.starts_s else None, 1),
                number(max(one.starts_s, default=None), 1),
                number(1000 * statistics.median(one.asked_s), 1),
                number(1000 * statistics.quantiles(one.asked_s, n=100)[98], 1),
            ]
        )
    return lines


def available_mb(meminfo: str) -> float:
    """Return what the kernel says could be given out without swapping."""
    [line] = [line for line in meminfo.splitlines() if line.startswith("MemAvailable:")]
    return int(line.split()[1]) / 1024


def _create_model(server: Served, packed: Packed) -> None:
    sagemaker = server.client("sagemaker")
    scope = Scope(DEFAULT_ACCOUNT, DEFAULT_REGION)
    container = {
        "Image": image_uri(scope, ENSEMBLE),
        "ModelDataUrl": server.upload("model.tar.gz", packed.whole.read_bytes()),
    }
    role = server.env["WINDVANE_ROLE_ARN"]
    sagemaker.create_model(ModelName=_MODEL, PrimaryContainer=container, ExecutionRoleArn=role)
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": _MODEL,
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
    }
    sagemaker.create_endpoint_config(EndpointConfigName=_MODEL, ProductionVariants=[variant])


def _create(server: Served, numbers: range) -> list[float]:
    """Create endpoints together; return how long each was not in service, to a fifth of a second."""
    sagemaker = server.client("sagemaker")
    began = {}
    for one in numbers:
        began[one] = time.monotonic()
        sagemaker.create_endpoint(EndpointName=f"e{one}", EndpointConfigName=_MODEL)

    def status(one: int) -> str:
        told: dict[str, Any] = sagemaker.describe_endpoint(EndpointName=f"e{one}")
        if told["EndpointStatus"] == "Failed":
            raise RuntimeError(f"e{one}: {told['FailureReason']}")
        return str(told["EndpointStatus"])

    took_s = {}

    def are_all_in_service() -> bool:
        for one in began.keys() - took_s.keys():
            if status(one) == "InService":
                took_s[one] = time.monotonic() - began[one]
        return len(took_s) == len(began)

    until(are_all_in_service, bool, _GIVE_UP_S)
    return list(took_s.values())


def _ask(server: Served, row: str, n: int, n_requests: int) -> list[float]:
    """Requests to endpoints drawn at random; all connections and models are warm after the first few."""
    runtime, chance = server.client("sagemaker-runtime"), random.Random(0)
    times = []
    for _ in range(n_requests):
        name = f"e{chance.randrange(n)}"
        before = time.perf_counter()
        answer = runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=row)
        answer["Body"].read()
        times.append(time.perf_counter() - before)
    return times


def _threads(server: Served) -> int:
    n = 0
    for _, pid in processes(server.data_dir):
        try:
            n += len(list(Path(f"/proc/{pid}/task").iterdir()))
        except FileNotFoundError:
            continue  # it has ended
    return n


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--endpoints", default="1,10,100,500")
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--leave", type=int, default=4000, help="MiB of memory to leave alone")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
