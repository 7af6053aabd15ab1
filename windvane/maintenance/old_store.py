"""The object store of earlier versions (SeaweedFS), run for as long as its objects are read, where nobody else reaches it.

Its ports answer whoever reaches them. So the whole process gets a network of its own first, in which there is nothing but
a loopback (network namespace): as root, or as a user where the kernel lets users have one. Where it does not, the store
listens on loopback for the length of the import, and only its S3 port asks for a key, which is random.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import secrets
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from windvane.errors import WindvaneError
from windvane.process.parent_death import command

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 0x1
_PORTS = ("master", "volume", "filer", "s3", "admin")
_READY_S = 60.0


class OldStoreFault(WindvaneError):
    """The object store of the earlier version cannot be read; the text says why."""


def leave_network() -> bool:
    """Move this process into a network of its own; whether that was possible. Call it while there is one thread."""
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.geteuid(), os.getegid()
    flags = _CLONE_NEWNET if user == 0 else _CLONE_NEWUSER | _CLONE_NEWNET
    if libc.unshare(flags) != 0:
        return False
    if user != 0:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", _IFF_UP)
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, request)
    return True


@dataclass(frozen=True)
class _Key:
    access_key: str
    secret_key: str = field(repr=False)


@contextmanager
def running(folder: Path) -> Iterator[Any]:
    """Yield an S3 client of the store in `folder` (DATA_DIR/s3 of the earlier version), which runs inside the block.

    raises    OldStoreFault if it is not installed or does not start
    """
    key = _Key(secrets.token_hex(10).upper(), secrets.token_urlsafe(30))
    ports = _free_ports()
    with tempfile.TemporaryDirectory(prefix="windvane-import-") as scratch:
        _write_private(Path(scratch) / "s3.json", _identities(key))
        _write_private(Path(scratch) / "security.toml", _signing_keys())
        (folder / "data" / "mini.options").unlink(missing_ok=True)
        log = Path(scratch) / "weed.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command(_arguments(folder / "data", ports)),
                cwd=scratch,
                env={**os.environ, "TMPDIR": scratch},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            yield _ready(process, ports["s3"], key, log)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _ready(process: subprocess.Popen[bytes], port: int, key: _Key, log: Path) -> Any:
    client = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id=key.access_key,
        aws_secret_access_key=key.secret_key,
        region_name="us-east-1",
        config=Config(
            s3={"addressing_style": "path"},
            proxies={},
            ignore_configured_endpoint_urls=True,
            retries={"mode": "standard", "max_attempts": 5},
        ),
    )
    give_up = time.monotonic() + _READY_S
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                client.list_buckets()
                return client
        except (OSError, ClientError, BotoCoreError) as error:
            if time.monotonic() > give_up or process.poll() is not None:
                last = log.read_text(errors="replace")[-500:]
                raise OldStoreFault(
                    f"The earlier version's object store does not start ({error}). It said last: {last}"
                ) from error
            time.sleep(0.05)


def _arguments(data: Path, ports: dict[str, int]) -> list[str]:
    return [
        _executable(),
        "-logtostderr",
        "mini",
        f"-dir={data}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        *(f"-{name}.port={ports[name]}" for name in _PORTS),
        *(f"-{name}.port.grpc={ports[f'{name}.grpc']}" for name in _PORTS),
        "-s3.config=s3.json",
        "-s3.localSocket=s3.sock",
        "-filer.localSocket=filer.sock",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-s3.iam=false",
        "-s3.autoCreateBucket=false",
        "-volume.preStopSeconds=0",
        "-webdav=false",
        "-admin.ui=false",
        "-master.telemetry=false",
    ]


def _executable() -> str:
    beside = Path(sys.executable).with_name("weed")
    found = str(beside) if beside.exists() else shutil.which("weed")
    if found is None:
        raise OldStoreFault(
            "Reading the earlier version's objects needs its object store: pip install 'windvane[import]'."
        )
    return found


def _identities(key: _Key) -> str:
    credentials = [{"accessKey": key.access_key, "secretKey": key.secret_key}]
    identity = {"name": "import", "credentials": credentials, "actions": ["Admin"]}
    return json.dumps({"identities": [identity]})


def _signing_keys() -> str:
    """Return the other ports that can ask for tokens ask for those of keys that nobody has."""
    names = ("filer_signing", "filer_signing.read", "signing", "signing.read")
    return "".join(f'[jwt.{name}]\nkey = "{secrets.token_hex(32)}"\n' for name in names)


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _free_ports() -> dict[str, int]:
    names = [*_PORTS, *(f"{name}.grpc" for name in _PORTS)]
    sockets = [socket.socket() for _ in names]
    try:
        for listener in sockets:
            listener.bind(("127.0.0.1", 0))
        return {
            name: listener.getsockname()[1] for name, listener in zip(names, sockets, strict=True)
        }
    finally:
        for listener in sockets:
            listener.close()
