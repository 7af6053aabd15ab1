"""How requests get into a server: AWS traffic, S3 and the console; and what it tells of itself."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from windvane.api.events import event_operations
from windvane.api.in_process import InProcessClient
from windvane.api.operation import Services
from windvane.api.s3.served import s3_service
from windvane.api.sign_ins import SignIns
from windvane.assembly.foundation import Access, Foundation, ObjectStorage, utc_now
from windvane.assembly.operations import Handlers
from windvane.assembly.processes import Execution, ModelServing
from windvane.console.job_form.default_limits import DefaultLimits
from windvane.console.security import Hosts
from windvane.console.site import Site, SiteServices
from windvane.control.buckets import DefaultBucketsKept
from windvane.control.identity.overviews import IdentityOverviews
from windvane.control.object_uses import ObjectUses
from windvane.control.objects import Objects, bucket_maker
from windvane.events.deliveries import Deliveries
from windvane.events.poller import EventPoller
from windvane.events.stream import Streams
from windvane.events.webhooks import Webhooks
from windvane.from_settings import connection_of, hooks_of, key_of_writes, s3_upstream, webhooks_for
from windvane.mlflow_from_settings import experiments_of
from windvane.settings import BadSettings
from windvane.telemetry import Telemetry
from windvane.wire.admission import Admission
from windvane.wire.call import Authorize
from windvane.wire.edge import Edge
from windvane.wire.faults import s3_refusal
from windvane.wire.revocation import key_check
from windvane.wire.s3.authentication import head_verifier
from windvane.wire.s3.embedded import BEGUN_AT_ONCE, HANDLED_AT_ONCE, EmbeddedStore
from windvane.wire.s3.external import ExternalStore
from windvane.wire.s3.folder import LISTED_AT_ONCE
from windvane.wire.s3.forward import Forwarder
from windvane.wire.s3.gateway import DECIDED_AT_ONCE, S3Gateway
from windvane.wire.s3.post import PostUploads
from windvane.wire.s3.threads import Threads
from windvane.work.experiments import JobsToMlflow

_S3_THREADS = HANDLED_AT_ONCE + BEGUN_AT_ONCE + DECIDED_AT_ONCE + LISTED_AT_ONCE + 4
"""What may take long has no more than its number of them; 4 are left for blocks of objects and owners of buckets."""


@dataclass(frozen=True)
class Observability:
    """The parts that tell others what happens here: streams of events, webhooks, jobs in MLflow, and figures."""

    streams: Streams
    webhooks: Webhooks
    mlflow: Deliveries
    telemetry: Telemetry


def make_observability(
    base: Foundation, storage: ObjectStorage, execution: Execution, serving: ModelServing
) -> Observability:
    settings, store, membership = base.settings, base.store, base.sharing.membership
    poller = EventPoller(store)
    streams = Streams(store, poller, settings.events.streams)
    webhooks = Webhooks(store, poller, hooks_of(settings), utc_now, leadership=membership)

    experiments = experiments_of(settings)
    logging = (
        []
        if experiments is None
        else [JobsToMlflow(store, storage.artifacts, experiments, utc_now)]
    )
    mlflow = Deliveries(store, poller, logging, utc_now, leadership=membership)

    def gauges() -> Iterable[tuple[str, float]]:
        yield from serving.hosting.gauges()
        yield from execution.supervisor.gauges()
        yield from webhooks.gauges()
        yield "event_streams", float(streams.n_open)
        yield "servers", float(max(1, len(membership.live())))
        yield "leads", float(membership.lead() is not None)
        disk = shutil.disk_usage(settings.data_dir)
        yield "disk_free_bytes", float(disk.free)
        yield "disk_size_bytes", float(disk.total)

    return Observability(streams, webhooks, mlflow, Telemetry(store, utc_now, gauges))


@dataclass(frozen=True)
class S3Service:
    """Answers S3 requests, in threads of its own."""

    threads: ThreadPoolExecutor
    gateway: S3Gateway


def make_s3_service(base: Foundation, storage: ObjectStorage, access: Access) -> S3Service:
    threads = ThreadPoolExecutor(_S3_THREADS, thread_name_prefix="s3")
    in_thread, forwarder = Threads(threads), Forwarder()
    store = _store_of_requests(base, storage, access, forwarder, in_thread)
    posts = (
        PostUploads(store, access.keyring, utc_now) if isinstance(store, EmbeddedStore) else None
    )
    authorize: Authorize = access.authorize_s3
    if isinstance(store, ExternalStore):
        authorize = DefaultBucketsKept(authorize)
    gateway = S3Gateway(
        store,
        forwarder,
        head_verifier(access.keyring, utc_now),
        authorize,
        s3_refusal,
        base.bodies,
        in_thread,
        storage.mapped_bucket,
        posts,
        Admission(base.failures, base.rates, access.audit),
    )
    return S3Service(threads, gateway)


def _store_of_requests(
    base: Foundation,
    storage: ObjectStorage,
    access: Access,
    forwarder: Forwarder,
    in_thread: Threads,
) -> EmbeddedStore | ExternalStore:
    connection, good = connection_of(base.settings), key_check(access.keyring, utc_now)
    if storage.embedded is not None:
        return EmbeddedStore(s3_service(storage.embedded), in_thread, good)
    if connection is None:
        raise BadSettings("There is neither an embedded nor an external S3 store.")
    return ExternalStore(forwarder, s3_upstream(connection), in_thread, good)


def make_edge(
    base: Foundation,
    access: Access,
    services: Services,
    observability: Observability,
    handlers: Handlers,
    gateway: S3Gateway,
) -> Edge:
    """Return what answers AWS requests."""
    return Edge(
        access.keyring,
        handlers.operations,
        handlers.async_operations,
        gateway,
        utc_now,
        bodies=base.bodies,
        failures=base.failures,
        rates=base.rates,
        recorder=access.audit,
        on_request=observability.telemetry.on_request,
        streams=event_operations(services.jobs, observability.streams),
        permit=access.permit,
        is_quick=access.permit.is_quick,
        tracer=base.tracer,
    )


@dataclass(frozen=True)
class Console:
    """The pages, and the client through which they call operations."""

    client: InProcessClient
    site: Site


def make_console(
    base: Foundation,
    storage: ObjectStorage,
    access: Access,
    observability: Observability,
    handlers: Handlers,
) -> Console:
    settings = base.settings
    client = InProcessClient(
        handlers.operations,
        handlers.async_operations,
        access.permit,
        access.audit,
        access.permit.refusal,
        access.permit.is_quick,
        key_check(access.keyring, utc_now),
        base.record_span,
    )
    objects = Objects(
        storage.artifacts,
        storage.owners if storage.embedded is not None else None,
        storage.mapped,
        access.authorize_s3,
        key_of_writes(storage.embedded, storage.mapped),
        bucket_maker(storage.artifacts, storage.embedded),
    )
    site = Site(
        SiteServices(
            access.authenticator,
            client,
            objects,
            ObjectUses(base.store, storage.artifacts),
            Hosts((settings.host, socket.gethostname(), *settings.console.hosts)),
            access.roles.passable,
            SignIns(base.failures, access.audit, observability.telemetry.on_request),
            IdentityOverviews(access.authorizer, base.store),
            DefaultLimits(settings.limits.max_candidates, settings.limits.max_runtime_s),
            settings.console.behind_tls,
            base.rates,
            lambda account: webhooks_for(settings, account),
            settings.account,
            base.sharing.membership.is_shared or settings.executor.is_ray,
            base.tracer,
        )
    )
    return Console(client, site)
