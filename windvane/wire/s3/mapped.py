"""Buckets that are read from elsewhere: a folder, or another S3 store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from windvane.wire.call import Request
from windvane.wire.s3.allowlist import allowed, passing, query_of, refuse_dots
from windvane.wire.s3.answers import Answered, InThread
from windvane.wire.s3.exchange import headers_of
from windvane.wire.s3.folder import FolderAnswers, ReadableFolder
from windvane.wire.s3.forward import Forwarder, Upstream, answered
from windvane.wire.s3.model import resolve


@dataclass(frozen=True)
class MappedBucket:
    """A bucket that is read from elsewhere: another store or a folder.

    region      that it is said to be in
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
    """Answers requests that read buckets from elsewhere.

    in_thread    as in S3Gateway
    """

    def __init__(self, forwarder: Forwarder, in_thread: InThread) -> None:
        self._forwarder = forwarder
        self._folders = FolderAnswers(in_thread)

    @asynccontextmanager
    async def open(
        self, mapped: MappedBucket, head: Request, asker: str
    ) -> AsyncIterator[Answered]:
        """Yield the answer to a GET or HEAD.

        asker     the account that asks, or the address of whoever has no key
        raises    S3Refusal
        """
        if isinstance(mapped.origin, Upstream):
            refuse_dots(head.path)
            resolved = resolve(head)
            headers = tuple(passing(resolved.operation, headers_of(head)))
            asked = Request(head.method, head.path, query_of(resolved), headers, b"")
            async with self._forwarder.send(mapped.origin, asked) as answer:
                yield allowed(resolved.operation, answered(answer))
        else:
            async with self._folders.open(mapped.origin, mapped.region, head, asker) as found:
                yield found
