"""What travels along the chain, and what the rest of the program gives it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True)
class Credential:
    """An access key as the key ring knows it.

    account        12 digits
    principal_arn  who calls, e.g. arn:aws:sts::000000000000:assumed-role/windvane/session
    session_token  must come with the request if not ""
    permanent      False for keys made by AssumeRole
    role_arn       of the role that the caller is a session of: names of roles may repeat, their ARNs do not; "" for a user
    user_name      "" for a session of a role
    parent_key     the permanent key that temporary ones come from, "" for a permanent one
    issued         when temporary keys were made
    chain          ids of the roles that a session came through, the first one first
    session_policies
                   what each AssumeRole on the way narrowed the session to: JSON of a document ("" for none) and ARNs
    """

    account: str
    access_key: str
    secret_key: str = field(repr=False)
    principal_arn: str
    user_id: str
    session_token: str = field(default="", repr=False)
    permanent: bool = True
    role_arn: str = ""
    user_name: str = ""
    parent_key: str = ""
    issued: datetime | None = None
    chain: tuple[str, ...] = ()
    session_policies: tuple[str, ...] = ()


class KeyRing(Protocol):
    def credential(self, access_key: str, session_token: str, now: datetime) -> Credential | None:
        """Return the credential of a key; None if the key is unknown; raises Expired for a temporary one whose time
        is over."""


@dataclass(frozen=True)
class Caller:
    """The caller, and the region: verified by the signature.

    source_ip    address of the peer, "" if unknown
    is_secure    whether the request came over TLS
    """

    account: str
    region: str
    credential: Credential
    source_ip: str = ""
    is_secure: bool = False


@dataclass(frozen=True)
class Request:
    """An HTTP request as received. path and query are raw (still percent-encoded), header names lower case."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    first: Mapping[str, str] = field(init=False, repr=False, compare=False)
    """The first value of each header, by its name."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "first", dict(reversed(self.headers)))

    def with_body(self, body: bytes) -> Request:
        """Return the same request with its body, which was read."""
        return Request(self.method, self.path, self.query, self.headers, body)


@dataclass(frozen=True)
class Call:
    """A checked call of an operation: authenticated, decoded, valid against the service model."""

    service: str
    operation: str
    caller: Caller
    parameters: dict[str, Any]
    request_id: str


@dataclass
class RequestRecord:
    """The record of one request, for metrics, the audit log and support; each step fills in what it learns.

    source_ip      address of the peer, "" if unknown
    is_secure      whether it came over TLS
    operation      "" while unknown
    caller         None until the signature is verified
    access_key     that the request was signed with or claims to be, "" if none
    account        that the access key belongs to, whether the signature is verified or not; "" while unknown
    resources      ARNs that the request names
    parameters     of the call, as decoded; {} while unknown
    answered       ARNs of the answer, by the names of its members
    error_code     "" for a request that succeeded
    status         HTTP status; 0 until a response has begun
    """

    request_id: str
    source_ip: str = ""
    is_secure: bool = False
    user_agent: str = ""
    service: str = ""
    operation: str = ""
    caller: Caller | None = None
    access_key: str = ""
    account: str = ""
    resources: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    answered: Mapping[str, str] = field(default_factory=dict)
    error_code: str = ""
    error_message: str = ""
    status: int = 0
    seconds: float = 0.0


class Recorder(Protocol):
    """The audit log as requests meet it."""

    def check(self, record: RequestRecord) -> None:
        """Refuse a request that would change something while that cannot be recorded; raises StoreUnusable."""

    def begin_answer(self, record: RequestRecord) -> Awaitable[None] | None:
        """Record a request whose answer is about to begin. What is returned has to be awaited before it does; it
        raises StoreUnusable if the record could not be written."""


def answered_arns(result: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the ARNs of an answer, by the names of its members: what the audit log tells of it."""
    members = (result or {}).items()
    return {name: v for name, v in members if name.endswith("Arn") and isinstance(v, str)}


def seen_from(caller: Caller, record: RequestRecord) -> Caller:
    """Return the caller with what the connection tells: conditions of policies ask for it."""
    return Caller(
        caller.account, caller.region, caller.credential, record.source_ip, record.is_secure
    )


class Authorize(Protocol):
    """Checks that a caller may do an action (`sagemaker:CreateModel`, `s3:GetObject`) to a resource (an ARN, or `*`)."""

    def __call__(
        self, caller: Caller, action: str, resource: str, facts: Mapping[str, str] = ...
    ) -> None:
        """Check that a caller may do an action to a resource.

        facts     what conditions may ask for of this request: keys in lower case, such as `s3:prefix`

        raises    AccessDenied
        """


Permit = Callable[[Call, RequestRecord], None]
"""Checks that the caller of an operation may do what it asks for, and notes the resources in the record; raises
AccessDenied if not. Takes as long as the caller's policies are long."""

IsQuick = Callable[[Call], bool]
"""Whether a Permit answers within a millisecond or so, and can be asked on the event loop."""


def permit_all(call: Call, record: RequestRecord) -> None:
    """Permit everything, where whoever has a key may do everything."""


def at_once(_: Call) -> bool:
    """Return that a permission is decided at once: that of a Permit that reads no policies."""
    return True


Result = Mapping[str, Any] | None
"""Output members by their names in the model (datetimes as datetime, blobs as bytes); None for an empty body."""

Handler = Callable[[Call], Result]
"""Serves one operation; plain synchronous code, run in a thread."""

Operations = Mapping[tuple[str, str], Handler]
"""(service, operation) -> handler; the services are those of wire/model.py."""
