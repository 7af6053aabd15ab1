import hashlib
import json
import os
import subprocess
import tarfile
import threading
from pathlib import Path

import pytest
from unit.maintenance.folders import LARGE, PART, contents, lived_in, put

from windvane.domain.job import AutoMLJob
from windvane.errors import StoreUnusable
from windvane.maintenance import backup, sinks
from windvane.maintenance.backup import back_up
from windvane.maintenance.manifest import BackupFault
from windvane.maintenance.old_folder import NotImported
from windvane.maintenance.restore import restore
from windvane.maintenance.snapshot import hold_snapshot
from windvane.objects.store import open_objects
from windvane.store.open import open_store
from windvane.testing.store_laws.place import HOME, a_job


@pytest.fixture
def data(tmp_path):
    return lived_in(tmp_path / "data")


@pytest.fixture(params=["backup", "backup.tar"])
def target(request, tmp_path):
    return tmp_path / request.param


def jobs(folder):
    store = open_store("", folder)
    with store.snapshot() as tx:
        found = sorted(job.name for job in tx.children(AutoMLJob, ""))
    store.close()
    return found


def test_what_is_restored_is_what_was_backed_up(data, target, tmp_path):
    made = back_up(data, target)
    again = tmp_path / "again"
    assert restore(target, again) == made
    assert jobs(again) == ["first"]
    for name in ("keys.json", "work/first-123/dataset/y.npy"):
        assert (again / name).read_bytes() == (data / name).read_bytes()
    assert not (again / "work/first-123/scratch").exists()
    assert contents(again) == {"small": b"in the index", "large": LARGE, "parts": PART + b"the end"}
    assert made.objects
    assert made.n_files == 7


def test_nobody_else_can_read_a_backup_or_what_is_restored(data, target, tmp_path):
    os.umask(0o022)
    back_up(data, target)
    restore(target, tmp_path / "again")
    for root in (target, tmp_path / "again"):
        for path in (root, *root.rglob("*")):
            assert path.stat().st_mode & 0o077 == 0, path


def test_the_sums_are_those_that_sha256sum_checks(data, tmp_path):
    back_up(data, tmp_path / "backup")
    subprocess.run(
        ["sha256sum", "--quiet", "--strict", "-c", "SHA256SUMS"],
        cwd=tmp_path / "backup",
        check=True,
    )
    told = json.loads((tmp_path / "backup" / "manifest.json").read_text())
    listed = (tmp_path / "backup" / "SHA256SUMS").read_bytes()
    assert told["sums"] == hashlib.sha256(listed).hexdigest()
    assert told["store_schema"]


def test_a_backup_is_of_one_moment_though_the_store_is_written_to_meanwhile(data, tmp_path):
    store = open_store("", data)
    with hold_snapshot(data) as snapshot:
        with store.transaction() as tx:
            tx.insert(a_job(name="later"))
        (data / "work/first-123/dataset/y.npy").unlink()
        snapshot.store.write_to(tmp_path / "copy.db")
        [kept] = [file for file in snapshot.files if file.name.endswith("y.npy")]
        assert kept.path.read_bytes() == b"numbers" * 1000
    store.close()
    (tmp_path / "copy.db").rename(tmp_path / "windvane.db")
    assert jobs(tmp_path) == ["first"]
    assert jobs(data) == ["first", "later"]
    assert not list(data.glob(".backup-*"))


def test_every_record_acknowledged_before_is_there_and_no_torn_one_while_others_write(
    data, tmp_path
):
    store, names, stop = open_store("", data), [], threading.Event()

    def write():
        while not stop.is_set():
            name = f"job-{len(names)}"
            with store.transaction() as tx:
                tx.insert(a_job(name=name))
            names.append(name)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while len(names) < 20:
            pass
        for number in range(3):
            before = set(names)
            back_up(data, tmp_path / f"backup-{number}")
            restore(tmp_path / f"backup-{number}", tmp_path / f"again-{number}")
            found = set(jobs(tmp_path / f"again-{number}"))
            assert before | {"first"} <= found
            assert found - {"first"} == {f"job-{n}" for n in range(len(found) - 1)}
    finally:
        stop.set()
        writer.join()
        store.close()


def test_a_log_that_grows_is_kept_up_to_the_moment(data, tmp_path):
    (data / "audit").mkdir()
    (data / "audit" / "current.jsonl").write_text('{"n": 1}\n')
    with hold_snapshot(data) as snapshot:
        with (data / "audit" / "current.jsonl").open("a") as file:
            file.write('{"n": 2}\n')
        [kept] = [file for file in snapshot.files if file.name.startswith("audit/")]
        assert kept.size == len('{"n": 1}\n')


def test_the_configuration_file_goes_with_it(data, target, tmp_path):
    config = tmp_path / "server.toml"
    config.write_text("[server]\nport = 9\n")
    back_up(data, target, config)
    restore(target, tmp_path / "again")
    assert (tmp_path / "again" / "config.toml").read_text() == config.read_text()


def test_nothing_is_ever_replaced(data, target, tmp_path):
    if target.suffix:
        target.write_text("precious")
    else:
        target.mkdir()
        (target / "precious").write_text("")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(BackupFault, match=r"Choose another|new or empty"):
        back_up(data, target)
    assert sorted(tmp_path.iterdir()) == before


def test_a_backup_does_not_go_into_the_folder_it_is_of(data):
    with pytest.raises(BackupFault, match="lies in the data folder"):
        back_up(data, data / "backup")


def test_a_folder_without_a_store_is_told_as_such(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(BackupFault, match="no server has run"):
        back_up(tmp_path / "empty", tmp_path / "backup")


def test_a_damaged_store_is_not_taken_for_a_backup(data, target):
    path = data / "windvane.db"
    whole = bytearray(path.read_bytes())
    whole[4096 : 4096 * 12] = b"\xa5" * (4096 * 11)
    path.write_bytes(whole)
    with pytest.raises(StoreUnusable, match=r"damaged|cannot be read"):
        back_up(data, target)
    assert not target.exists()
    assert not [f for f in (*target.parent.iterdir(), *data.iterdir()) if f.name.startswith(".")]


def test_a_full_disk_is_told_and_leaves_nothing(data, tmp_path):
    """A file system of 100 kB: the store alone is larger."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", small], check=False
    )
    if mounted.returncode:
        pytest.skip("only root can mount a small file system")
    try:
        for name in ("backup", "backup.tar"):
            with pytest.raises(BackupFault, match="is full; nothing of the backup was left"):
                back_up(data, small / name)
            assert not list(small.iterdir())
        back_up(data, tmp_path / "backup.tar")
        with pytest.raises(BackupFault, match="is full"):
            restore(tmp_path / "backup.tar", small / "again")
        assert not list(small.iterdir())
    finally:
        subprocess.run(["umount", small], check=True)
    assert not list(data.glob(".backup-*"))


def test_what_fails_at_the_very_end_leaves_nothing(data, target, monkeypatch):
    def fails(folder):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(sinks.os, "fsync", fails)
    monkeypatch.setattr(sinks, "sync_file_system", fails)
    with pytest.raises(BackupFault, match="Input/output error"):
        back_up(data, target)
    monkeypatch.undo()
    assert not target.exists()
    assert not [file for file in target.parent.iterdir() if file.name.endswith(".partial")]


def test_a_store_that_is_kept_busy_refuses_after_its_time_limit(data, tmp_path, monkeypatch):
    monkeypatch.setattr("windvane.store.sqlite.LOCK_TIMEOUT_S", 0.05)
    store = open_store("", data)
    with store.transaction(), pytest.raises(StoreUnusable):
        back_up(data, tmp_path / "backup")
    store.close()


def test_links_in_the_work_of_jobs_are_not_followed(data, tmp_path):
    (tmp_path / "secret").write_text("of the machine")
    (data / "work" / "first-123" / "dataset" / "link").symlink_to(tmp_path / "secret")
    back_up(data, tmp_path / "backup.tar")
    with tarfile.open(tmp_path / "backup.tar") as archive:
        assert not [name for name in archive.getnames() if name.endswith("link")]


def test_the_job_is_the_one_that_was_there(data, tmp_path):
    back_up(data, tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "again")
    store = open_store("", tmp_path / "again")
    with store.snapshot() as tx:
        assert tx.find(AutoMLJob, HOME, "first") == a_job(name="first")
    store.close()


def test_objects_deleted_and_replaced_while_they_are_copied_are_there_whole(data, tmp_path):
    objects = open_objects(data / "s3")
    with hold_snapshot(data) as snapshot:
        objects.delete("bucket", "large")
        put(objects, "small", b"other")
        put(objects, "later", LARGE * 2)
        files = list(snapshot.data_files())
        assert all(file.path.stat().st_size == file.size for file in files)
        assert sorted(file.size for file in files) == [7, len(LARGE), len(PART)]
        found = snapshot.index.connection.execute("SELECT key FROM versions ORDER BY key")
        assert [key for (key,) in found] == [b"large", b"parts", b"small"]
    assert sorted(contents(data)) == ["later", "parts", "small"]
    objects.sweep(snapshot.at)
    assert len([f for f in (data / "s3" / "data").rglob("*") if f.is_file()]) == 3
    objects.close()


def test_objects_that_an_earlier_backup_has_are_not_copied_again(data, tmp_path):
    first = back_up(data, tmp_path / "first")
    objects = open_objects(data / "s3")
    put(objects, "later", b"later" * 20_000)
    objects.close()
    second = back_up(data, tmp_path / "second", previous=tmp_path / "first")
    assert second.n_files == first.n_files + 1
    names = [
        f.relative_to(tmp_path / "first")
        for f in (tmp_path / "first/s3/data").rglob("*")
        if f.is_file()
    ]
    assert len(names) == 3
    for name in names:
        assert (tmp_path / "first" / name).samefile(tmp_path / "second" / name)
    restore(tmp_path / "second", tmp_path / "again")
    assert contents(tmp_path / "again") == contents(data)


@pytest.mark.parametrize("fault", ["missing", "shorter", "link"])
def test_an_earlier_backup_that_is_damaged_is_not_shared(data, tmp_path, fault):
    back_up(data, tmp_path / "first")
    [large] = [f for f in (tmp_path / "first/s3/data").rglob("*") if f.stat().st_size == len(LARGE)]
    large.unlink()
    if fault == "shorter":
        large.write_bytes(LARGE[:-1])
    elif fault == "link":
        (tmp_path / "secret").write_bytes(LARGE)
        large.symlink_to(tmp_path / "secret")
    back_up(data, tmp_path / "second", previous=tmp_path / "first")
    restore(tmp_path / "second", tmp_path / "again")
    assert contents(tmp_path / "again") == contents(data)


def test_an_archive_shares_nothing(data, tmp_path):
    back_up(data, tmp_path / "first")
    with pytest.raises(BackupFault, match="name a folder"):
        back_up(data, tmp_path / "second.tar", previous=tmp_path / "first")


def test_objects_of_an_earlier_version_are_imported_first(data, target):
    (data / "s3" / "security.toml").write_text("")
    with pytest.raises(NotImported, match="windvane import-objects --data-dir"):
        back_up(data, target)


def test_a_task_can_neither_stop_a_backup_nor_bring_files_into_it(data, tmp_path, monkeypatch):
    """What lies in a working folder was written by whatever a job runs: odd names, no files, a link put in a file's place
    between the look and the linking, files that become shorter while they are read."""
    work = data / "work" / "first-123"
    (work / "odd\nname").write_text("x")
    (work / "\udcff").write_text("x")
    os.mkfifo(work / "fifo")
    (tmp_path / "secret").write_text("of the machine")
    (work / "changing").write_bytes(b"long" * 1000)
    real_link, real_copied = os.link, backup._copied

    def swapped(source, target, **options):
        if str(source).endswith("y.npy"):
            Path(source).unlink()
            Path(source).symlink_to(tmp_path / "secret")
        real_link(source, target, **options)

    def meanwhile(*arguments):
        (work / "changing").write_bytes(b"short")
        return real_copied(*arguments)

    monkeypatch.setattr(os, "link", swapped)
    monkeypatch.setattr(backup, "_copied", meanwhile)
    back_up(data, tmp_path / "backup.tar")
    monkeypatch.undo()
    restore(tmp_path / "backup.tar", tmp_path / "again")
    kept = {f.name: f.read_bytes() for f in (tmp_path / "again" / "work").rglob("*") if f.is_file()}
    assert kept == {"changing": b"short"}
