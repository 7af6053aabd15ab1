"""Attacks by keys with dots between slashes, which some stores and proxies resolve: what is asked for as one object is
another one by the time it is read, with the rights that the server has there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from posixpath import normpath
from typing import Any

import pytest
from hostile.test_external_store import UPSTREAM, Outside
from s3.house import S3House

from windvane.artifacts.base import Location, parse_location
from windvane.artifacts.connection import Connection
from windvane.artifacts.s3 import S3Artifacts
from windvane.errors import InvalidRequest
from windvane.wire.s3.mapped import MappedBucket

KEPT = {"/data/secret/x": b"what nobody else may read", "/data/public/x": b"for everybody"}


class Resolving(BaseHTTPRequestHandler):
    """A store that resolves dots."""

    protocol_version = "HTTP/1.1"
    asked: tuple[str, ...] = ()

    def do_GET(self) -> None:
        Resolving.asked = (*self.asked, self.path)
        found = KEPT.get(normpath(self.path.partition("?")[0]))
        self.send_response(200 if found is not None else 404)
        self.send_header("ETag", '"x"')
        self.send_header("Last-Modified", "Tue, 01 Dec 2026 00:00:00 GMT")
        self.send_header("Content-Length", str(len(found or b"")))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(found or b"")

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def artifacts() -> Iterator[S3Artifacts]:
    Resolving.asked = ()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Resolving)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield S3Artifacts(Connection(f"http://127.0.0.1:{server.server_port}", "k", "s"))
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    "uri",
    [
        "s3://data/public/../secret/x",
        "s3://data/public/./../secret/x",
        "s3://open/../data/secret/x",
        "s3://data/public/..",
        "s3://data/public\\..\\secret\\x",
    ],
)
def test_no_job_reads_or_writes_where_its_key_leads_to(artifacts: S3Artifacts, uri: str) -> None:
    """The gateway refuses such keys; inputs and outputs of jobs, previews, models and pages went on as they were."""
    location = parse_location(uri)
    assert artifacts.info(location) is None
    with pytest.raises(FileNotFoundError):
        artifacts.read(location)
    assert not list(artifacts.list(location / "x"))
    for change in (
        lambda: artifacts.write(location, b"x"),
        lambda: artifacts.upload(location, Path("/none")),
        lambda: artifacts.delete(location),
    ):
        with pytest.raises(InvalidRequest, match="between slashes"):
            change()
    assert not Resolving.asked


def test_other_keys_with_dots_are_read(artifacts: S3Artifacts) -> None:
    assert artifacts.read(Location("data", "public/x")) == KEPT["/data/public/x"]
    assert artifacts.info(Location("data", "public/..x/.y")) is None
    assert Resolving.asked == ("/data/public/x", "/data/public/..x/.y")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3House]:
    made = S3House(tmp_path_factory.mktemp("dots"))
    yield made
    made.close()


@pytest.mark.parametrize("listing", ["list-type=2&", "versions=&", ""])
def test_no_prefix_leads_out_of_the_folder_that_may_be_listed(house: S3House, listing: str) -> None:
    """A policy on s3:prefix was asked about `public/../secret/`, which some stores take for `secret/`."""
    far = {"far": MappedBucket(UPSTREAM, "us-east-1", ())}
    for bucket, mapped in (("data", {}), ("far", far)):
        outside = Outside(house, mapped.get)
        for prefix in ("public%2F..%2Fsecret%2F", ".%2Fpublic%2F", "..%2F"):
            target = f"/{bucket}?{listing}prefix={prefix}"
            assert outside.ask("GET", target).status == 400
        assert not outside.kept.sent
        assert outside.ask("GET", f"/{bucket}?{listing}prefix=public%2F..").status == 200
