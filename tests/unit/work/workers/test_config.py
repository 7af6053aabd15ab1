"""What a worker is told survives the way to it."""

from datetime import UTC, datetime
from pathlib import Path

from windvane.artifacts.base import Location
from windvane.artifacts.connection import Connection
from windvane.artifacts.embedded import EmbeddedFolder
from windvane.artifacts.mapped import BucketSource
from windvane.automl.request import DataParallel
from windvane.control.kms.master import MasterKeys, master_key
from windvane.control.kms.object_keys import stored_data_keys
from windvane.executor.access import Cluster, ClusterTls
from windvane.process.confinement import Part
from windvane.process.log_lines import LogFormat
from windvane.process.sandbox import Sandbox
from windvane.store.open import open_store
from windvane.work.workers.config import (
    OnCluster,
    WorkConfig,
    config_from_json,
    config_to_json,
    utc_now,
)


def config(folder, **changes):
    return WorkConfig(folder, "run", datetime(2026, 1, 1, tzinfo=UTC), 2, 1000, **changes)


def test_everything_comes_back_from_json(tmp_path):
    sources = (
        BucketSource("samples-*", tmp_path / "samples"),
        BucketSource("far", Connection("http://h", "a", "s", "eu-west-1"), "eu-west-1", ("1",)),
    )
    sandbox = Sandbox(
        tmp_path,
        frozenset({Part.LANDLOCK, Part.SECCOMP}),
        70_000,
        5,
        (Path("/dev/shm/windvane-1"),),
    )
    sent = config(
        tmp_path,
        s3=Connection("http://s3", "k", "s"),
        buckets=sources,
        sandbox=sandbox,
        chronos_bolt=tmp_path,
        log_format=LogFormat.JSON,
        traces_to="http://collector:4318",
    )
    assert config_from_json(config_to_json(sent)) == sent
    assert config_from_json(config_to_json(config(Path("/data")))) == config(Path("/data"))


def test_a_cluster_and_its_certificates_come_back_too(tmp_path):
    tls = ClusterTls(tmp_path / "cert.pem", tmp_path / "key.pem", tmp_path / "ca.pem")
    for cluster in (Cluster("h:1", tmp_path / "token"), Cluster("h:1", tmp_path / "token", tls)):
        sent = config(tmp_path, on_cluster=OnCluster(cluster, 2, 700, 1000, DataParallel(9, 3)))
        assert config_from_json(config_to_json(sent)) == sent


def test_on_a_cluster_one_process_has_all_tasks_of_their_own_size(tmp_path):
    here = config(tmp_path)
    assert (here.processes, here.tasks_per_process, here.task_memory_mb) == (2, 1, 333)
    assert here.figures["threads"] == here.most_cores == 2
    chosen = OnCluster(Cluster("h:1", tmp_path / "token"), 4, 700, 1000)
    there = config(tmp_path, on_cluster=chosen)
    assert (there.processes, there.tasks_per_process, there.task_memory_mb) == (1, 2, 700)
    assert there.figures["threads"] == there.most_cores == 4


def test_workers_open_the_embedded_store_by_its_folder(tmp_path):
    masters = MasterKeys(master_key(b"n" * 32), (master_key(b"m" * 32),))
    store = open_store("", tmp_path)
    store.migrate()
    stored_data_keys(store, masters, utc_now).ensure_server_key()
    store.close()
    sent = config(
        tmp_path,
        objects=EmbeddedFolder(tmp_path / "s3", "111122223333", "us-east-1"),
        master_keys=masters.in_hexadecimal(),
    )
    received = config_from_json(config_to_json(sent))
    assert received == sent
    sent.artifacts().ensure_bucket("mine")
    sent.artifacts().write(Location("mine", "key"), b"x")
    assert received.artifacts().read(Location("mine", "key")) == b"x"
    assert masters.current.secret.hex() not in repr(received)


def test_its_artifacts_hold_the_mapped_buckets(tmp_path):
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / "a").write_bytes(b"x")
    sources = (BucketSource("samples-*", tmp_path / "samples"),)
    artifacts = config_from_json(config_to_json(config(tmp_path, buckets=sources))).artifacts()
    assert artifacts.read(Location("samples-us", "a")) == b"x"
    artifacts.ensure_bucket("mine")
    artifacts.write(Location("mine", "b"), b"y")
    assert artifacts.read(Location("mine", "b")) == b"y"


def test_workers_know_the_sandbox_as_it_is(tmp_path):
    sandbox = Sandbox(tmp_path, frozenset({Part.SECCOMP}), private=(tmp_path / "memory",))
    received = config_from_json(config_to_json(config(tmp_path, sandbox=sandbox)))
    assert received.sandbox == sandbox


def test_tasks_read_the_weights_of_the_server_and_what_they_are_links_to(tmp_path):
    folder, stored = tmp_path / "weights", tmp_path / "stored"
    folder.mkdir()
    stored.write_bytes(b"x")
    (folder / "model.safetensors").symlink_to(stored)
    sandbox = Sandbox(tmp_path, frozenset({Part.LANDLOCK}))
    with_weights = config(tmp_path, sandbox=sandbox, chronos_bolt=folder)
    assert with_weights.figures["chronos_bolt"] == str(folder)
    read = with_weights.confinement("arn", tmp_path / "task").read
    assert {folder / "config.json", folder / "model.safetensors", stored} == set(read)
    assert config(tmp_path, sandbox=sandbox).confinement("arn", tmp_path / "task").read == ()
