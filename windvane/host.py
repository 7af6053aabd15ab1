"""A server that only runs instances of endpoints, for the servers whose store it shares: no API, no console, no jobs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from starlette.responses import PlainTextResponse

from windvane.api.key_file import KeyFile
from windvane.api.key_watch import KeyWatch
from windvane.assembly.foundation import (
    make_access,
    make_foundation,
    make_object_storage,
    utc_now,
)
from windvane.assembly.processes import make_hosting
from windvane.control.lists import Lists
from windvane.control.models import Models
from windvane.from_settings import plain_links, sandbox_for
from windvane.process.volatile import make_memory_folder, remove_empty_folders
from windvane.serving.explaining import Explaining
from windvane.serving.pool import Bounds
from windvane.serving.router import Router
from windvane.settings import BadSettings, Settings
from windvane.telemetry import Telemetry
from windvane.upkeep import Upkeep
from windvane.web import Web, metrics_page

_LOG = logging.getLogger(__name__)

_NOT_SERVED = PlainTextResponse("This server only runs models for others.", 404)


class Host:
    """`start` and `stop` belong to the main thread, as those of app.Server do.

    asgi       answers other servers, /healthz and /metrics
    metrics    answers /metrics alone
    """

    def __init__(self, settings: Settings, address: str) -> None:
        """Make every part; nothing is started yet.

        address    URL at which other servers reach this one
        raises     BadSettings if there can be no other server on this store; StoreUnusable
        """
        if not settings.store_url.startswith("postgres") or settings.s3 is None:
            raise BadSettings(
                "`windvane host` runs models for servers that share a PostgreSQL database and an external S3 store: give it "
                "their configuration, with [store] url and [s3]."
            )
        base = make_foundation(settings, address, is_host_only=True)
        storage = make_object_storage(base)
        access = make_access(base, storage)
        lists = Lists(base.store, base.page_tokens)
        models = Models(base.store, storage.artifacts, access.roles, lists, utc_now)
        router = Router(Bounds(queue=settings.serving.queue), base.sharing.peers, base.record_span)
        no_volumes = make_memory_folder(settings.data_dir)
        sandbox, _ = sandbox_for(settings, no_volumes, base.sharing.keys.sealing_secret)
        explaining = Explaining(router, {"WINDVANE_DATA_DIR": str(settings.data_dir)})
        base.sharing.answer_peers(base.bodies, router, explaining)

        self._base, self._directory = base, access.authorizer.directory
        self._hosting = make_hosting(base, storage, router, sandbox, models)
        self._upkeep = Upkeep(
            None,
            base.kms,
            access.authorizer,
            KeyWatch(settings.data_dir, settings.account, self._use_keys),
            utc_now,
            base.sharing.membership,
            base.sharing.shared_keys,
        )
        self.metrics = metrics_page(Telemetry(base.store, utc_now, self._gauges))
        self.asgi = Web(
            _NOT_SERVED,
            _NOT_SERVED,
            None if settings.metrics else self.metrics,
            base.sharing.membership.faults,
            base.bodies,
            base.sharing.peer_gateway,
        )

    async def start(self) -> None:
        """Start every part; returns once instances can be placed here.

        raises    StoreUnusable
        """
        await self._base.sharing.join()
        if self._base.tracing is not None:
            self._base.tracing.export.start()
        for link in plain_links(self._base.settings):
            _LOG.warning("Traffic to other machines is not encrypted: %s.", link)
        await asyncio.to_thread(self._directory.refresh)
        self._hosting.start()
        self._upkeep.start()

    async def leave(self) -> None:
        """Hand over what runs here to other servers, if there are some."""
        await self._base.sharing.leave(self._hosting)

    def end_streams(self) -> None:
        """Do nothing: nobody follows events here, as some do at app.Server."""

    async def stop(self) -> None:
        """Stop every part, those first that use others."""
        self._upkeep.stop()
        await self._base.sharing.close()
        await asyncio.to_thread(self._hosting.stop)
        await asyncio.to_thread(self._base.sharing.membership.stop)
        if self._base.tracing is not None:
            await asyncio.to_thread(self._base.tracing.export.close)
        remove_empty_folders(self._base.settings.data_dir)
        self._base.store.close()

    def _use_keys(self, keys: KeyFile) -> None:
        self._base.sharing.use_secret(keys.token_secret)

    def _gauges(self) -> Iterable[tuple[str, float]]:
        yield from self._hosting.gauges()
        yield "servers", float(len(self._base.sharing.membership.live()))
