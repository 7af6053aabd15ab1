"""What everything else in a server is built on: records, keys, objects, and who may do what.

With the other modules of this folder and from_settings.py, which reads Settings, the only code that names concrete classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from windvane.api.authenticator import Authenticator
from windvane.api.keyring import KeyRing
from windvane.api.permission_table import PERMISSIONS
from windvane.api.permissions import Permissions, stored_key_arn, stored_volume_key
from windvane.artifacts.base import Artifacts
from windvane.artifacts.mapped import BucketMap, with_mapped
from windvane.audit.log import AuditLog
from windvane.control.buckets import BucketOwners
from windvane.control.exchange_bucket import ServersBucketKept
from windvane.control.identity.authorizer import Authorizer
from windvane.control.identity.directory import Directory
from windvane.control.identity.key_safe import KeySafe
from windvane.control.identity.key_uses import KeyUses
from windvane.control.kms.master import MasterKeys, load_master_keys
from windvane.control.kms.service import KeyService, new_key_service
from windvane.control.one_time_tokens import OneTimeTokens
from windvane.control.roles import Roles
from windvane.from_settings import (
    artifacts_of,
    as_mapped,
    audit_log,
    bodies_of,
    bucket_owners,
    bucket_sources,
    connection_of,
    embedded_objects,
    permanent_keys,
    regions_of_buckets,
)
from windvane.maintenance.old_folder import require_imported
from windvane.names import PageTokens
from windvane.objects.encrypted import EncryptedStore
from windvane.settings import Settings
from windvane.sharing import Sharing
from windvane.store.open import open_store
from windvane.store.sql import SqlStore
from windvane.tracing.span import Record, unrecorded
from windvane.tracing.tracer import Tracer
from windvane.tracing_from_settings import Tracing, tracing_of
from windvane.wire.bodies import Bodies
from windvane.wire.failures import FailureCounter
from windvane.wire.rates import AccountRates
from windvane.wire.s3.mapped import MappedBucket


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Foundation:
    """The parts that all other groups use: records, keys, and the limits of requests.

    sharing    what the server has in common with others on its store
    failures   counts wrong keys and signatures
    rates      requests that each account may make
    bodies     bounds of all bodies that are read
    tracing    None if nothing is traced
    """

    settings: Settings
    store: SqlStore
    masters: MasterKeys
    sharing: Sharing
    page_tokens: PageTokens
    kms: KeyService
    failures: FailureCounter
    rates: AccountRates
    bodies: Bodies
    tracing: Tracing | None

    @property
    def tracer(self) -> Tracer | None:
        """The tracer of requests and tasks; None if nothing is traced."""
        return None if self.tracing is None else self.tracing.tracer

    @property
    def record_span(self) -> Record:
        """The function that takes in spans that have ended."""
        return unrecorded if self.tracing is None else self.tracing.export.record


def make_foundation(settings: Settings, address: str, *, is_host_only: bool = False) -> Foundation:
    """Open the records and make or load the keys.

    address         URL at which other servers reach this one
    is_host_only    it only runs instances of endpoints (host.py)
    """
    tracing = tracing_of(settings.tracing, settings.account)
    store = open_store(settings.store_url, settings.data_dir)
    masters = load_master_keys(settings.data_dir, settings.master_key)
    failures = FailureCounter(settings.limits.failed_requests)
    rates = AccountRates(settings.limits.requests_per_s)
    sharing = Sharing(settings, store, masters, address, failures, rates, is_host_only=is_host_only)
    page_tokens = PageTokens(sharing.keys.token_secret)
    kms = new_key_service(store, masters, page_tokens, utc_now)
    return Foundation(
        settings,
        store,
        masters,
        sharing,
        page_tokens,
        kms,
        failures,
        rates,
        bodies_of(settings),
        tracing,
    )


@dataclass(frozen=True)
class ObjectStorage:
    """The stores of objects.

    embedded   the embedded store; None if an external one is configured
    mapped     the buckets that are read from elsewhere
    artifacts  reads and writes objects of all of these
    """

    embedded: EncryptedStore | None
    owners: BucketOwners
    mapped: BucketMap
    artifacts: Artifacts

    def permits(self, account: str, bucket: str) -> bool:
        """Return whether an account may use a bucket."""
        source = self.mapped.find(bucket)
        if source is not None:
            return source.is_open_to(account)
        return self.owners.owner(bucket) in (None, account)

    def mapped_bucket(self, bucket: str) -> MappedBucket | None:
        """Return a bucket that is read from elsewhere as the S3 gateway reads it; None for any other."""
        source = self.mapped.find(bucket)
        return None if source is None else as_mapped(source)


def make_object_storage(base: Foundation) -> ObjectStorage:
    settings = base.settings
    if settings.s3 is None:
        require_imported(settings.data_dir)
    embedded = embedded_objects(settings, base.kms.data_keys)
    mapped = BucketMap(bucket_sources(settings))
    own = artifacts_of(settings, embedded, connection_of(settings))
    return ObjectStorage(
        embedded, bucket_owners(settings, embedded), mapped, with_mapped(own, mapped.sources)
    )


@dataclass(frozen=True)
class Access:
    """Authentication, authorization and the audit log.

    keyring       access keys and their secrets
    permit        whether the caller of an operation may do what it asks for
    authorize_s3  the same for S3
    roles         what the roles of jobs and models may do
    """

    audit: AuditLog
    authorizer: Authorizer
    safe: KeySafe
    keyring: KeyRing
    authenticator: Authenticator
    permit: Permissions
    roles: Roles
    authorize_s3: ServersBucketKept


def make_access(base: Foundation, storage: ObjectStorage) -> Access:
    settings, store, keys = base.settings, base.store, base.sharing.keys
    authorizer = Authorizer(Directory(store, settings.roles), utc_now, KeyUses(store))
    safe = KeySafe(keys.sealing_secret)
    keyring = KeyRing(permanent_keys(settings, keys), keys.token_secret, authorizer.directory, safe)
    regions = regions_of_buckets(settings, storage.embedded)
    roles = Roles(authorizer, storage.owners, storage.mapped, regions)
    return Access(
        audit_log(settings, keys.sealing_secret, store),
        authorizer,
        safe,
        keyring,
        Authenticator(keyring, OneTimeTokens(store, utc_now), keys.token_secret, utc_now),
        Permissions(authorizer, PERMISSIONS, stored_key_arn(store), stored_volume_key(store)),
        roles,
        ServersBucketKept(roles.authorize_s3, settings.exchange.bucket),
    )
