"""A client of S3 that costs little: signed requests over a connection that stays open, so that what is measured is the server."""

from __future__ import annotations

import hashlib
import hmac
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import BinaryIO, Self
from urllib.parse import quote, urlsplit

UNSIGNED = "UNSIGNED-PAYLOAD"
_EMPTY = hashlib.sha256(b"").hexdigest()
_READ = 1 << 20


class Connection:
    """One connection; used by one thread.

    env    what `windvane env` exports
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self._host = urlsplit(env["AWS_ENDPOINT_URL"]).netloc
        self._key_id, self._region = env["AWS_ACCESS_KEY_ID"], env["AWS_DEFAULT_REGION"]
        self._secret = env["AWS_SECRET_ACCESS_KEY"]
        self._keys: dict[str, bytes] = {}
        self._left, self._status = b"", 0
        name, _, port = self._host.rpartition(":")
        self._socket = socket.create_connection((name, int(port)))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """Return the body of the answer.

        path      as it is, not quoted: /BUCKET/KEY
        raises    RuntimeError for what is no success
        """
        declared = hashlib.sha256(body).hexdigest() if body else _EMPTY
        head = self._head(method, path, query or {}, declared, headers or {}, len(body))
        self._socket.sendall(head + body)
        return self._answer(f"{method} {path}")

    def put_file(self, path: str, file: BinaryIO, size: int, declared: str = UNSIGNED) -> None:
        """Upload a file by sendfile, which costs the client next to nothing.

        declared    the SHA-256 of the file, or UNSIGNED
        """
        self._socket.sendall(self._head("PUT", path, {}, declared, {}, size))
        self._socket.sendfile(file)
        self._answer(f"PUT {path}")

    def get_and_drop(self, path: str) -> int:
        """Download, keep nothing, and return the size."""
        self._socket.sendall(self._head("GET", path, {}, _EMPTY, {}, 0))
        buffer = bytearray(_READ)
        length, got = self._length(f"GET {path}")
        while got < length:
            n_read = self._socket.recv_into(buffer)
            if not n_read:
                raise RuntimeError(f"GET {path}: the connection ended")
            got += n_read
        return got

    def _head(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        declared: str,
        more: Mapping[str, str],
        length: int,
    ) -> bytes:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        target = quote(path, safe="/-_.~")
        pairs = "&".join(
            f"{quote(name, safe='-_.~')}={quote(query[name], safe='-_.~')}"
            for name in sorted(query)
        )
        headers = {
            "host": self._host,
            "x-amz-content-sha256": declared,
            "x-amz-date": stamp,
            **more,
        }
        names = sorted(headers)
        signed = ";".join(names)
        canonical = [f"{name}:{headers[name]}" for name in names]
        text = "\n".join([method, target, pairs, *canonical, "", signed, declared])
        scope = f"{stamp[:8]}/{self._region}/s3/aws4_request"
        to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(text.encode()).hexdigest()}"
        signature = hmac.digest(self._key(stamp[:8]), to_sign.encode(), "sha256").hex()
        authorization = (
            f"authorization: AWS4-HMAC-SHA256 Credential={self._key_id}/{scope}, "
            f"SignedHeaders={signed}, Signature={signature}"
        )
        line = f"{method} {target}{'?' if pairs else ''}{pairs} HTTP/1.1"
        last = f"content-length: {length}" if length or method in ("PUT", "POST") else ""
        lines = [line, *(f"{name}: {headers[name]}" for name in names), authorization, last]
        return ("\r\n".join(filter(None, lines)) + "\r\n\r\n").encode()

    def _key(self, day: str) -> bytes:
        if day not in self._keys:
            key = f"AWS4{self._secret}".encode()
            for part in (day, self._region, "s3", "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._keys[day] = key
        return self._keys[day]

    def _answer(self, what: str) -> bytes:
        length, _ = self._length(what, keep=True)
        while len(self._left) < length:
            self._more(what)
        body, self._left = self._left[:length], self._left[length:]
        if self._status >= 300:
            raise RuntimeError(f"{what}: {self._status} {body[:500]!r}")
        return body

    def _length(self, what: str, *, keep: bool = False) -> tuple[int, int]:
        """Read the head of an answer; the length of its body, and how much of it is here already."""
        self._left = b""
        while b"\r\n\r\n" not in self._left:
            self._more(what)
        head, _, self._left = self._left.partition(b"\r\n\r\n")
        self._status = int(head[9:12])
        lengths = [
            int(line[15:])
            for line in head.split(b"\r\n")
            if line[:15].lower() == b"content-length:"
        ]
        if not keep and self._status >= 300:
            raise RuntimeError(f"{what}: {self._status}")
        return (lengths[0] if lengths else 0), len(self._left)

    def _more(self, what: str) -> None:
        data = self._socket.recv(_READ)
        if not data:
            raise RuntimeError(f"{what}: the connection ended")
        self._left += data
