"""Puts everything together; with from_settings.py, which reads Settings, the only file that names concrete classes."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from windvane.api import served
from windvane.api.authenticator import Authenticator
from windvane.api.cloudtrail import Trail, trail_operations
from windvane.api.endpoint_explanations import explanation_operations
from windvane.api.events import event_operations
from windvane.api.iam.operation import identity_parts
from windvane.api.identity import identity_operations
from windvane.api.in_process import InProcessClient
from windvane.api.key_file import KeyFile
from windvane.api.key_watch import KeyWatch
from windvane.api.keyring import KeyRing
from windvane.api.operation import Services
from windvane.api.permission_table import PERMISSIONS
from windvane.api.permissions import Permissions, stored_key_arn, stored_volume_key
from windvane.api.runtime import runtime_operations
from windvane.api.s3.served import s3_service
from windvane.api.sign_ins import SignIns
from windvane.artifacts.mapped import BucketMap, with_mapped
from windvane.audit.log import AUDIT_FOLDER
from windvane.console.security import Hosts
from windvane.console.site import Site, SiteServices
from windvane.control.buckets import DefaultBucketsKept
from windvane.control.encryption import Encryption
from windvane.control.endpoint_configs import EndpointConfigs
from windvane.control.endpoints import Endpoints
from windvane.control.exchange_bucket import ServersBucketKept, make_exchange_bucket
from windvane.control.identity.authorizer import Authorizer
from windvane.control.identity.directory import Directory
from windvane.control.identity.key_safe import KeySafe
from windvane.control.identity.key_uses import KeyUses
from windvane.control.jobs import Jobs
from windvane.control.kms.master import load_master_keys
from windvane.control.kms.service import new_key_service
from windvane.control.leaderboard import Leaderboards
from windvane.control.lists import Lists
from windvane.control.logs import Logs
from windvane.control.models import Models
from windvane.control.objects import Objects
from windvane.control.one_time_tokens import OneTimeTokens
from windvane.control.overviews import Overviews
from windvane.control.previews import Previews
from windvane.control.progress import Progress
from windvane.control.reports import Reports
from windvane.control.roles import Roles
from windvane.control.scaling.service import new_scaling
from windvane.control.steps import Steps
from windvane.control.tags import Tags
from windvane.control.transforms import Transforms
from windvane.events.poller import EventPoller
from windvane.events.stream import Streams
from windvane.events.webhooks import Webhooks
from windvane.from_settings import (
    artifacts_of,
    as_mapped,
    audit_log,
    bodies_of,
    bucket_owners,
    bucket_sources,
    connection_of,
    embedded_objects,
    hooks_of,
    key_of_writes,
    networks_of,
    no_job_volumes,
    permanent_keys,
    plain_links,
    regions_of_buckets,
    s3_upstream,
    sandbox_for,
    work_config,
)
from windvane.maintenance.old_folder import require_imported
from windvane.names import PageTokens, Scope, default_bucket
from windvane.process.volatile import make_memory_folder, remove_empty_folders
from windvane.serving.explaining import Explaining
from windvane.serving.pool import Bounds
from windvane.serving.router import Router
from windvane.settings import DEFAULT_REGION, BadSettings, Settings
from windvane.sharing import Sharing
from windvane.store.open import open_store
from windvane.telemetry import Telemetry
from windvane.upkeep import Upkeep
from windvane.web import Web
from windvane.wire.admission import Admission
from windvane.wire.call import Authorize, Operations
from windvane.wire.edge import Edge
from windvane.wire.failures import FailureCounter
from windvane.wire.faults import s3_refusal
from windvane.wire.rates import AccountRates
from windvane.wire.revocation import key_check
from windvane.wire.s3.external import ExternalStore
from windvane.wire.s3.folder import LISTED_AT_ONCE
from windvane.wire.s3.forward import Forwarder
from windvane.wire.s3.gateway import DECIDED_AT_ONCE, S3Gateway
from windvane.wire.s3.mapped import MappedBucket
from windvane.wire.s3.own import BEGUN_AT_ONCE, HANDLED_AT_ONCE, OwnStore
from windvane.wire.s3.post import PostUploads
from windvane.wire.s3.proof import prover
from windvane.wire.s3.threads import Threads
from windvane.work.hosting.autoscaler import Autoscaler
from windvane.work.hosting.hosting import Hosting
from windvane.work.workers.process import WorkerProcess
from windvane.work.workers.supervisor import Supervisor

_LOG = logging.getLogger(__name__)
_S3_THREADS = HANDLED_AT_ONCE + BEGUN_AT_ONCE + DECIDED_AT_ONCE + LISTED_AT_ONCE + 4
"""What may take long has no more than its number of them; 4 are left for blocks of objects and owners of buckets."""


def utc_now() -> datetime:
    return datetime.now(UTC)


class Server:
    """One server on one data folder. `start` and `stop` belong to the main thread: the children it starts
    die with this thread.
    """

    def __init__(
        self, settings: Settings, workers: Sequence[WorkerProcess] = (), address: str = ""
    ) -> None:
        """Make every part; nothing is started yet.

        workers    that have been started and wait to be told what to be
        address    URL at which other servers reach this one
        """
        self._settings = settings
        self._store = open_store(settings.store_url, settings.data_dir)
        masters = load_master_keys(settings.data_dir, settings.master_key)
        self._failures = FailureCounter(settings.limits.failed_requests)
        self._rates = AccountRates(settings.limits.requests_per_s)
        self._sharing = Sharing(
            settings, self._store, masters, address, self._failures, self._rates
        )
        self._membership, keys = self._sharing.membership, self._sharing.keys
        self._page_tokens = PageTokens(keys.token_secret)
        self._kms = new_key_service(self._store, masters, self._page_tokens, utc_now)
        if settings.s3 is None:
            require_imported(settings.data_dir)
        self._objects = embedded_objects(settings, self._kms.data_keys)
        self._owners = bucket_owners(settings, self._objects)
        self._mapped = BucketMap(bucket_sources(settings))
        own = artifacts_of(settings, self._objects, connection_of(settings))
        self._artifacts = with_mapped(own, self._mapped.sources)
        self._router = Router(Bounds(queue=settings.serving.queue), self._sharing.peers)
        self._no_volumes = make_memory_folder(settings.data_dir)
        self._sandbox = sandbox_for(settings, self._no_volumes, keys.sealing_secret)
        self._hosting = Hosting(
            self._store,
            self._artifacts,
            settings.data_dir,
            self._router,
            memory_mb=settings.serving.memory_mb,
            idle_s=settings.serving.idle_s,
            sandbox=self._sandbox,
            check_key=self._kms.ciphers.check,
            permits=self._permits_bucket,
            check_data=self._check_model_data,
            model_bytes=settings.limits.model_bytes,
            placing=self._sharing.placing,
        )
        self._supervisor = Supervisor(
            work_config(settings, self._mapped, self._membership, self._sandbox, masters), workers
        )
        self._membership.lead_only_while(self._supervisor.is_able_to_lead)
        poller = EventPoller(self._store)
        self._streams = Streams(self._store, poller, settings.events.streams)
        self._webhooks = Webhooks(
            self._store, poller, hooks_of(settings), utc_now, leadership=self._membership
        )
        self._telemetry = Telemetry(self._store, utc_now, self._gauges)
        self._authorizer = Authorizer(
            Directory(self._store, settings.roles), utc_now, KeyUses(self._store)
        )
        self._safe = KeySafe(keys.sealing_secret)
        self._keyring = KeyRing(
            permanent_keys(settings, keys),
            keys.token_secret,
            self._authorizer.directory,
            self._safe,
        )
        self._audit = audit_log(settings, keys.sealing_secret, self._store)
        self._autoscaler = Autoscaler(
            self._store,
            self._router.arrivals,
            self._audit,
            utc_now,
            period_s=settings.scaling.period_s,
            instance_limit=settings.limits.instances,
            hosts=self._hosting.hosts,
        )
        self._bodies = bodies_of(settings)
        self._s3_threads = ThreadPoolExecutor(_S3_THREADS, thread_name_prefix="s3")
        self._in_s3_thread = Threads(self._s3_threads)
        self._permit = Permissions(
            self._authorizer,
            PERMISSIONS,
            stored_key_arn(self._store),
            stored_volume_key(self._store),
        )
        regions = regions_of_buckets(settings, self._objects)
        self._roles = Roles(self._authorizer, self._owners, self._mapped, regions)
        self._authorize_s3 = ServersBucketKept(self._roles.authorize_s3, settings.exchange.bucket)
        self._authenticator = Authenticator(
            self._keyring, OneTimeTokens(self._store, utc_now), keys.token_secret, utc_now
        )
        self._gateway = self._new_gateway()
        self._parts = self._new_parts()
        self._operations = self._new_operations()
        environment = {"WINDVANE_DATA_DIR": str(settings.data_dir)}
        explaining = Explaining(self._router, environment)
        self._async_operations = {
            **runtime_operations(self._router),
            **explanation_operations(self._router, explaining),
        }
        self._sharing.answer_peers(self._bodies, self._router, explaining)
        self._edge = self._new_edge()
        self._in_process = InProcessClient(
            self._operations,
            self._async_operations,
            self._permit,
            self._audit,
            self._permit.refusal,
            self._permit.is_quick,
            key_check(self._keyring, utc_now),
        )
        self._console = self._new_console()
        self.asgi = Web(
            self._edge,
            self._console,
            self._telemetry,
            self.faults,
            self._bodies,
            self._sharing.door,
        )
        self._upkeep = Upkeep(
            self._objects,
            self._kms,
            self._authorizer,
            KeyWatch(settings.data_dir, settings.account, self._use_keys),
            utc_now,
            self._membership,
            self._sharing.shared_keys,
        )

    async def start(self) -> None:
        """Returns once every part answers.

        raises    StoreUnusable
        """
        self._store.migrate()
        await asyncio.to_thread(self._membership.start)
        self._kms.start()
        self._audit.start()
        for link in plain_links(self._settings):
            _LOG.warning("Traffic to other machines is not encrypted: %s.", link)
        await asyncio.to_thread(self._ensure_buckets)
        await self._webhooks.start()
        self._hosting.start()
        self._autoscaler.start()
        await asyncio.to_thread(self._supervisor.start, self._membership.up_since)
        await asyncio.to_thread(self._authorizer.directory.refresh)
        self._upkeep.start()

    async def leave(self) -> None:
        """Hand over to other servers, if there are some, what they can go on with at once."""
        await self._sharing.leave(self._hosting)

    def end_streams(self) -> None:
        """Let the clients go that follow events: other requests end by themselves."""
        self._streams.close()
        self._console.end_streams()

    async def stop(self) -> None:
        await self._webhooks.stop()
        self._upkeep.stop()
        await asyncio.to_thread(self._edge.close)
        await asyncio.to_thread(self._in_process.close)
        await self._gateway.close()
        await self._sharing.close()
        await asyncio.to_thread(self._autoscaler.stop)
        await asyncio.gather(
            asyncio.to_thread(self._supervisor.stop), asyncio.to_thread(self._hosting.stop)
        )
        self._s3_threads.shutdown(wait=True, cancel_futures=True)
        if self._objects is not None:
            self._objects.close()
        await asyncio.to_thread(self._audit.stop)
        await asyncio.to_thread(self._membership.stop)
        remove_empty_folders(self._settings.data_dir)
        self._store.close()

    def faults(self) -> list[str]:
        """What is not well, a sentence each."""
        return [*self._supervisor.faults(), *self._audit.faults(), *self._membership.faults()]

    def _use_keys(self, keys: KeyFile) -> None:
        self._keyring.replace(permanent_keys(self._settings, keys), keys.token_secret)
        self._authenticator.replace(keys.token_secret)
        self._page_tokens.replace(keys.token_secret)
        self._sharing.use_secret(keys.token_secret)

    def _ensure_buckets(self) -> None:
        account, exchange = self._settings.account, self._settings.exchange
        self._artifacts.ensure_bucket(default_bucket(account, DEFAULT_REGION))
        if exchange.is_store:
            make_exchange_bucket(
                self._store,
                self._artifacts,
                self._objects,
                exchange.bucket,
                DEFAULT_REGION,
                utc_now(),
            )

    def _gauges(self) -> Iterable[tuple[str, float]]:
        yield from self._hosting.gauges()
        yield from self._supervisor.gauges()
        yield from self._webhooks.gauges()
        yield "event_streams", float(self._streams.n_open)
        yield "servers", float(max(1, len(self._membership.live())))
        yield "leads", float(self._membership.lead() is not None)

    def _new_gateway(self) -> S3Gateway:
        forwarder, prove = Forwarder(), prover(self._keyring, utc_now)
        store = self._gateway_store(forwarder)
        posts = PostUploads(store, self._keyring, utc_now) if isinstance(store, OwnStore) else None
        authorize: Authorize = self._authorize_s3
        if isinstance(store, ExternalStore):
            authorize = DefaultBucketsKept(authorize)
        return S3Gateway(
            store,
            forwarder,
            prove,
            authorize,
            s3_refusal,
            self._bodies,
            self._in_s3_thread,
            self._mapped_bucket,
            posts,
            Admission(self._failures, self._rates, self._audit),
        )

    def _gateway_store(self, forwarder: Forwarder) -> OwnStore | ExternalStore:
        connection, good = connection_of(self._settings), key_check(self._keyring, utc_now)
        if self._objects is not None:
            return OwnStore(s3_service(self._objects), self._in_s3_thread, good)
        if connection is None:
            raise BadSettings("There is neither an embedded nor an external S3 store.")
        return ExternalStore(forwarder, s3_upstream(connection), self._in_s3_thread, good)

    def _permits_bucket(self, account: str, bucket: str) -> bool:
        source = self._mapped.find(bucket)
        if source is not None:
            return source.is_open_to(account)
        return self._owners.owner(bucket) in (None, account)

    def _check_model_data(self, scope: Scope, role: str, url: str) -> None:
        self._parts.models.check_data(scope, role, url)

    def _mapped_bucket(self, bucket: str) -> MappedBucket | None:
        source = self._mapped.find(bucket)
        return None if source is None else as_mapped(source)

    def _new_edge(self) -> Edge:
        return Edge(
            self._keyring,
            self._operations,
            self._async_operations,
            self._gateway,
            utc_now,
            bodies=self._bodies,
            failures=self._failures,
            rates=self._rates,
            recorder=self._audit,
            on_request=self._telemetry.on_request,
            streams=event_operations(self._parts.jobs, self._streams),
            permit=self._permit,
            is_quick=self._permit.is_quick,
        )

    def _new_console(self) -> Site:
        settings = self._settings
        names = (settings.host, socket.gethostname(), *settings.console.hosts)
        owners = self._owners if self._objects is not None else None
        return Site(
            SiteServices(
                self._authenticator,
                self._in_process,
                Objects(
                    self._artifacts,
                    owners,
                    self._mapped,
                    self._authorize_s3,
                    key_of_writes(self._objects, self._mapped),
                ),
                Hosts(names),
                self._roles.passable,
                SignIns(self._failures, self._audit, self._telemetry.on_request),
                settings.console.behind_tls,
                self._rates,
            )
        )

    def _new_operations(self) -> Operations:
        identity = identity_parts(self._keyring, self._authorizer, self._store, self._safe, utc_now)
        return {
            **served.operations(self._parts),
            **identity_operations(identity),
            **trail_operations(
                Trail(
                    self._settings.data_dir / AUDIT_FOLDER,
                    self._page_tokens,
                    utc_now,
                )
            ),
        }

    def _new_parts(self) -> Services:
        store, artifacts, limits = self._store, self._artifacts, self._settings.limits
        roles = self._roles
        networks = networks_of(self._settings, self._sandbox)
        lists = Lists(store, self._page_tokens)
        encryption = Encryption(
            self._kms.ciphers,
            plain_links(self._settings),
            self._settings.s3 is None,
            self._no_volumes,
            no_job_volumes(self._settings),
            key_of_writes(self._objects, self._mapped),
        )
        most_jobs = limits.jobs_in_flight
        steps = Steps(store, artifacts, roles, lists, encryption, utc_now, networks, most_jobs)
        return Services(
            Jobs(store, artifacts, roles, limits, lists, encryption, utc_now, networks),
            Models(store, artifacts, roles, lists, utc_now, networks),
            EndpointConfigs(store, lists, encryption, utc_now),
            Endpoints(store, limits, lists, utc_now),
            Tags(store),
            steps,
            Reports(store, steps),
            Transforms(store, artifacts, roles, encryption, utc_now, most_jobs),
            Logs(store, self._page_tokens, self._settings.logs.retention_days),
            Overviews(store, lists),
            Progress(
                store,
                lambda: self._membership.up_since,
                self._supervisor.memory_bytes,
                utc_now,
            ),
            Leaderboards(store),
            Previews(artifacts, roles, sandbox=self._sandbox),
            self._router,
            self._kms,
            new_scaling(store, self._page_tokens, utc_now),
        )
