"""Attacks with what a backup is made of, and with backups that somebody else made."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import alembic.command  # noqa: F401 - now, as a user who may not read everything may not read this
import pytest
from unit.maintenance.folders import lived_in

from windvane.maintenance import snapshot
from windvane.maintenance.backup import back_up
from windvane.maintenance.manifest import BackupFault
from windvane.maintenance.pinned import PinnedDatabase
from windvane.maintenance.restore import restore
from windvane.objects.errors import DamagedObject
from windvane.objects.records import Attributes, NamedPart
from windvane.objects.store import EmbeddedObjects, open_objects
from windvane.store.sqlite import SqliteStore

NOBODY = 65534


@contextmanager
def anybodys_folder() -> Iterator[Path]:
    """A folder of a user who may not read everything, which this process is meanwhile."""
    folder = Path(tempfile.mkdtemp())
    is_root = os.geteuid() == 0
    if is_root:
        os.chown(folder, NOBODY, NOBODY)
        os.seteuid(NOBODY)
    try:
        yield folder
    finally:
        if is_root:
            os.seteuid(0)
        shutil.rmtree(folder)


def test_a_file_that_a_task_keeps_to_itself_prevents_no_backup() -> None:
    """A task may make a file of mode 0000: no backup was made until its job had ended."""
    with anybodys_folder() as folder:
        data = lived_in(folder / "data")
        os.close(os.open(data / "work" / "first-123" / "mine", os.O_CREAT | os.O_WRONLY, 0))
        back_up(data, folder / "backup")
        restore(folder / "backup", folder / "again")
        assert (folder / "again/work/first-123/dataset/y.npy").is_file()
        assert not (folder / "again/work/first-123/mine").exists()


def test_a_file_that_is_one_hole_is_in_no_backup(tmp_path: Path) -> None:
    """A task makes a file of a terabyte that takes no room: whatever disk a backup was made on, and the server's own, was full
    of zeros."""
    data = lived_in(tmp_path / "data")
    hole = data / "work" / "first-123" / "hole"
    hole.touch()
    os.truncate(hole, 64 << 20)
    (hole.parent / "zeros").write_bytes(bytes(2 << 20))
    back_up(data, tmp_path / "backup")
    assert not (tmp_path / "backup/work/first-123/hole").exists()
    assert (tmp_path / "backup/work/first-123/zeros").stat().st_size == 2 << 20


def test_a_file_with_as_many_names_as_there_may_be_prevents_none_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor may a file that can have no further name, as a task made it with 65,000 links."""
    data = lived_in(tmp_path / "data")
    full, link = data / "work" / "first-123" / "full", os.link
    full.touch()

    def limited(source: str, target: Path, **more: int) -> None:
        if source == full.name:
            raise OSError(31, "Too many links")
        link(source, target, **more)

    monkeypatch.setattr(os, "link", limited)
    back_up(data, tmp_path / "backup")
    assert not (tmp_path / "backup/work/first-123/full").exists()


def test_a_link_in_the_place_of_a_folder_leads_a_backup_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task that replaced a folder while a backup went through it had the keys kept as a file of its own, which the same
    job found in the restored folder."""
    data = lived_in(tmp_path / "data")
    folder, link = data / "work" / "first-123" / "mine", os.link
    folder.mkdir()
    (folder / "keys.json").write_text("mine")

    def later(source: str, target: Path, **more: int) -> None:
        if Path(source).name == "keys.json" and not folder.is_symlink():
            folder.rename(folder.with_name("aside"))
            folder.symlink_to(data)
        link(source, target, **more)

    monkeypatch.setattr(os, "link", later)
    back_up(data, tmp_path / "backup")
    assert (tmp_path / "backup/work/first-123/aside/keys.json").read_text() == "mine"
    assert not (tmp_path / "backup/work/first-123/mine").exists()


def test_many_files_of_a_task_do_not_stop_all_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each file of a job under way got its second name while a transaction of the store was open: 200,000 of them stopped
    everybody's writes for as many seconds as that takes. So did those that a task makes while a backup begins."""
    data = lived_in(tmp_path / "data")
    mine, link, quiet = data / "work" / "first-123" / "mine", os.link, snapshot._quiet
    mine.mkdir()
    for number in range(50):
        (mine / f"before-{number}").write_text(str(number))
    n_linked: list[int] = []
    monkeypatch.setattr(snapshot, "_MOST_NEW", 20)

    def counted(source: str, target: Path, **more: int) -> None:
        n_linked[-1:] = [n_linked[-1] + 1] if n_linked else []
        link(source, target, **more)

    @contextmanager
    def watched(store: SqliteStore) -> Iterator[None]:
        for number in range(100):
            (mine / f"new-{number}").write_text(str(number))
        (mine / "before-0").unlink()
        (mine / "other").write_text("another")
        (mine / "other").rename(mine / "before-1")
        with quiet(store):
            n_linked.append(0)
            yield
            n_linked.append(n_linked[-1])

    monkeypatch.setattr(snapshot, "_quiet", watched)
    monkeypatch.setattr(os, "link", counted)
    back_up(data, tmp_path / "backup")
    assert n_linked[0] == 20
    kept = {
        path.name: path.read_text() for path in (tmp_path / "backup/work/first-123/mine").iterdir()
    }
    assert "before-0" not in kept
    assert {kept[f"before-{n}"] for n in range(2, 50)} == {str(n) for n in range(2, 50)}
    assert kept.get("before-1") in ("another", None)


def test_files_that_a_task_made_before_do_not_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that had their second names were looked at again while a transaction of the store was open: 200,000 of them
    stopped everybody's writes for 17 seconds."""
    data = lived_in(tmp_path / "data")
    mine, lstat, quiet = data / "work" / "many" / "mine", os.lstat, snapshot._quiet
    mine.mkdir(parents=True)
    for number in range(200):
        (mine / f"{number}").touch()
    looked_at: list[str] = []
    monkeypatch.setattr(snapshot, "_MOST_FILES", 100)

    @contextmanager
    def watched(store: SqliteStore) -> Iterator[None]:
        with quiet(store):
            looked_at.clear()
            yield
            looked_at.append("end")

    def counted(path: str | Path, **more: int) -> os.stat_result:
        looked_at.append(str(path))
        return lstat(path, **more)

    monkeypatch.setattr(snapshot, "_quiet", watched)
    monkeypatch.setattr(os, "lstat", counted)
    back_up(data, tmp_path / "backup")
    assert len(looked_at[: looked_at.index("end")]) < 100
    assert (tmp_path / "backup/work/first-123/dataset/y.npy").is_file()
    assert not (tmp_path / "backup/work/many").exists()


def test_files_of_many_jobs_do_not_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was bounded for a job was not for two hundred of them."""
    data = lived_in(tmp_path / "data")
    for job in range(5):
        mine = data / "work" / f"many-{job}" / "mine"
        mine.mkdir(parents=True)
        for number in range(50 + job):
            (mine / f"{number}").touch()
    monkeypatch.setattr(snapshot, "_MOST_IN_ALL", 120)
    back_up(data, tmp_path / "backup")
    kept = {path.name for path in (tmp_path / "backup/work").iterdir()}
    assert kept == {"first-123", "many-0", "many-1"}


def test_names_that_are_too_long_prevent_no_backup(tmp_path: Path) -> None:
    """A task that made folders in folders, of long names, by their descriptors, made a path that no backup could write."""
    data = lived_in(tmp_path / "data")
    at = os.open(data / "work" / "first-123", os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=at)
        outer, at = at, os.open("d" * 250, os.O_RDONLY, dir_fd=at)
        os.close(outer)
    os.close(os.open("x", os.O_CREAT | os.O_WRONLY, dir_fd=at))
    os.close(at)
    back_up(data, tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "again")
    assert (tmp_path / "again/work/first-123/dataset/y.npy").is_file()


def sparse(name: str, size: int) -> bytes:
    """The head of a file that is one hole."""
    member = tarfile.TarInfo(name)
    member.type = tarfile.GNUTYPE_SPARSE
    head = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    number = bytes([0x80]) + size.to_bytes(11, "big")
    head[386:410] = number + b"00000000000\0"
    head[483:495] = number
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head)


@pytest.mark.parametrize("name", ["work/job/zeros", "manifest.json"])
def test_an_archive_holds_no_files_with_holes(tmp_path: Path, name: str) -> None:
    """An archive of 2 KB filled any disk with zeros, or 2 GB of memory, before a sum was compared."""
    archive = tmp_path / "backup.tar"
    archive.write_bytes(sparse(name, 1 << 62) + bytes(1024))
    with tarfile.open(archive) as opened:
        assert opened.next() is not None
    with pytest.raises(BackupFault, match="what is no file"):
        restore(archive, tmp_path / "data")


def changed(folder: Path, statement: str, *values: str) -> EmbeddedObjects:
    with closing(sqlite3.connect(folder / "index.sqlite")) as index, index:
        index.execute(statement, values)
    return open_objects(folder)


@pytest.mark.parametrize("leads", ["{0}", "../../{1}", "a/../../../{1}", "0/../../../{1}"])
@pytest.mark.parametrize("table", ["contents", "parts"])
def test_an_index_of_somebody_else_leads_to_no_other_file(
    tmp_path: Path, table: str, leads: str
) -> None:
    """An object of a restored backup could be any file that the server reads; deleting it deleted that."""
    outside = tmp_path / "outside"
    outside.write_bytes(b"o" * 20_000)
    objects = open_objects(tmp_path / "s3")
    objects.create_bucket("bucket", "111122223333", "us-east-1")
    upload = objects.create_upload("bucket", "key", Attributes())
    with objects.stage_part(upload) as part:
        part.write(b"o" * 20_000)
        objects.put_part(upload, 1, part, "0" * 32)
    if table == "parts":
        objects.complete_upload(upload, [NamedPart(1, "0" * 32)], Attributes())
    else:
        with objects.stage() as staged:
            staged.write(b"o" * 20_000)
            objects.put("bucket", "key", staged, "0" * 32, Attributes())
    objects.close()
    which = " WHERE file NOT LIKE '%-parts'" if table == "contents" else ""
    named = leads.format(outside, outside.name)
    objects = changed(tmp_path / "s3", f"UPDATE {table} SET file = ?{which}", named)
    with pytest.raises(DamagedObject):
        objects.open(objects.find("bucket", "key")).read()
    assert any("key" in one.objects[0] for one in objects.damages())
    objects.delete("bucket", "key")
    objects.close()
    assert outside.read_bytes() == b"o" * 20_000


def test_what_is_written_while_objects_are_copied_fills_no_disk(tmp_path: Path) -> None:
    """The state of the index was held until all objects were copied: whatever was written meanwhile was kept in its log, though
    an account wrote the same place again and again, and the log stayed as long as it was."""
    with closing(open_objects(tmp_path / "s3")) as objects:
        objects.create_bucket("ours", "111122223333", "us-east-1")
        with PinnedDatabase(tmp_path / "s3" / "index.sqlite") as pinned:
            pinned.write_to(tmp_path / "copy")
            for number in range(48):
                objects.set_document("ours", "tagging", f"{number:02}" * (1 << 19))
            assert (tmp_path / "s3" / "index.sqlite-wal").stat().st_size < 32 << 20
            held = pinned.connection
            assert held.execute("SELECT count(*) FROM buckets").fetchone() == (1,)
            assert held.execute("SELECT count(*) FROM documents").fetchone() == (0,)
