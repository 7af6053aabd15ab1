"""What a store behind the gateway is given of a request, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from windvane.wire.call import Caller
from windvane.wire.s3.payload import Digests


@dataclass(frozen=True)
class S3Call:
    """A checked call: signed, decoded, and allowed as far as the head tells.

    parameters   by their names in the model; of the head, and of an XML body
    authorize    raises AccessDenied unless the caller may do an action to an ARN, by what conditions may ask for; for what
                 only the body names, or the store knows
    """

    operation: str
    caller: Caller
    parameters: Mapping[str, Any]
    request_id: str
    authorize: Callable[[str, str, Mapping[str, str]], None]


class Content(Protocol):
    """The bytes of an answer; blocking."""

    def read(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class S3Result:
    """The result of an operation.

    members    of the output shape, by their names in the model
    status     if not the usual one of the operation
    content    the body of an object, `length` bytes of it
    document   an XML body that the model does not describe
    """

    members: Mapping[str, Any] = field(default_factory=dict)
    status: int | None = None
    content: Content | None = None
    length: int | None = None
    document: bytes = b""


class Sink(Protocol):
    """The destination of an upload's content; blocking, used by one thread at a time.

    algorithm   a checksum that it wants; "" for none
    """

    @property
    def algorithm(self) -> str: ...

    def write(self, data: bytes, /) -> None: ...

    def commit(self, digests: Digests, /) -> S3Result:
        """Make it an object; nothing can be read of it before."""

    def discard(self) -> None:
        """Drop it; nothing happens if it was committed."""


Handler = Callable[[S3Call], S3Result]
"""Serves one operation; blocking."""

BeginUpload = Callable[[S3Call], Sink]
"""Makes ready for the content of an upload; blocking."""


@dataclass(frozen=True)
class S3Service:
    """A store of objects as the gateway sees it.

    owner      the account that owns a bucket, None if there is no such bucket; blocking
    handlers   operations whose body, if any, is XML
    uploads    operations whose body is the content of an object
    """

    owner: Callable[[str], str | None]
    handlers: Mapping[str, Handler]
    uploads: Mapping[str, BeginUpload]

    def serves(self, operation: str) -> bool:
        return operation in self.handlers or operation in self.uploads
