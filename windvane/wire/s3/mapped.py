"""Buckets that are read from elsewhere: a folder, or another S3 store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import unquote

from windvane.wire.call import Request
from windvane.wire.s3.answers import Answered, InThread, S3Refusal
from windvane.wire.s3.folder import FolderAnswers, ReadableFolder
from windvane.wire.s3.forward import Forwarder, Upstream, answered


@dataclass(frozen=True)
class MappedBucket:
    """region      that it is said to be in
    accounts    that may read it; () means every one
    """

    origin: Upstream | ReadableFolder
    region: str
    accounts: tuple[str, ...]

    @property
    def is_public(self) -> bool:
        """Whether requests without a signature are answered; they would borrow our own key otherwise."""
        has_key = isinstance(self.origin, Upstream) and bool(self.origin.access_key)
        return not self.accounts and not has_key


FindMapped = Callable[[str], MappedBucket | None]
"""What a bucket's name stands for; None if it is a bucket of the store."""


def nothing_mapped(bucket: str) -> MappedBucket | None:  # noqa: ARG001 - as FindMapped wants it
    return None


class MappedReader:
    """in_thread    as in S3Gateway"""

    def __init__(self, forwarder: Forwarder, in_thread: InThread) -> None:
        self._forwarder = forwarder
        self._folders = FolderAnswers(in_thread)

    @asynccontextmanager
    async def open(self, mapped: MappedBucket, head: Request) -> AsyncIterator[Answered]:
        """The answer to a GET or HEAD.

        raises    S3Refusal
        """
        if isinstance(mapped.origin, Upstream):
            _refuse_dots(head.path)
            async with self._forwarder.send(mapped.origin, head) as answer:
                yield answered(answer)
        else:
            async with self._folders.open(mapped.origin, mapped.region, head) as found:
                yield found


def _refuse_dots(path: str) -> None:
    """A store that resolves them would be led out of the bucket."""
    if any(part in (".", "..") for part in unquote(path).split("/")):
        raise S3Refusal("InvalidURI", 400, "A key with '.' or '..' between slashes is not read.")
