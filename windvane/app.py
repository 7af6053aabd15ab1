"""One server: its parts in the order in which they are built, and how they start and stop."""

from __future__ import annotations

import asyncio
import logging

from windvane.api.key_file import KeyFile
from windvane.api.key_watch import KeyWatch
from windvane.assembly.entrances import (
    make_console,
    make_edge,
    make_observability,
    make_s3_service,
)
from windvane.assembly.foundation import (
    make_access,
    make_foundation,
    make_object_storage,
    utc_now,
)
from windvane.assembly.operations import make_handlers, make_services
from windvane.assembly.processes import make_execution, make_model_serving
from windvane.control.exchange_bucket import make_exchange_bucket
from windvane.from_settings import permanent_keys, plain_links
from windvane.names import default_bucket
from windvane.process.volatile import remove_empty_folders
from windvane.settings import DEFAULT_REGION, Settings
from windvane.upkeep import Upkeep
from windvane.web import Web, metrics_page
from windvane.work.workers.process import StartedWorkers

_LOG = logging.getLogger(__name__)


class Server:
    """One server on one data folder. `start` and `stop` belong to the main thread: the children it starts
    die with this thread.
    """

    def __init__(
        self, settings: Settings, workers: StartedWorkers | None = None, address: str = ""
    ) -> None:
        """Make every part; nothing is started yet.

        workers    that have been started and wait to be told what to be
        address    URL at which other servers reach this one
        """
        base = make_foundation(settings, address)
        storage = make_object_storage(base)
        access = make_access(base, storage)
        execution = make_execution(base, storage, workers)
        services = make_services(base, storage, access, execution)
        serving = make_model_serving(base, storage, access, execution, services)
        observability = make_observability(base, storage, execution, serving)
        handlers = make_handlers(base, access, services, serving)
        s3 = make_s3_service(base, storage, access)
        edge = make_edge(base, access, services, observability, handlers, s3.gateway)
        console = make_console(base, storage, access, observability, handlers)

        self._base, self._storage, self._access = base, storage, access
        self._execution, self._serving, self._observability = execution, serving, observability
        self._s3, self._edge, self._console = s3, edge, console
        self._upkeep = Upkeep(
            storage.embedded,
            base.kms,
            access.authorizer,
            KeyWatch(settings.data_dir, settings.account, self._use_keys),
            utc_now,
            base.sharing.membership,
            base.sharing.shared_keys,
        )
        self.metrics = metrics_page(observability.telemetry)
        self.asgi = Web(
            edge,
            console.site,
            None if settings.metrics else self.metrics,
            self.faults,
            base.bodies,
            base.sharing.peer_gateway,
        )

    async def start(self) -> None:
        """Start every part; returns once all of them answer.

        raises    StoreUnusable
        """
        base, membership = self._base, self._base.sharing.membership
        base.store.migrate()
        await base.sharing.join()
        base.kms.start()
        self._access.audit.start()
        if base.tracing is not None:
            base.tracing.export.start()
        for link in plain_links(base.settings):
            _LOG.warning("Traffic to other machines is not encrypted: %s.", link)
        await asyncio.to_thread(self._ensure_buckets)
        await self._observability.webhooks.start()
        await self._observability.mlflow.start()
        self._serving.hosting.start()
        self._serving.autoscaler.start()
        self._serving.alarms.start()
        await asyncio.to_thread(self._execution.supervisor.start, membership.up_since)
        await asyncio.to_thread(self._access.authorizer.directory.refresh)
        self._upkeep.start()

    async def leave(self) -> None:
        """Hand over to other servers, if there are some, what they can go on with at once."""
        await self._base.sharing.leave(self._serving.hosting)

    def end_streams(self) -> None:
        """Let the clients go that follow events: other requests end by themselves."""
        self._observability.streams.close()
        self._console.site.end_streams()

    async def stop(self) -> None:
        """Stop every part, those first that use others."""
        await self._observability.mlflow.stop()
        await self._observability.webhooks.stop()
        self._upkeep.stop()
        await asyncio.to_thread(self._edge.close)
        await asyncio.to_thread(self._console.client.close)
        await self._s3.gateway.close()
        await self._base.sharing.close()
        await asyncio.to_thread(self._serving.autoscaler.stop)
        await asyncio.to_thread(self._serving.alarms.stop)
        await asyncio.gather(
            asyncio.to_thread(self._execution.supervisor.stop),
            asyncio.to_thread(self._serving.hosting.stop),
        )
        self._s3.threads.shutdown(wait=True, cancel_futures=True)
        if self._storage.embedded is not None:
            self._storage.embedded.close()
        await asyncio.to_thread(self._access.audit.stop)
        await asyncio.to_thread(self._base.sharing.membership.stop)
        if self._base.tracing is not None:
            await asyncio.to_thread(self._base.tracing.export.close)
        remove_empty_folders(self._base.settings.data_dir)
        self._base.store.close()

    def faults(self) -> list[str]:
        """Return what is not well, a sentence each."""
        return [
            *self._execution.supervisor.faults(),
            *self._access.audit.faults(),
            *self._base.sharing.membership.faults(),
        ]

    def _use_keys(self, keys: KeyFile) -> None:
        secret = keys.token_secret
        self._access.keyring.replace(permanent_keys(self._base.settings, keys), secret)
        self._access.authenticator.replace(secret)
        self._base.page_tokens.replace(secret)
        self._base.sharing.use_secret(secret)

    def _ensure_buckets(self) -> None:
        base, storage = self._base, self._storage
        storage.artifacts.ensure_bucket(default_bucket(base.settings.account, DEFAULT_REGION))
        exchange = base.settings.exchange
        if exchange.is_store:
            make_exchange_bucket(
                base.store,
                storage.artifacts,
                storage.embedded,
                exchange.bucket,
                DEFAULT_REGION,
                utc_now(),
            )
