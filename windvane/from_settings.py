"""What Settings say, as the parts of the server take it; `assembly` puts them together."""

from __future__ import annotations

import logging
import re
import stat
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import make_url

from windvane.addresses import is_loopback
from windvane.api.key_file import KeyFile
from windvane.artifacts.base import Artifacts, Location
from windvane.artifacts.connection import Connection
from windvane.artifacts.embedded import EmbeddedFolder, ObjectStoreArtifacts
from windvane.artifacts.folder import Folder
from windvane.artifacts.mapped import BucketMap, BucketSource
from windvane.audit.anchors import StoredAnchors
from windvane.audit.files import FileBounds
from windvane.audit.kinds import Recording
from windvane.audit.log import AUDIT_FOLDER, AUDIT_KEY, AuditLog
from windvane.cluster_from_settings import is_here, on_cluster
from windvane.control.buckets import BucketOwners, DeclaredOwners, RegionOf, regions_of
from windvane.control.networks import Networks
from windvane.control.objects import KeyOfWrites
from windvane.domain.events import DETAIL_TYPES
from windvane.domain.forecasting import CHRONOS_BOLT_FILES
from windvane.events.webhooks import Hook
from windvane.names import default_bucket, server_owner
from windvane.objects.base import ObjectStore
from windvane.objects.encrypted import EncryptedStore
from windvane.objects.encryption import DataKeys
from windvane.objects.store import open_objects
from windvane.process.confinement import Part
from windvane.process.log_lines import LogFormat
from windvane.process.memory import machine_memory_mb
from windvane.process.sandbox import Protection, Sandbox, sandbox_of
from windvane.process.volatile import memory_folder
from windvane.sealing import derive_key
from windvane.settings import DEFAULT_REGION, BadSettings, Settings
from windvane.store.base import Store
from windvane.tracing_from_settings import is_traced
from windvane.wire.bodies import Bodies, BodyBounds
from windvane.wire.s3.forward import Upstream
from windvane.wire.s3.mapped import MappedBucket
from windvane.work.workers.config import RoleOfBuckets, WorkConfig

_LOG = logging.getLogger(__name__)

OBJECTS = "s3"
"""The folder of the embedded store, in the data folder."""

_WORKERS_SHARE_OF_MEMORY = 0.75

_USERS = "users of the sandbox"

_ENCRYPTING = ("require", "verify-ca", "verify-full")
"""source    "SSL Support" in libpq's documentation: with any other sslmode the text may be plain"""


def audit_log(settings: Settings, secret: bytes, store: Store) -> AuditLog:
    """Return the audit log of a data folder.

    secret    the data folder's token secret
    """
    chosen = settings.audit
    return AuditLog(
        settings.data_dir / AUDIT_FOLDER,
        derive_key(secret, AUDIT_KEY),
        StoredAnchors(store),
        lambda: datetime.now(UTC),
        Recording(chosen.invocations, chosen.objects, chosen.reads),
        FileBounds(
            min(FileBounds.file_bytes, chosen.max_bytes // 16 + 1),
            chosen.retention_days,
            chosen.max_bytes,
        ),
    )


def bodies_of(settings: Settings) -> Bodies:
    limits = settings.limits
    per_peer = limits.body_bytes_per_peer
    return Bodies(BodyBounds(limits.body_bytes, per_peer, per_peer))


def hooks_of(settings: Settings) -> list[Hook]:
    """Return the webhooks of the configuration.

    raises    BadSettings for a detail type that no event has, or a name that stands twice
    """
    wanted = {detail_type for hook in settings.webhooks for detail_type in hook.detail_types}
    if unknown := sorted(wanted.difference(DETAIL_TYPES)):
        raise BadSettings(
            f"[[webhooks]] detail_types: '{unknown[0]}' is not known; it must be one of: {', '.join(DETAIL_TYPES)}."
        )
    names = [hook.name for hook in settings.webhooks if hook.name]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise BadSettings(f"[[webhooks]] name '{twice}' stands twice.")
    return [
        Hook(
            hook.url,
            hook.secret,
            hook.detail_types,
            hook.jobs,
            hook.give_up_s,
            hook.name,
            hook.accounts,
        )
        for hook in settings.webhooks
    ]


def webhooks_for(settings: Settings, account: str) -> tuple[str, ...]:
    """Return the names of the webhooks that jobs of an account may ask for."""
    return tuple(
        hook.name
        for hook in settings.webhooks
        if hook.name and (not hook.accounts or account in hook.accounts)
    )


def permanent_keys(settings: Settings, own: KeyFile) -> list[tuple[str, str, str]]:
    """Root keys as (account, access key, secret key).

    raises    BadSettings for an account that is none, or a key that stands twice
    """
    declared = [(key.account, key.access_key, key.secret_key) for key in settings.keys]
    roots = [(own.account, one.access_key, one.secret_key) for one in own.root_keys]
    every = [*roots, *declared]
    for account, _, _ in every:
        if not re.fullmatch(r"[0-9]{12}", account):
            raise BadSettings(
                f"An account of [server] or [[accounts]] is '{account}'; it must have 12 digits."
            )
    names = [access_key for _, access_key, _ in set(every)]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BadSettings(
            f"The access key {twice[0]} is configured twice; it must have one account and one secret."
        )
    return every


def embedded_objects(settings: Settings, keys: DataKeys) -> EncryptedStore | None:
    """Open the store that belongs to the server; None if an external one is configured.

    keys      of what it encrypts

    raises    StoreUnusable
    """
    if settings.s3 is not None:
        return None
    limit_bytes = settings.limits.stored_bytes
    return EncryptedStore(open_objects(settings.data_dir / OBJECTS, limit_bytes=limit_bytes), keys)


def key_of_writes(objects: EncryptedStore | None, mapped: BucketMap) -> KeyOfWrites:
    """Return the key that the default of a bucket names; an external store asks for its keys itself."""

    def key(location: Location) -> str:
        if objects is None or mapped.find(location.bucket) is not None:
            return ""
        return objects.default_key_needed(location.bucket, location.key) or ""

    return key


def connection_of(settings: Settings) -> Connection | None:
    """Return how to reach the external store; None if there is none."""
    external = settings.s3
    if external is None:
        return None
    return Connection(
        external.endpoint,
        external.access_key,
        external.secret_key,
        external.region,
        external.path_style,
    )


def artifacts_of(
    settings: Settings, objects: ObjectStore | None, connection: Connection | None
) -> Artifacts:
    """Return what reads and writes objects of the server's own store.

    raises    BadSettings if there is neither an embedded nor an external store
    """
    if objects is not None:
        return ObjectStoreArtifacts(objects, settings.account, DEFAULT_REGION)
    if connection is None:
        raise BadSettings("There is neither an embedded nor an external S3 store.")
    return connection.open()


def bucket_owners(settings: Settings, objects: ObjectStore | None) -> BucketOwners:
    """Return whose bucket is whose. The bucket in which tasks exchange data is no account's, though they may do so
    elsewhere now."""
    if objects is not None:
        return objects
    bucket = default_bucket(settings.account, DEFAULT_REGION)
    return DeclaredOwners({bucket: settings.account, settings.exchange.bucket: server_owner()})


def exchange_bucket(settings: Settings, mapped: BucketMap) -> str:
    """Return the bucket in which tasks exchange data; "" if they do so in folders of this machine.

    raises    BadSettings if it is read from elsewhere
    """
    chosen = settings.exchange
    if not chosen.is_store:
        return ""
    if (source := mapped.find(chosen.bucket)) is not None:
        raise BadSettings(
            f"[exchange] bucket is '{chosen.bucket}', which is only read: it stands for {source}."
        )
    return chosen.bucket


def no_job_volumes(settings: Settings) -> str:
    """Return why volumes of jobs cannot be encrypted; "" if they can."""
    if settings.exchange.is_store and settings.s3 is not None:
        return (
            "tasks exchange data through an external S3 store, which does not have the keys of this server (configuration, "
            "section [exchange], kind)."
        )
    return ""


def regions_of_buckets(settings: Settings, objects: ObjectStore | None) -> RegionOf:
    return regions_of(objects, None if settings.s3 is None else settings.s3.region)


def s3_upstream(connection: Connection) -> Upstream:
    """Return an external store as requests are passed on to it."""
    endpoint = connection.endpoint or f"https://s3.{connection.region}.amazonaws.com"
    return Upstream(
        endpoint.rstrip("/"), connection.access_key, connection.secret_key, connection.region
    )


def plain_links(settings: Settings) -> tuple[str, ...]:
    """Return what this server talks to on other machines without TLS, as its configuration names it; no secret is told."""
    found = []
    if settings.s3 is not None and _is_plain(settings.s3.endpoint):
        found.append(f"[s3] endpoint {settings.s3.endpoint}")
    found += [
        f"[[buckets]] {entry.name}, endpoint {entry.endpoint}"
        for entry in settings.buckets
        if entry.endpoint and _is_plain(entry.endpoint)
    ]
    if settings.tracing.enabled and _is_plain(settings.tracing.endpoint):
        found.append(f"[tracing] endpoint {settings.tracing.endpoint}")
    chosen = settings.executor
    if chosen.is_ray and not chosen.tls_cert and not is_here(chosen.address):
        found.append(f"[executor] address {chosen.address}")
    if settings.store_url:
        url = make_url(settings.store_url)
        host = url.host or url.query.get("host") or ""
        names = [host] if isinstance(host, str) else list(host)
        is_near = all(not name or name.startswith("/") or is_loopback(name) for name in names)
        mode = url.query.get("sslmode", "prefer")
        if url.get_backend_name() == "postgresql" and not is_near and mode not in _ENCRYPTING:
            found.append(
                f"[store] url postgresql://{', '.join(names)}, sslmode {mode} (it must be one of: {', '.join(_ENCRYPTING)})"
            )
    return tuple(found)


def _is_plain(endpoint: str) -> bool:
    parts = urlsplit(endpoint)
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")


def bucket_sources(settings: Settings) -> Iterable[BucketSource]:
    for entry in settings.buckets:
        if entry.folder and not Path(entry.folder).is_dir():
            raise BadSettings(f"[[buckets]] {entry.name}: {entry.folder} is not a folder.")
        origin = Connection(entry.endpoint, entry.access_key, entry.secret_key, entry.region)
        yield BucketSource(
            entry.name,
            Path(entry.folder) if entry.folder else origin,
            entry.region,
            entry.accounts,
        )


def as_mapped(source: BucketSource) -> MappedBucket:
    if isinstance(source.origin, Path):
        return MappedBucket(Folder(source.origin), source.region, source.accounts)
    return MappedBucket(s3_upstream(source.origin), source.region, source.accounts)


def sandbox_for(
    settings: Settings, no_volumes: str, secret: bytes
) -> tuple[Sandbox, list[Protection]]:
    """Return what this machine has of it, and the parts that it lacks, which are told to the log.

    secret        of the data folder, which nobody else knows
    no_volumes    why there is no folder in memory (process/volatile.py); "" if there is
    raises    BadSettings if it is required and lacks what matters most
    """
    declared = settings.sandbox
    data_dir = settings.data_dir.absolute()
    private = () if no_volumes else (memory_folder(data_dir),)
    salt = derive_key(secret, _USERS).hex()
    sandbox, missing = sandbox_of(data_dir, declared.first_user, declared.users, private, salt)
    for one in missing:
        _LOG.warning("The sandbox of tasks and models lacks %s: %s.", one.part, one.why)
        if declared.require and one.part in (Part.LANDLOCK, Part.SECCOMP):
            raise BadSettings(f"[sandbox] require = true, but {one.part} does not work: {one.why}.")
    return sandbox, missing


def networks_of(settings: Settings, sandbox: Sandbox) -> Networks:
    lacks = (
        "" if sandbox.cuts_network else "its machine has neither seccomp nor network namespaces."
    )
    return Networks(settings.networks, lacks)


def weights_folder(settings: Settings, sandbox: Sandbox) -> Path | None:
    """Return the folder with the weights of Chronos-Bolt; None if there is none.

    sandbox   of the tasks that read it
    raises    BadSettings if a file is not there, or a task cannot read it
    """
    if not settings.engine.chronos_bolt:
        return None
    folder = Path(settings.engine.chronos_bolt)
    for name in CHRONOS_BOLT_FILES:
        if not (folder / name).is_file():
            raise BadSettings(
                f"[engine] chronos_bolt is '{folder}', where there is no {name}; it must be a folder with "
                f"{' and '.join(CHRONOS_BOLT_FILES)}."
            )
        if Part.USER in sandbox.parts and not (folder / name).stat().st_mode & stat.S_IROTH:
            raise BadSettings(
                f"[engine] chronos_bolt: {folder / name} must be readable by all users, as tasks run under users of their own "
                f"(chmod o+r)."
            )
    return folder


def tasks_memory_mb(settings: Settings) -> int:
    """Return the MiB that all tasks on this machine share."""
    return settings.memory_mb or int(_WORKERS_SHARE_OF_MEMORY * machine_memory_mb())


def work_config(
    settings: Settings,
    mapped: BucketMap,
    run: str,
    sandbox: Sandbox,
    masters: tuple[str, ...],
    *,
    is_shared: bool,
) -> WorkConfig:
    """`up_since` is not known before this server is one of those of its store.

    run        names this life of the server
    masters    master keys in hexadecimal, the current one first
    raises     BadSettings
    """
    place = EmbeddedFolder(settings.data_dir.absolute() / OBJECTS, settings.account, DEFAULT_REGION)
    return WorkConfig(
        data_dir=settings.data_dir.absolute(),
        run=run,
        up_since=datetime.now(UTC),
        is_shared=is_shared,
        workers=settings.tasks_at_once,
        memory_mb=tasks_memory_mb(settings),
        calibrate=settings.engine.calibrate,
        tune_threshold=settings.engine.tune_threshold,
        chronos_bolt=weights_folder(settings, sandbox),
        store_url=settings.store_url,
        s3=connection_of(settings),
        objects=None if settings.s3 is not None else place,
        master_keys=masters,
        max_data_bytes=settings.limits.max_data_bytes,
        max_columns=settings.limits.max_columns,
        instance_limit=settings.limits.instances,
        workers_per_account=settings.limits.workers_per_account,
        transformed_rows=settings.artifacts.transformed_rows,
        kept_models=settings.artifacts.kept_models,
        buckets=mapped.sources,
        exchange=exchange_bucket(settings, mapped),
        log_days=settings.logs.retention_days,
        event_days=settings.events.retention_days,
        sandbox=sandbox,
        roles=tuple(RoleOfBuckets(role.arn, role.read, role.write) for role in settings.roles),
        on_cluster=on_cluster(settings),
        log_format=LogFormat(settings.logs.format),
        traces_to=settings.tracing.endpoint if is_traced(settings.tracing) else None,
    )
