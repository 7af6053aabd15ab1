"""Gateways as tests need them: over an embedded store, or over a store behind a URL."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

from windvane.api.s3.served import s3_service
from windvane.objects.base import ObjectStore
from windvane.wire.admission import Admission
from windvane.wire.bodies import Bodies, BodyBounds
from windvane.wire.call import Authorize, Caller, KeyRing
from windvane.wire.faults import s3_refusal
from windvane.wire.revocation import key_check
from windvane.wire.s3.answers import InThread
from windvane.wire.s3.authentication import head_verifier
from windvane.wire.s3.embedded import EmbeddedStore
from windvane.wire.s3.external import ExternalStore
from windvane.wire.s3.forward import Forwarder, Upstream
from windvane.wire.s3.gateway import S3Gateway
from windvane.wire.s3.mapped import FindMapped, nothing_mapped
from windvane.wire.s3.post import PostUploads

Clock = Callable[[], datetime]


def allow(
    caller: Caller, action: str, resource: str, facts: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Everything."""


def own_gateway(
    objects: ObjectStore,
    keyring: KeyRing,
    clock: Clock,
    authorize: Authorize = allow,
    mapped: FindMapped = nothing_mapped,
    in_thread: InThread = asyncio.to_thread,
    admission: Admission | None = None,
) -> S3Gateway:
    store = EmbeddedStore(s3_service(objects), in_thread, key_check(keyring, clock))
    return S3Gateway(
        store,
        Forwarder(),
        head_verifier(keyring, clock),
        authorize,
        s3_refusal,
        Bodies(),
        in_thread,
        mapped,
        PostUploads(store, keyring, clock),
        admission,
    )


def external_gateway(
    url: str,
    keyring: KeyRing,
    clock: Clock,
    mapped: FindMapped = nothing_mapped,
    patience_s: float = 20.0,
    authorize: Authorize = allow,
) -> S3Gateway:
    forwarder = Forwarder()
    upstream = Upstream(url, "k", "s", "us-east-1")
    return S3Gateway(
        ExternalStore(forwarder, upstream, asyncio.to_thread, key_check(keyring, clock)),
        forwarder,
        head_verifier(keyring, clock),
        authorize,
        s3_refusal,
        Bodies(BodyBounds(patience_s=patience_s)),
        asyncio.to_thread,
        mapped,
    )
