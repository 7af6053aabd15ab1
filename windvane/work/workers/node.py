"""The process of ours on a node of a cluster: does tasks of servers, as a worker does them on its own machine.

    python -m windvane.work.workers.node SOCKET

It holds the keys of the stores, as a worker does; it is told them on standard input. Tasks are forks of its fork server, in the
sandbox, and reach objects through a broker in this process. Standard output says when it is ready.
"""

from __future__ import annotations

import faulthandler
import json
import logging
import os
import sys
from pathlib import Path

from windvane.artifacts.cached import ObjectCache
from windvane.errors import WindvaneError
from windvane.executor.base import Work
from windvane.executor.fork_server_executor import ForkServerExecutor
from windvane.executor.forks import OwnProcess, WorkPlace
from windvane.executor.node import NodeServer, serve
from windvane.executor.ray_start import Room
from windvane.process.log_lines import log_to
from windvane.store.base import Store
from windvane.store.open import open_store
from windvane.work.exchange import InStore
from windvane.work.workers.about_node import about
from windvane.work.workers.config import WorkConfig, config_from_json
from windvane.work.workers.exchanges import Exchanges
from windvane.work.workers.order import order_from_json
from windvane.work.workers.process import READY
from windvane.work.workers.roles import FIRST_LIBRARIES, LIBRARIES
from windvane.work.workers.starting import TaskPlaces
from windvane.work.workspace import workspaces

_LOG = logging.getLogger(__name__)


class NodePlaces:
    """The places of tasks on a node. Belongs to one thread."""

    def __init__(self, places: TaskPlaces, config: WorkConfig, store: Store) -> None:
        self._places, self._config, self._store = places, config, store

    def place_of(self, work: Work) -> WorkPlace:
        """Return where a task is done.

        raises    OSError if the stores cannot be asked now, or are not those of the server: the task is to be tried again, maybe
                  elsewhere, and this process goes on; WindvaneError
        """
        try:
            self._check(work)
            return self._places.place_of(work)
        except (OSError, WindvaneError):
            raise
        except (
            Exception
        ) as error:  # the database, its driver, and the client of S3 have errors of their own
            _LOG.exception("A task has no place.")
            raise OSError(f"{type(error).__name__}: {error}") from error

    def _check(self, work: Work) -> None:
        """Check that tasks exchange data here where those of the server do. A server has asked the nodes that were there when it
        started; this one may have come later.

        raises    OSError
        """
        stored = Exchanges.of(self._config, self._store).stored
        where = order_from_json(work.payload["order"]).exchange
        is_same = (
            stored is not None
            and isinstance(where, InStore)
            and where.root.bucket == stored.root.bucket
            and where.root.key.startswith(f"{stored.root.key}/")
        )
        if not is_same:
            raise OSError(
                "The database or the bucket for exchanged data of this node is not that of the server: their configurations differ."
            )


def main() -> None:
    faulthandler.enable()
    log_to("%(asctime)s %(levelname)s [node] %(name)s: %(message)s")
    told = json.load(sys.stdin)
    config = config_from_json(told["config"])
    os.umask(0o077)
    for space in workspaces(config.data_dir):
        space.remove()  # of tasks that ended with an earlier process
    store = open_store(config.store_url, config.data_dir)
    places = NodePlaces(TaskPlaces(config, store, _cache(config)), config, store)
    executor = ForkServerExecutor(OwnProcess((*FIRST_LIBRARIES, *LIBRARIES)), places.place_of)
    executor.forks.wait_ready()
    server = NodeServer(
        Path(sys.argv[1]),
        executor,
        places.place_of,
        lambda: about(config, store, told["lacks"]),
        None if told["room"] is None else Room(**told["room"]),
    )
    sys.stdout.write(f"{READY}\n")
    sys.stdout.flush()
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(server)
    executor.close()
    store.close()


def _cache(config: WorkConfig) -> ObjectCache:
    if config.on_cluster is None:
        raise ValueError("A node needs to be told of its cluster.")
    return ObjectCache(config.data_dir / "cache", config.on_cluster.cache_bytes)


if __name__ == "__main__":
    main()
