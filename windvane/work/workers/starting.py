"""Where a worker has a task done: its workspace is made ready, its reach worked out, a broker put beside it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from windvane.artifacts.base import Artifacts, Location
from windvane.artifacts.broker import Broker
from windvane.artifacts.cached import ObjectCache
from windvane.artifacts.mapped import BucketMap
from windvane.artifacts.reach import ExchangeReach
from windvane.control.buckets import BucketOwners, RegionOf
from windvane.control.identity.authorizer import Authorizer
from windvane.control.identity.creators import creator_rights
from windvane.control.identity.directory import Directory
from windvane.control.identity.evaluation import Decision, Rights, decide
from windvane.control.roles import DENIALS, rights_at, rights_at_key
from windvane.domain.candidate import ProcessingJob
from windvane.domain.job import AutoMLJob
from windvane.errors import AccessDenied
from windvane.executor.base import Work
from windvane.executor.forks import WorkPlace
from windvane.executor.parts import Communicator
from windvane.process.beneath import remove_beneath
from windvane.process.ownership import give
from windvane.store.base import Store
from windvane.work.exchange import InFolder, InStore
from windvane.work.reach import MayRead, MayWrite, creator_of, reach_of, role_of
from windvane.work.workers.config import WorkConfig, utc_now
from windvane.work.workers.exchanges import exchanged
from windvane.work.workers.order import TaskOrder, order_from_json
from windvane.work.workspace import attempt_folder


class TaskPlaces:
    """Belongs to one thread; each broker has a thread of its own."""

    def __init__(self, config: WorkConfig, store: Store, cache: ObjectCache | None = None) -> None:
        """Prepare to make places.

        cache    of what tasks of jobs exchange; None if each of them reads it from the store of artefacts
        """
        self._cache = cache
        self._config, self._store = config, store
        self._owners: BucketOwners | None = None
        self._region_of: RegionOf | None = None
        self._mapped = BucketMap(config.buckets)
        self._directory = Directory(store, config.roles)
        self._artifacts: Artifacts | None = None

    def place_of(self, work: Work) -> WorkPlace:
        """Return where a task is done that is about to begin (`performing.perform_payload`)."""
        config, order = self._config, order_from_json(work.payload["order"])
        job = order.job
        if self._artifacts is None or self._owners is None:  # a client of S3 takes a while to make
            self._artifacts = config.artifacts()
            self._owners = config.owners(self._store)
        folder = self._folder(order)
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        if config.sandbox is not None:
            give(folder, config.sandbox.user_of(job.arn))
        permits = self._permits(self._owners, job.scope.account)
        may_read, may_write = self._may_read(job), self._may_write(job)
        reach = reach_of(job, order.task.kind, self._artifacts, permits, may_read, may_write)
        is_stored = isinstance(order.exchange, InStore)
        reach = replace(reach, exchange=self._exchange_reach(order))
        ours, theirs = socket.socketpair()
        key = job.output_key
        own = self._artifacts.of(job.scope.account)
        artifacts = own.encrypted_under(key) if key else own
        exchange = exchanged(self._artifacts, job) if is_stored else None
        if self._cache is not None and exchange is not None:
            exchange = self._cache.over(exchange)
        communicator, address = self._communicator(work)
        broker = Broker(ours, artifacts, reach, folder, exchange, communicator)
        threading.Thread(target=broker.serve, name="broker", daemon=True).start()
        over = partial(_end, broker, folder if is_stored else None, communicator)
        return WorkPlace(folder, config.confinement(job.arn, folder), theirs, over, address)

    def _communicator(self, work: Work) -> tuple[Communicator | None, str]:
        """Return what connects a member of a gang with the others, and the address at which they connect to it; nothing of either
        for work that one process does."""
        if work.member is None:
            return None, ""
        # What only members of gangs need is loaded where there is one, and nowhere else.
        from windvane.executor.communicator import communicator_of

        return communicator_of(work.member, self._config.own_address())

    def _folder(self, order: TaskOrder) -> Path:
        """Return the folder that a task works in: that of all tasks of its job, or one of this attempt alone."""
        if isinstance(order.exchange, InFolder):
            return order.exchange.folder
        return attempt_folder(self._config.data_dir, order.job, order.task.attempt)

    def _exchange_reach(self, order: TaskOrder) -> ExchangeReach | None:
        if isinstance(order.exchange, InFolder):
            return None
        most_bytes = self._config.most_exchanged_bytes
        return ExchangeReach(order.exchange.root, order.task.attempt, most_bytes)

    def _may_read(self, job: AutoMLJob | ProcessingJob) -> MayRead:
        """Return what the job's role, or whoever created it without one, may read now: policies, manifests and objects
        may have changed since it was admitted."""
        if not role_of(job) and not creator_of(job):
            return lambda _: True
        self._directory.refresh()
        rights = self._rights(job)
        if rights is None:
            return lambda _: False

        def may_read(location: Location) -> bool:
            source = self._mapped.find(location.bucket)
            decision = self._decides(rights, "s3:GetObject", location)
            if source is not None and not source.accounts:
                return decision not in DENIALS
            return decision is Decision.ALLOWED and self._may_decrypt(rights, location)

        return may_read

    def _may_write(self, job: AutoMLJob | ProcessingJob) -> MayWrite:
        """Return the same of what it may write: what was admitted is the folder, not each object that comes to lie in
        it."""
        if not role_of(job) and not creator_of(job):
            return lambda _: True
        self._directory.refresh()
        rights = self._rights(job)

        def may_write(location: Location) -> bool:
            if rights is None:
                return False
            return self._decides(rights, "s3:PutObject", location) is Decision.ALLOWED

        return may_write

    def _decides(self, rights: Rights, action: str, location: Location) -> Decision:
        here = rights_at(location.bucket, rights, self._mapped, self._region)
        return decide(here, action, f"arn:aws:s3:::{location.bucket}/{location.key}")

    def _region(self, bucket: str) -> str | None:
        """Return in which region a bucket is, which only some policies ask for."""
        if self._region_of is None:
            self._region_of = self._config.regions()
        return self._region_of(bucket)

    def _rights(self, job: AutoMLJob | ProcessingJob) -> Rights | None:
        """Return the rights of a job; None if role or creator is no more."""
        authorizer = Authorizer(self._directory, utc_now)
        if creator := creator_of(job):
            try:
                return creator_rights(authorizer, creator)
            except AccessDenied:
                return None
        role = self._directory.role(role_of(job))
        if role is None or role.account != job.scope.account:
            return None
        return authorizer.rights_of_role(role, job.scope.region)

    def _may_decrypt(self, rights: Rights, location: Location) -> bool:
        """Return whether the object, as it is now, is under no key of KMS or under one that may be used."""
        info = None if self._artifacts is None else self._artifacts.info(location)
        if info is None or not info.kms_key:
            return True
        here = rights_at_key(info.kms_key, rights)
        return decide(here, "kms:Decrypt", info.kms_key) is Decision.ALLOWED

    def _permits(self, owners: BucketOwners, account: str) -> Callable[[str], bool]:
        """Return whether the account may use a bucket: it may have changed hands since the job was admitted."""

        def permits(bucket: str) -> bool:
            source = self._mapped.find(bucket)
            if source is not None:
                return source.is_open_to(account)
            return owners.owner(bucket) in (None, account)

        return permits


def _end(broker: Broker, folder: Path | None, communicator: Communicator | None) -> None:
    """End what served a task that has ended, and remove its folder, beside whatever else is done: it may hold any
    number of files.

    folder    of this attempt alone; None if it is that of all tasks of its job
    """
    broker.end()
    if communicator is not None:
        communicator.close()
    if folder is not None:
        threading.Thread(
            target=remove_beneath, args=(folder,), name="clearing an attempt", daemon=True
        ).start()
