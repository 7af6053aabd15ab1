"""What a worker process must know; it gets this as JSON on its standard input, so that no secret shows in the
arguments or the environment of a process."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from windvane.artifacts.base import Artifacts
from windvane.artifacts.connection import Connection
from windvane.artifacts.embedded import EmbeddedFolder, open_embedded
from windvane.artifacts.local import LocalArtifacts
from windvane.artifacts.mapped import BucketSource, with_mapped
from windvane.automl.request import ONE_NODE, DataParallel
from windvane.control.buckets import BucketOwners, RegionOf, StoredBuckets, regions_of
from windvane.control.kms.master import MasterKeys, master_key
from windvane.control.kms.object_keys import stored_data_keys
from windvane.domain.forecasting import CHRONOS_BOLT_FILES
from windvane.executor.access import Cluster, ClusterTls
from windvane.objects.store import open_objects
from windvane.process.confinement import Confinement
from windvane.process.log_lines import LogFormat
from windvane.process.sandbox import Limits, Sandbox, sandbox_from
from windvane.store.base import Store
from windvane.store.open import open_store

_MOST_FILES = 32_768
"""Of a task: a table has up to 10,000 columns, each a file in memory."""

_LEAST_FILE, _MOST_EXCHANGED = 1 << 33, 8

_LEAST_THREADS, _THREADS_PER_CORE, _MOST_THREADS = 128, 16, 512


def most_threads() -> int:
    """Return how many threads the tasks of a job may have, which run as one user: ten each, or a few more than there
    are cores. Each that is busy is one that the server's own have to wait for."""
    return min(_MOST_THREADS, _LEAST_THREADS + _THREADS_PER_CORE * (os.cpu_count() or 1))


@dataclass(frozen=True)
class RoleOfBuckets:
    """A role of the configuration (control/identity/declared.py)."""

    arn: str
    read: tuple[str, ...]
    write: tuple[str, ...]


@dataclass(frozen=True)
class OnCluster:
    """The settings of tasks that run on the nodes of a cluster.

    cpus           of a task that uses several cores
    memory_mb      cap of each task, MiB
    cache_bytes    that a node keeps of what tasks exchange
    data_parallel  when several nodes train one model
    """

    cluster: Cluster
    cpus: int
    memory_mb: int
    cache_bytes: int
    data_parallel: DataParallel = ONE_NODE


@dataclass(frozen=True)
class WorkConfig:
    """The settings that all workers of a server share.

    data_dir         where state lives
    store_url        "" means SQLite in data_dir
    s3               how to reach the artefacts' store, if it is an external one
    objects          where it lies, if it is the embedded one; neither means a folder below data_dir, for tests
    master_keys      in hexadecimal, the current one first: what the embedded store is encrypted under
    buckets          those that are read from elsewhere
    exchange         bucket of the server's own in which tasks exchange data; "" if they do so in folders of this machine
    run              names this life of the server
    up_since         since when one server or another has been up without a gap
    is_shared        other servers may work with the store as well
    workers          training tasks at once
    memory_mb        memory that all tasks on this machine share, MiB
    calibrate, tune_threshold
                     as in ProblemSpec, of every job
    chronos_bolt     folder with the weights of Chronos-Bolt; None if there are none
    max_data_bytes   decompressed training data of one job
    max_columns      columns of one table
    instance_limit   model processes of one account
    workers_per_account
                     training workers that one account may hold at once; 0 means all
    transformed_rows written of each part of the data that a recipe transformed
    kept_models      single candidates of a job whose models are kept, the best ones; 0 means all
    log_days, event_days
                     that lines and events are kept; 0 means for ever
    sandbox          confines every task; None leaves them as they are, for tests
    roles            those of the configuration
    on_cluster       None if tasks run on this machine
    log_format       of the worker's own log
    traces_to        URL of the collector that spans are sent to, "" for that of the environment; None if nothing is traced
    """

    data_dir: Path
    run: str
    up_since: datetime
    workers: int
    memory_mb: int
    calibrate: bool = True
    tune_threshold: bool = True
    chronos_bolt: Path | None = None
    store_url: str = ""
    s3: Connection | None = None
    objects: EmbeddedFolder | None = None
    master_keys: tuple[str, ...] = field(default=(), repr=False)
    max_data_bytes: int = 100 * 1000**3
    max_columns: int = 10_000
    instance_limit: int = 20
    workers_per_account: int = 0
    transformed_rows: int = 20_000
    kept_models: int = 0
    buckets: tuple[BucketSource, ...] = ()
    exchange: str = ""
    log_days: int = 0
    event_days: int = 0
    sandbox: Sandbox | None = None
    roles: tuple[RoleOfBuckets, ...] = ()
    is_shared: bool = False
    on_cluster: OnCluster | None = None
    log_format: LogFormat = LogFormat.TEXT
    traces_to: str | None = None

    @property
    def processes(self) -> int:
        """Worker processes that train. A process has one task at a time on this machine; on a cluster it has all of them."""
        return self.workers if self.on_cluster is None else 1

    @property
    def tasks_per_process(self) -> int:
        return 1 if self.on_cluster is None else self.workers

    @property
    def most_cores(self) -> int:
        """Cores of one task."""
        return self.workers if self.on_cluster is None else self.on_cluster.cpus

    @property
    def data_parallel(self) -> DataParallel:
        return ONE_NODE if self.on_cluster is None else self.on_cluster.data_parallel

    @property
    def task_memory_mb(self) -> int:
        """The cap of one task: on this machine, every training worker and the express worker may reach it at once."""
        if self.on_cluster is not None:
            return self.on_cluster.memory_mb
        return self.memory_mb // (self.workers + 1)

    def own_address(self) -> str:
        """Return the address at which other nodes of the cluster reach this one: that of the way to the head."""
        if self.on_cluster is None:
            raise ValueError("There is no cluster.")
        host, _, port = self.on_cluster.cluster.address.rpartition(":")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as asking:  # nothing is sent
            asking.connect((host.strip("[]"), int(port)))
            return str(asking.getsockname()[0])

    @property
    def figures(self) -> dict[str, Any]:
        """The limits of each task; see work/allowance.py."""
        return {
            "threads": self.most_cores,
            "memory_mb": self.task_memory_mb,
            "max_data_bytes": self.max_data_bytes,
            "max_columns": self.max_columns,
            "calibrate": self.calibrate,
            "tune_threshold": self.tune_threshold,
            "chronos_bolt": None if self.chronos_bolt is None else str(self.chronos_bolt),
            "transformed_rows": self.transformed_rows,
        }

    def confinement(self, owner: str, folder: Path) -> Confinement | None:
        """Return the confinement of a task of a job, whose workspace this is; None without a sandbox.

        owner    the job's ARN
        """
        if self.sandbox is None:
            return None
        limits = Limits(most_threads(), self._most_file_bytes, _MOST_FILES)
        return self.sandbox.confinement(owner, tuple(self._read_files), (folder,), limits)

    @property
    def most_exchanged_bytes(self) -> int:
        """What one attempt at a task may leave for others: the matrices of all fits of a recipe are the most."""
        return _MOST_EXCHANGED * self._most_file_bytes

    @property
    def _read_files(self) -> Iterator[Path]:
        """The files of the operator that tasks read, and what they are links to."""
        if self.chronos_bolt is not None:
            for name in CHRONOS_BOLT_FILES:
                yield (file := self.chronos_bolt / name)
                yield file.resolve()

    @property
    def _most_file_bytes(self) -> int:
        return max(_LEAST_FILE, 2 * self.max_data_bytes)

    def owners(self, store: Store) -> BucketOwners:
        """Return whose bucket is whose now.

        store    of the server
        """
        if self.objects is not None:
            return open_objects(self.objects.folder)
        return StoredBuckets(store, utc_now)

    def regions(self) -> RegionOf:
        """Return in which region a bucket is now."""
        objects = None if self.objects is None else open_objects(self.objects.folder)
        return regions_of(objects, None if self.s3 is None else self.s3.region)

    def artifacts(self, output_key: str = "") -> Artifacts:
        """Opened anew: a client does not survive a fork.

        output_key    of KMS, under which what is written is encrypted; "" for the bucket's default
        """
        artifacts = with_mapped(self._own_artifacts(), self.buckets)
        return artifacts.encrypted_under(output_key) if output_key else artifacts

    def _own_artifacts(self) -> Artifacts:
        if self.objects is not None:
            store = open_store(self.store_url, self.data_dir)
            return open_embedded(self.objects, stored_data_keys(store, self._masters(), utc_now))
        if self.s3 is not None:
            return self.s3.open()
        return LocalArtifacts(self.data_dir / "objects")

    def _masters(self) -> MasterKeys:
        current, *older = [master_key(bytes.fromhex(secret)) for secret in self.master_keys]
        return MasterKeys(current, tuple(older))


def utc_now() -> datetime:
    return datetime.now(UTC)


def config_to_json(config: WorkConfig) -> str:
    document = asdict(replace(config, sandbox=None))
    if (sandbox := config.sandbox) is not None:
        document["sandbox"] = sandbox.to_dict()
    document["up_since"] = config.up_since.isoformat()
    return json.dumps(document, default=os.fspath)


def config_from_json(text: str) -> WorkConfig:
    document: dict[str, Any] = json.loads(text)
    document["data_dir"] = Path(document["data_dir"])
    if (weights := document["chronos_bolt"]) is not None:
        document["chronos_bolt"] = Path(weights)
    document["log_format"] = LogFormat(document["log_format"])
    document["up_since"] = datetime.fromisoformat(document["up_since"])
    document["s3"] = Connection(**document["s3"]) if document["s3"] else None
    document["master_keys"] = tuple(document["master_keys"])
    document["objects"] = _embedded(document["objects"]) if document["objects"] else None
    if (sandbox := document["sandbox"]) is not None:
        document["sandbox"] = sandbox_from(sandbox)
    document["buckets"] = tuple(_source(entry) for entry in document["buckets"])
    document["roles"] = tuple(
        RoleOfBuckets(entry["arn"], tuple(entry["read"]), tuple(entry["write"]))
        for entry in document["roles"]
    )
    if (found := document["on_cluster"]) is not None:
        told = {
            "cluster": _cluster(found["cluster"]),
            "data_parallel": DataParallel(**found["data_parallel"]),
        }
        document["on_cluster"] = OnCluster(**{**found, **told})
    return WorkConfig(**document)


def _cluster(entry: dict[str, Any]) -> Cluster:
    tls = entry["tls"]
    return Cluster(
        entry["address"],
        Path(entry["token_file"]),
        None if tls is None else ClusterTls(**{name: Path(path) for name, path in tls.items()}),
    )


def _embedded(entry: dict[str, str]) -> EmbeddedFolder:
    return EmbeddedFolder(Path(entry["folder"]), entry["account"], entry["region"])


def _source(entry: dict[str, Any]) -> BucketSource:
    origin = entry["origin"]
    return BucketSource(
        entry["name"],
        Path(origin) if isinstance(origin, str) else Connection(**origin),
        entry["region"],
        tuple(entry["accounts"]),
    )
