"""Who is signed in, and what a page may ask on their behalf."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from starlette.requests import Request

from windvane.api.authenticator import Session
from windvane.api.in_process import InProcessClient
from windvane.console.access.overviews import Identities
from windvane.console.access.principals import ROOT_KEY, is_root_key
from windvane.console.job_form.default_limits import DefaultLimits
from windvane.errors import NotAuthorized
from windvane.names import Scope, default_bucket
from windvane.wire.call import Caller

T = TypeVar("T")


class ObjectInfo(Protocol):
    """One object of S3; size in bytes."""

    @property
    def location(self) -> object: ...

    @property
    def size(self) -> int: ...


class Objects(Protocol):
    """S3 as a caller may use it; see control/objects.py."""

    def has_default_bucket(self, caller: Caller) -> bool: ...

    def make_default_bucket(self, caller: Caller) -> None: ...

    def info(self, caller: Caller, uri: str) -> ObjectInfo: ...

    def read(self, caller: Caller, uri: str, limit_bytes: int) -> bytes: ...

    def chunks(self, caller: Caller, uri: str) -> Iterator[bytes]: ...

    def list(self, caller: Caller, prefix: str, limit: int) -> list[Any]: ...

    def write(self, caller: Caller, uri: str, data: bytes) -> None: ...

    def delete(self, caller: Caller, uri: str) -> None: ...


class ObjectUse(Protocol):
    """A record that uses an object of S3."""

    @property
    def kind(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def region(self) -> str: ...


class ObjectUses(Protocol):
    """Who uses objects of S3; see control/object_uses.py. It tells all that there is, whoever asks."""

    def of(self, account: str, places: Sequence[str]) -> Mapping[str, tuple[ObjectUse, ...]]: ...

    def models_of(self, scope: Scope) -> Mapping[str, frozenset[str]]: ...


@dataclass(frozen=True)
class CallerObjects:
    """S3 objects as whoever is signed in may use them.

    raises    NotFound, AccessDenied, InvalidRequest for what is no S3 URI
    """

    objects: Objects
    caller: Caller
    inside: InProcessClient

    async def has_default_bucket(self) -> bool:
        """Return whether the caller's default bucket is there: in a region of an account that nobody has used it is not."""
        return await self.in_thread(self.objects.has_default_bucket, self.caller)

    async def ensure_default_bucket(self) -> str:
        """Return the caller's default bucket, which is made if it is not there yet.

        raises    AccessDenied
        """
        bucket = default_bucket(self.caller.account, self.caller.region)
        if not await self.has_default_bucket():
            make = self.objects.make_default_bucket
            await self._use("CreateBucket", f"s3://{bucket}", make, self.caller)
        return bucket

    async def size(self, uri: str) -> int:
        """Return bytes."""
        info = await self._use("HeadObject", uri, self.objects.info, self.caller, uri)
        return info.size

    async def read(self, uri: str, limit_bytes: int) -> bytes:
        """Read an object as the caller.

        raises    TooLarge besides
        """
        read = self.objects.read
        return await self._use("GetObject", uri, read, self.caller, uri, limit_bytes)

    async def chunks(self, uri: str) -> AsyncIterator[bytes]:
        chunks = self.objects.chunks(self.caller, uri)
        chunk = await self._use("GetObject", uri, next, chunks, None)
        while chunk is not None:
            yield chunk
            chunk = await self.inside.in_thread(self.caller, next, chunks, None)

    async def list(self, prefix: str, limit: int = 1000) -> list[tuple[str, int]]:
        """URI and bytes of each."""
        listed = self.objects.list
        found = await self._use("ListObjectsV2", prefix, listed, self.caller, prefix, limit)
        return [(str(info.location), info.size) for info in found]

    async def write(self, uri: str, data: bytes) -> None:
        await self._use("PutObject", uri, self.objects.write, self.caller, uri, data)

    async def delete(self, uri: str) -> None:
        await self._use("DeleteObject", uri, self.objects.delete, self.caller, uri)

    def large(self) -> AbstractAsyncContextManager[None]:
        """Return the turn to have large objects in memory, as a block around reading them and what is made of them."""
        return self.inside.large(self.caller)

    async def in_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        """Return what `work` makes of objects that were read: they lie where others write, and may be long."""
        return await self.inside.in_thread(self.caller, work, *arguments)

    async def _use(self, operation: str, uri: str, work: Callable[..., T], *arguments: Any) -> T:
        """The audit log has it as it has a request of S3."""
        return await self.inside.use_s3(self.caller, operation, uri, work, *arguments)


@dataclass(frozen=True)
class RequestContext:
    """One request of somebody who is signed in.

    url      of this server as the browser knows it, without a slash at the end
    passable ARNs of the roles that a caller may hand to jobs, the default one first
    csrf     what the forms of the page carry
    webhooks names of those that a job may ask to be told of its end
    uses     of objects; to be asked with the rights of whoever is signed in (endpoint/uses.py)
    identities
             what lists of users and roles show besides what IAM lists
    limits   of jobs that name none
    runs_servers
             the caller's account is the one that runs the servers: no other is shown the machines
    has_cluster
             there may be several machines
    """

    session: Session
    url: str
    passable: Callable[[Caller], tuple[str, ...]]
    csrf: str
    inside: InProcessClient
    objects: CallerObjects
    uses: ObjectUses
    identities: Identities
    limits: DefaultLimits
    webhooks: tuple[str, ...] = ()
    runs_servers: bool = False
    has_cluster: bool = False

    @property
    def caller(self) -> Caller:
        return self.session.caller

    async def roles(self) -> tuple[str, ...]:
        """ARNs of the roles that whoever is signed in may hand to jobs."""
        return await self.in_thread(self.passable, self.caller)

    async def in_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        """Return what `work` returns, which takes long: no page of others waits for it."""
        return await self.inside.in_thread(self.caller, work, *arguments)

    def trying(self) -> AbstractAsyncContextManager[None]:
        """Return the turn to ask a model, as a block around all that is made of its answers."""
        return self.inside.trying(self.caller)

    @property
    def name(self) -> str:
        """Who is signed in, in short: the name of a user, "root key", else the name of the role.

        of a session of a role, `arn:aws:sts::111122223333:assumed-role/jobs/visit` is `jobs (role)`
        """
        credential = self.caller.credential
        if credential.user_name:
            return credential.user_name
        if is_root_key(credential.principal_arn, credential.access_key):
            return ROOT_KEY
        role = credential.role_arn.rpartition("/")[2]
        return f"{role} (role)" if role else credential.principal_arn

    def refusal(
        self,
        operation: str,
        parameters: Mapping[str, Any] | None = None,
        service: str = "sagemaker",
    ) -> NotAuthorized | None:
        """Return why whoever is signed in may not do this; None if nothing is known against it. Templates ask before
        they draw a button.

        parameters    None to ask whether there is anything that the operation may be done to
        """
        return self.inside.refusal(self.caller, service, operation, parameters or {})

    async def ask(
        self, service: str, operation: str, parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the answer of an operation, as any client of this caller would get it.

        raises    what the operation raises (errors.py)
        """
        return await self.inside.ask(self.caller, service, operation, parameters)


def context_of(request: Request) -> RequestContext:
    context: RequestContext = request.state.context
    return context


def url_of(request: Request) -> str:
    return f"{request.url.scheme}://{request.headers.get('host', '')}"
