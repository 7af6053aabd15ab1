"""A server as users start it, with two accounts and roles of little, and requests to it that no client would send.

Nothing but the command, HTTP and boto3, so that whatever version of the command it is can be asked.
"""

from __future__ import annotations

import hashlib
import os
import re
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from hostile.signing import Key, Sent, in_header

REGION = "us-east-1"
OURS, THEIRS = "000000000000", "111122223333"
THEIR_KEY = Key("AKIATHEIRS0000000001", "a secret of the other account, 40 chars.")
CHANGED_KEY = Key("AKIACHANGED000000001", "a further secret of the first account...")
GONE_KEY = Key("AKIAGONE000000000001", "one more secret of the first account....")
WIDE, NARROW = f"arn:aws:iam::{OURS}:role/a/team", f"arn:aws:iam::{OURS}:role/b/team"
WRITER = f"arn:aws:iam::{OURS}:role/writer"

_ACCOUNT = '[[accounts]]\naccount = "{}"\naccess_key = "{}"\nsecret_key = "{}"\n'
_ROLE = '[[roles]]\narn = "{}"\nread = {}\nwrite = {}\n'
_READY_S, _ENDS_S = 240.0, 240.0
_WINDVANE = Path(sys.executable).with_name("windvane")


class TwoAccounts:
    """`windvane serve`, started on a folder that is there; `ours` is the key of the folder's own account.

    temporary    all that it may take for its temporary folder
    """

    def __init__(self, folder: Path, temporary: Path) -> None:
        self.folder, self.temporary = folder, temporary
        self.start({THEIR_KEY: THEIRS, CHANGED_KEY: OURS, GONE_KEY: OURS})

    def start(self, keys: Mapping[Key, str]) -> None:
        """With these keys, of these accounts, beside the folder's own."""
        config = self.folder.with_suffix(".toml")
        accounts = [
            _ACCOUNT.format(account, key.access_key, key.secret) for key, account in keys.items()
        ]
        roles = [
            _ROLE.format(WIDE, ["*"], ["*"]),
            _ROLE.format(NARROW, [], ["scratch"]),
            _ROLE.format(WRITER, [], ["scratch", "claimed"]),
        ]
        config.write_text("".join([*accounts, *roles]))
        self._log = self.folder.with_suffix(".log").open("ab")
        self._process = subprocess.Popen(
            [_WINDVANE, "serve", "--data-dir", self.folder, "--port", "0", "--config", config],
            env={**os.environ, "TMPDIR": str(self.temporary)},
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            umask=0o022,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        ready = self._process.stdout.readline()
        told = re.fullmatch(r"windvane ready on http://127\.0\.0\.1:(\d+)\n", ready)
        assert told is not None, self.log()
        self.pid, self.port = self._process.pid, int(told[1])
        exports = subprocess.run(
            [_WINDVANE, "env", "--data-dir", self.folder],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        env = dict(re.findall(r"^export (\w+)='?(.*?)'?$", exports, re.MULTILINE))
        self.ours = Key(env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"])

    def stop(self) -> None:
        self._process.terminate()
        self._process.communicate(timeout=_ENDS_S)
        self._log.close()

    def log(self) -> str:
        return Path(self._log.name).read_text()

    def client(self, service: str, key: Key) -> Any:
        return boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name=REGION,
            aws_access_key_id=key.access_key,
            aws_secret_access_key=key.secret,
            aws_session_token=key.token or None,
            config=Config(retries={"total_max_attempts": 1}, read_timeout=240),
        )

    def session(self, role: str, key: Key | None = None) -> Key:
        """Temporary keys of a role."""
        sts = self.client("sts", key or self.ours)
        made = sts.assume_role(RoleArn=role, RoleSessionName="visit")["Credentials"]
        return Key(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])

    def signed(
        self,
        key: Key,
        method: str,
        path: str,
        headers: dict[str, str] | list[tuple[str, str]] = {},  # noqa: B006 - never changed
        body: bytes = b"",
        service: str = "s3",
    ) -> Sent:
        """A request that its key has signed as it stands; a header may stand in it twice."""
        pairs = tuple(headers.items() if isinstance(headers, dict) else headers)
        host = ("host", f"127.0.0.1:{self.port}")
        sent = Sent(method, path, "", (host, *pairs), body)
        return in_header(sent, key, datetime.now(UTC), REGION, service)

    def ask(self, sent: Sent) -> tuple[int, bytes]:
        """Status and the whole answer, head included."""
        answer = self.exchange(in_bytes(sent))
        return int(answer.split(b" ", 2)[1]), answer

    def exchange(self, data: bytes, wait_s: float = 240.0) -> bytes:
        """What comes back until the server hangs up, or has sent nothing for so long."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=wait_s) as connection:
            connection.sendall(data)
            answer = b""
            with suppress(TimeoutError, ConnectionResetError):
                while piece := connection.recv(1 << 16):
                    answer += piece
            return answer


def in_bytes(sent: Sent, length: int | None = None) -> bytes:
    """A request on the wire, after which the server is to hang up; `length` is announced in place of the body's."""
    size = len(sent.body) if length is None else length
    with_body = sent.method in ("PUT", "POST") or size > 0
    lines = [f"{sent.method} {sent.path} HTTP/1.1", *(f"{n}: {v}" for n, v in sent.headers)]
    lines += [f"content-length: {size}"] * with_body + ["connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1") + sent.body


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
