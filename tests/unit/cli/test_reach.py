"""Ports that are taken, and servers that answer, refuse, stay silent or have no name."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from windvane.cli.folder import locked, publish_address
from windvane.cli.reach import Place, check_places, check_ports, places_of
from windvane.settings import (
    BucketSettings,
    ExecutorSettings,
    MlflowSettings,
    S3Settings,
    Settings,
    TracingSettings,
)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def place(port: int, host: str = "127.0.0.1") -> Place:
    return Place("MLflow", host, port, "[mlflow] tracking_uri", "Without it, nothing is logged.")


def test_a_port_that_is_taken_is_told(listener: socket.socket, tmp_path: Path) -> None:
    port = listener.getsockname()[1]
    found = check_ports(Settings(tmp_path, port=port))
    assert f"127.0.0.1:{port}" in found.found
    assert "ss -ltnp" in found.remedy


def test_a_free_port_is_free_and_stays_so(tmp_path: Path) -> None:
    settings = Settings(tmp_path, port=0)
    assert check_ports(settings).remedy == ""
    assert check_ports(settings).remedy == ""


def test_the_server_of_the_data_folder_may_have_its_port(
    listener: socket.socket, tmp_path: Path
) -> None:
    port = listener.getsockname()[1]
    publish_address(tmp_path, f"http://127.0.0.1:{port}")
    settings = Settings(tmp_path, port=port)
    with locked(tmp_path):
        found = check_ports(settings)
    assert found.remedy == ""
    assert str(port) in found.found
    assert check_ports(settings).remedy


def test_places_that_listen_accept_connections(listener: socket.socket) -> None:
    [found] = check_places([place(listener.getsockname()[1])])
    assert found.remedy == ""


@pytest.mark.parametrize(
    ("host", "port"),
    [("127.0.0.1", 1), ("no.such.invalid", 80), ("x" * 70, 80), ("127.0.0.1", 70_000)],
)
def test_places_that_cannot_be_reached_are_told_with_a_remedy(host: str, port: int) -> None:
    [found] = check_places([place(port, host)])
    assert f"{host}:{port} cannot be reached: " in found.found
    assert found.remedy == (
        "Without it, nothing is logged. Start it, correct [mlflow] tracking_uri, or let the network reach it."
    )
    assert not found.prevents_start


@pytest.mark.slow
def test_a_place_that_stays_silent_is_given_up(listener: socket.socket) -> None:
    """Connections wait in vain once those that nobody accepts are as many as may wait."""
    with ExitStack() as waiting, socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        silent, good = check_places(
            [place(full.getsockname()[1]), place(listener.getsockname()[1])], wait_s=2.0
        )
    assert "cannot be reached" in silent.found
    assert good.remedy == ""


def test_a_resolver_that_never_answers_does_not_hold_the_others_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = threading.Event()

    def never(*_: object, **__: object) -> socket.socket:
        answers.wait()
        raise OSError("too late")

    monkeypatch.setattr(socket, "create_connection", never)
    found = check_places([place(80), place(81)], wait_s=0.2)
    assert [one.found for one in found] == [
        f"127.0.0.1:{port} cannot be reached: no answer within 0.2 seconds" for port in (80, 81)
    ]
    answers.set()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql://user:sesame@127.0.0.1:1/windvane", "Cannot open the database 'windvane'"),
        ("mysql://user:sesame@db.example/windvane", "begins with 'mysql'"),
        ("sesame", "is not of the form postgresql://"),
    ],
)
def test_a_database_that_the_server_could_not_use_prevents_its_start(
    tmp_path: Path, url: str, reason: str
) -> None:
    pytest.importorskip("psycopg")
    [found] = check_places(list(places_of(Settings(tmp_path, store_url=url))), wait_s=60.0)
    assert found.name == "database"
    assert reason in found.found
    assert found.prevents_start
    assert "[store] url" in found.remedy
    assert "sesame" not in f"{found}"


def test_every_place_that_the_configuration_names_is_asked(tmp_path: Path) -> None:
    settings = Settings(
        tmp_path,
        s3=S3Settings("https://s3.example", "key", "secret"),
        buckets=(BucketSettings("public", endpoint="http://data.example:9000"),),
        store_url="postgresql+psycopg://user:secret@db.example/windvane",
        mlflow=MlflowSettings("http://mlflow.example:5000/path"),
        tracing=TracingSettings(enabled=True, endpoint="http://collector.example:4318"),
        executor=ExecutorSettings(kind="ray", address="head.example:6379", token_file="token"),
    )
    assert [(one.name, one.host, one.port) for one in places_of(settings)] == [
        ("S3 store", "s3.example", 443),
        ("bucket public", "data.example", 9000),
        ("database", "db.example", 5432),
        ("MLflow", "mlflow.example", 5000),
        ("traces", "collector.example", 4318),
        ("Ray cluster", "head.example", 6379),
    ]
    assert "secret" not in str(list(places_of(settings)))
    assert list(places_of(Settings(tmp_path))) == []


def test_what_is_asked_through_a_proxy_needs_the_proxy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "near.example")
    settings = Settings(tmp_path, mlflow=MlflowSettings("http://far.example:5000"))
    [far] = places_of(settings)
    assert (far.name, far.host, far.port) == ("MLflow (proxy)", "proxy.example", 3128)
    [near] = places_of(replace(settings, mlflow=MlflowSettings("http://near.example:5000")))
    assert (near.name, near.host) == ("MLflow", "near.example")


def test_the_collector_may_be_named_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = Settings(tmp_path, tracing=TracingSettings(enabled=True))
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", raising=False)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "https://otel.example")
    [found] = places_of(settings)
    assert (found.host, found.port) == ("otel.example", 443)
