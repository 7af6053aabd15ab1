"""Measure what InvokeEndpoint costs beside a bare echo: python -m benchmarks.invoke [--seconds S] [--endpoints N]

A real server in a temporary folder answers one row at a time from a small LightGBM model of the bundled table. Two
echoes run under the same web server with the same settings (benchmarks/echo.py): a bare one, and one behind the edge,
which checks signature and members as for InvokeEndpoint. One client asks them in turns, over one connection to each
server, so that whatever else the machine does hits all of them. The client is http.client with requests signed
beforehand (the time is the server's and the socket's), then boto3 as people use it.

At the end it says what CPU time each process takes for a request: what other work on the machine hardly changes.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import numpy as np
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from benchmarks.markdown import markdown_table
from benchmarks.monitor import descendants
from benchmarks.packed import Packed, pack_model
from windvane.domain.images import ENSEMBLE, image_uri
from windvane.names import Scope, default_bucket

_REGION = "us-east-1"
_ACCOUNT = "000000000000"
_WARM_UP = 200
_TURN = 20
"""Requests to one of them before the other is asked."""

_FOR_CPU = 4_000
"""Requests to one of them for which CPU time is counted, which comes in hundredths of a second."""

_READY = "windvane ready on "
_STARTED_S = 120

Ask = Callable[[], bytes]
Target = tuple[str, str]
"""A server's address, and the name of an endpoint there."""


@dataclass(frozen=True)
class Server:
    """A running `windvane serve` and what its clients need."""

    url: str
    keys: Credentials

    def client(self, service: str, url: str = "") -> Any:
        return boto3.client(
            service,
            endpoint_url=url or self.url,
            aws_access_key_id=self.keys.access_key,
            aws_secret_access_key=self.keys.secret_key,
            region_name=_REGION,
            config=Config(retries={"total_max_attempts": 1}),
        )


@dataclass(frozen=True)
class Latency:
    """Milliseconds of one request."""

    p50: float
    p99: float


def main(arguments: Sequence[str]) -> int:
    asked = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="windvane-invoke-") as name:
        folder = Path(name)
        packed = pack_model(folder / "model")
        with _served(folder) as server, _echoed(server.keys) as echo_url:
            print(_report(server, echo_url, packed, asked.seconds, asked.endpoints))
            print(f"\n{_cpu_report(server, echo_url, packed.row.encode())}")
    return 0


def _report(server: Server, echo_url: str, packed: Packed, seconds: float, n_most: int) -> str:
    _create_model(server, packed)
    body = packed.row.encode()
    rows = []
    for n_endpoints in (1, n_most):
        names = [f"invoke-{number}" for number in range(n_endpoints)]
        _create_endpoints(server, names)
        targets = [(echo_url, "bare"), (echo_url, "edge"), *((server.url, name) for name in names)]
        for kind, askers in (("http.client", _plain), ("boto3", _through_boto3)):
            with askers(server, targets, body) as (bare, edge, *endpoints):
                rows.append(
                    [kind, str(n_endpoints), *_cells(measure(bare, edge, endpoints, seconds))]
                )
    head = ["client", "endpoints"]
    head += [
        f"{what} {figure}" for what in ("echo", "edge", "endpoint") for figure in ("p50", "p99")
    ]
    return markdown_table([*head, "endpoint/echo", "endpoint/edge"], rows)


def _cpu_report(server: Server, echo_url: str, body: bytes) -> str:
    """What the three processes that take most use for a request to each, the client aside."""
    targets = [(echo_url, "bare"), (echo_url, "edge"), (server.url, "invoke-0")]
    with _plain(server, targets, body) as asks:
        rows = [
            [name, *(f"{us:.0f}" for us in cpu_us(ask, _FOR_CPU)[:2])]
            for name, ask in zip(("echo", "edge", "endpoint"), asks, strict=True)
        ]
    return markdown_table(["CPU of a request, µs", "its server", "next"], rows)


def cpu_us(ask: Ask, times: int) -> list[float]:
    """Return the CPU time that each process below this one takes for a request, the most first, in microseconds."""
    for _ in range(_WARM_UP):
        ask()
    before = descendants(os.getpid())
    for _ in range(times):
        ask()
    after = descendants(os.getpid())
    return sorted(
        (1e6 * (after[one] - before[one]) / times for one in before if one in after), reverse=True
    )


def _cells(measured: Sequence[Latency]) -> list[str]:
    bare, edge, endpoint = measured
    figures = [f"{figure:.2f}" for one in measured for figure in (one.p50, one.p99)]
    return [*figures, f"{endpoint.p50 / bare.p50:.2f}", f"{endpoint.p50 / edge.p50:.2f}"]


def measure(bare: Ask, edge: Ask, endpoints: Sequence[Ask], seconds: float) -> list[Latency]:
    """Both echoes and the endpoints, asked in turns for so long; of several endpoints the next one at every request."""
    turn = 0

    def ask_next() -> bytes:
        nonlocal turn
        turn += 1
        return endpoints[turn % len(endpoints)]()

    asks = (bare, edge, ask_next)
    for _ in range(_WARM_UP):
        for ask in asks:
            ask()
    times: list[list[float]] = [[] for _ in asks]
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        for ask, into in zip(asks, times, strict=True):
            into.extend(_seconds(ask) for _ in range(_TURN))
    return [_latency(one) for one in times]


def _latency(seconds: Sequence[float]) -> Latency:
    p50, p99 = np.quantile(seconds, [0.5, 0.99])
    return Latency(1000 * float(p50), 1000 * float(p99))


def _seconds(ask: Ask) -> float:
    before = time.perf_counter()
    ask()
    return time.perf_counter() - before


@contextmanager
def _plain(server: Server, targets: Sequence[Target], body: bytes) -> Iterator[list[Ask]]:
    """One connection for each host; signing is not part of the time."""
    urls = {url for url, _ in targets}
    connections = {url: http.client.HTTPConnection(urlsplit(url).netloc) for url in urls}

    def asker(url: str, name: str) -> Ask:
        connection, path = connections[url], f"/endpoints/{name}/invocations"
        headers = _signed(server.keys, url + path, body)

        def ask() -> bytes:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
            if answer.status != http.client.OK:
                raise RuntimeError(f"{url}{path} answered {answer.status}: {content!r}")
            return content

        return ask

    yield [asker(url, name) for url, name in targets]
    for connection in connections.values():
        connection.close()


def _signed(keys: Credentials, url: str, body: bytes) -> dict[str, str]:
    request = AWSRequest("POST", url, data=body, headers={"Content-Type": "text/csv"})
    SigV4Auth(keys, "sagemaker", _REGION).add_auth(request)
    return dict(request.headers.items())


@contextmanager
def _through_boto3(server: Server, targets: Sequence[Target], body: bytes) -> Iterator[list[Ask]]:
    clients = {url: server.client("sagemaker-runtime", url) for url, _ in targets}

    def asker(url: str, name: str) -> Ask:
        def ask() -> bytes:
            answer = clients[url].invoke_endpoint(
                EndpointName=name, ContentType="text/csv", Body=body
            )
            content: bytes = answer["Body"].read()
            return content

        return ask

    yield [asker(url, name) for url, name in targets]
    for client in clients.values():
        client.close()


def _create_model(server: Server, packed: Packed) -> None:
    bucket, key = default_bucket(_ACCOUNT, _REGION), "invoke/model.tar.gz"
    server.client("s3").put_object(Bucket=bucket, Key=key, Body=packed.whole.read_bytes())
    server.client("sagemaker").create_model(
        ModelName="invoke",
        PrimaryContainer={
            "Image": image_uri(Scope(_ACCOUNT, _REGION), ENSEMBLE),
            "ModelDataUrl": f"s3://{bucket}/{key}",
        },
    )


def _create_endpoints(server: Server, names: Sequence[str]) -> None:
    """Those that are not there yet."""
    sagemaker = server.client("sagemaker")
    there = {one["EndpointName"] for one in sagemaker.list_endpoints()["Endpoints"]}
    new = [name for name in names if name not in there]
    for name in new:
        sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {
                    "VariantName": "AllTraffic",
                    "ModelName": "invoke",
                    "InitialInstanceCount": 1,
                    "InstanceType": "ml.m5.large",
                }
            ],
        )
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    waiter = sagemaker.get_waiter("endpoint_in_service")
    for name in new:
        waiter.wait(EndpointName=name, WaiterConfig={"Delay": 1, "MaxAttempts": _STARTED_S})


@contextmanager
def _served(folder: Path) -> Iterator[Server]:
    data = folder / "data"
    command = [sys.executable, "-m", "windvane.cli.main", "serve", "--data-dir", str(data)]
    with _process([*command, "--port", "0"], folder / "server.log") as line:
        keys = json.loads((data / "keys.json").read_text())
        yield Server(line.removeprefix(_READY), Credentials(keys["access_key"], keys["secret_key"]))


@contextmanager
def _echoed(keys: Credentials) -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.echo", keys.access_key, keys.secret_key]
    with _process(command, Path(os.devnull)) as line:
        yield line


@contextmanager
def _process(command: Sequence[str], log: Path) -> Iterator[str]:
    """A process, and the first line that it says."""
    root = Path(__file__).parents[1]
    with log.open("ab") as errors:
        started = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=root
        )
    assert started.stdout is not None
    try:
        line = started.stdout.readline().strip()
        if not line:
            raise RuntimeError(f"{' '.join(command)} did not start: {log.read_text()[-2000:]}")
        yield line
    finally:
        started.terminate()
        started.wait()
        started.stdout.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each measurement")
    parser.add_argument("--endpoints", type=int, default=20, help="in the second half")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
