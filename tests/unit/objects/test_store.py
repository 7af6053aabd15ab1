"""The embedded object store as files: modes, damage, orphans, snapshots, forks."""

import errno
import os
import sqlite3
import stat
import threading
import zlib
from contextlib import closing

import pytest

from windvane.errors import StoreUnusable, WindvaneError
from windvane.objects.disk import Disk
from windvane.objects.errors import BucketTaken, DamagedObject, QuotaExceeded
from windvane.objects.records import MIN_PART_BYTES, Attributes, NamedPart
from windvane.objects.schema import MIGRATIONS
from windvane.objects.store import INDEX_NAME, open_objects

LARGE = b"0123456789" * 10_000


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "s3"


@pytest.fixture
def store(folder):
    store = open_objects(folder)
    store.create_bucket("bucket", "111122223333", "us-east-1")
    yield store
    store.close()


def put(store, key, data):
    with store.stage() as staged:
        staged.write(data)
        return store.put("bucket", key, staged, "0" * 32, Attributes())


def put_in_parts(store, key, *parts):
    upload = store.create_upload("bucket", key, Attributes())
    for number, data in enumerate(parts, 1):
        with store.stage_part(upload) as staged:
            staged.write(data)
            store.put_part(upload, number, staged, "0" * 32)
    named = [NamedPart(number, "0" * 32) for number in range(1, len(parts) + 1)]
    return store.complete_upload(upload, named, Attributes())


def data_files(folder):
    return sorted(path for path in (folder / "data").rglob("*") if path.is_file())


def test_everything_is_the_owners_alone(store, folder):
    folder.chmod(0o755)
    put(store, "large", LARGE)
    put_in_parts(store, "parts", b"x")
    open_objects(folder).close()
    for path in (folder, *folder.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path


def test_names_of_files_say_nothing_of_keys(store, folder):
    put(store, "../../secret", LARGE)
    (path,) = data_files(folder)
    assert "secret" not in str(path)
    assert path.is_relative_to(folder / "data")


def test_small_objects_need_no_file(store, folder):
    put(store, "small", b"x" * 16 * 1024)
    put(store, "empty", b"")
    assert data_files(folder) == []


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lambda path: path.unlink(), "missing"),
        (lambda path: os.truncate(path, 99_999), "99999 bytes in place of 100000"),
        (lambda path: path.write_bytes(LARGE[:-1] + b"x"), "not as it was written"),
        (lambda path: path.write_bytes(b"x" + LARGE[1:]), "not as it was written"),
    ],
)
def test_a_damaged_file_is_told_with_bucket_and_key(store, folder, harm, told):
    version = put(store, "key", LARGE)
    (path,) = data_files(folder)
    harm(path)
    with pytest.raises(DamagedObject, match=f"^s3://bucket/key is damaged: .*{told}"):
        store.open(version).read()
    (damage,) = store.damages()
    assert (damage.file, damage.objects) == (path.name, ("s3://bucket/key",))
    put(store, "key", b"mended")
    assert store.open(store.find("bucket", "key")).read() == b"mended"


def test_a_damaged_part_and_damaged_bytes_in_the_index_are_told(store, folder):
    version = put_in_parts(store, "parts", b"a" * MIN_PART_BYTES, b"end")
    small = put(store, "small", b"right")
    (end,) = [path for path in data_files(folder) if path.stat().st_size == 3]
    end.write_bytes(b"END")
    with closing(sqlite3.connect(folder / INDEX_NAME)) as db, db:
        db.execute("UPDATE contents SET data = CAST('wrong' AS BLOB) WHERE id = ?", (2,))
    with store.open(version) as stream, pytest.raises(DamagedObject, match="s3://bucket/parts"):
        stream.read()
    with pytest.raises(DamagedObject, match="s3://bucket/small"):
        store.open(small)
    assert [damage.objects for damage in store.damages()] == [
        ("s3://bucket/parts",),
        ("s3://bucket/small",),
    ]


def test_a_file_that_nobody_knows_is_swept(store, folder):
    put(store, "kept", LARGE)
    put_in_parts(store, "parts", b"kept")
    (parts,) = [path.parent for path in data_files(folder) if path.parent.name.endswith("-parts")]
    for stray in (folder / "data" / "0" / ("0" * 32), parts / "stray"):
        stray.write_bytes(b"x")
    other = folder / "data" / "1" / ("1" * 32 + "-parts")
    other.mkdir()
    (other / "stray").write_bytes(b"x")
    assert len(list(store.orphans())) == 3
    store.sweep(store._clock())
    assert list(store.orphans()) == []
    assert not other.exists()
    assert len(data_files(folder)) == 2
    assert list(store.damages()) == []


def test_a_reader_of_parts_holds_up_their_removal_until_the_next_sweep(store, folder):
    version = put_in_parts(store, "parts", b"a" * MIN_PART_BYTES, b"end")
    with store.open(version) as stream:
        store.delete("bucket", "parts")
        store.sweep(store._clock())
        assert stream.read()[-3:] == b"end"
    assert len(data_files(folder)) == 2
    store.sweep(store._clock())
    assert data_files(folder) == []


def test_a_snapshot_is_a_store_of_its_own(store, folder, tmp_path):
    put(store, "large", LARGE)
    put(store, "small", b"x")
    put_in_parts(store, "parts", b"a" * MIN_PART_BYTES, b"end")
    put(store, "gone", LARGE)
    store.delete("bucket", "gone")
    store.snapshot(tmp_path / "copy")
    for key in ("large", "small", "parts"):
        store.delete("bucket", key)
    store.sweep(store._clock())
    copy = open_objects(tmp_path / "copy")
    assert copy.open(copy.find("bucket", "large")).read() == LARGE
    assert copy.open(copy.find("bucket", "parts")).read().endswith(b"end")
    assert list(copy.damages()) == []
    assert list(copy.orphans()) == []
    assert len(data_files(tmp_path / "copy")) == 3
    copy.close()
    with pytest.raises(FileExistsError):
        store.snapshot(tmp_path / "copy")


def test_snapshots_while_others_write_are_whole(store, tmp_path):
    is_over = threading.Event()

    def write():
        number = 0
        while not is_over.is_set():
            number += 1
            put(store, str(number % 7), LARGE)
            store.delete("bucket", str((number + 3) % 7))

    writers = [threading.Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    try:
        for number in range(4):
            store.snapshot(tmp_path / str(number))
    finally:
        is_over.set()
        for writer in writers:
            writer.join()
    for number in range(4):
        copy = open_objects(tmp_path / str(number))
        assert list(copy.damages()) == []
        copy.close()
    store.sweep(store._clock())
    assert list(store.orphans()) == []


def test_an_open_store_does_not_survive_a_fork(store):
    pid = os.fork()
    if pid == 0:
        try:
            store.bucket("bucket")
        except StoreUnusable:
            os._exit(0)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert store.bucket("bucket").name == "bucket"


def test_a_store_of_a_newer_version_is_not_touched(store, folder):
    with closing(sqlite3.connect(folder / INDEX_NAME)) as db, db:
        db.execute("UPDATE schema_version SET version = 99")
    with pytest.raises(StoreUnusable, match="schema version 99"):
        open_objects(folder)


def test_many_open_a_new_store_at_once(tmp_path):
    faults = []

    def open_one():
        try:
            store = open_objects(tmp_path / "new")
            store.owner("x")
            store.close()
        except (WindvaneError, sqlite3.Error, OSError) as error:
            faults.append(error)

    threads = [threading.Thread(target=open_one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_commits_are_synced(store):
    (level,) = store._index._writer.execute("PRAGMA synchronous").fetchone()
    (mode,) = store._index._writer.execute("PRAGMA journal_mode").fetchone()
    assert (level, mode) == (2, "wal")


def test_of_operations_that_share_a_commit_each_succeeds_or_fails_by_itself(store):
    answers = {}

    def create(number):
        try:
            answers[number] = store.create_bucket(f"b-{number // 2}", "1", "us-east-1").name
        except BucketTaken:
            answers[number] = None

    with store._index._writing:
        threads = [threading.Thread(target=create, args=(number,)) for number in range(10)]
        for thread in threads:
            thread.start()
        while len(store._index._waiting) < 10:
            pass
    for thread in threads:
        thread.join()
    for number in range(5):
        pair = (answers[2 * number], answers[2 * number + 1])
        assert sorted(pair, key=str) == sorted((f"b-{number}", None), key=str)


class FullDisk(Disk):
    """A disk with room for so many bytes of data files."""

    def __init__(self, room):
        self.room = room

    def write(self, descriptor, data):
        self.room -= len(data)
        if self.room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        super().write(descriptor, data)


def test_a_full_disk_is_told_and_leaves_nothing_behind(tmp_path):
    store = open_objects(tmp_path / "s3", disk=FullDisk(150_000))
    store.create_bucket("bucket", "111122223333", "us-east-1")
    put(store, "first", LARGE)
    with pytest.raises(StoreUnusable, match=r"disk .* is full"):
        put(store, "second", LARGE)
    assert [one.key for one in store.list_objects("bucket").objects] == ["first"]
    assert list(store.orphans()) == []
    store.close()


def fill(store):
    for number in range(1000):
        put(store, f"second/{number}", b"x" * 16_000)


def test_a_full_index_is_told_and_leaves_nothing_behind(store):
    put(store, "first", LARGE)
    (pages,) = store._index._writer.execute("PRAGMA page_count").fetchone()
    store._index._writer.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreUnusable, match=r"disk .* is full"):
        fill(store)
    store._index._writer.execute("PRAGMA max_page_count = 1000000")
    put(store, "fifth", LARGE)
    assert list(store.damages()) == []
    assert list(store.orphans()) == []


def test_an_account_stores_no_more_than_it_may(tmp_path):
    store = open_objects(tmp_path / "s3", limit_bytes=165_000)
    store.create_bucket("bucket", "111122223333", "us-east-1")
    store.create_bucket("other", "444455556666", "us-east-1")
    first = put(store, "first", LARGE)
    upload = store.create_upload("bucket", "parts", Attributes())
    with store.stage_part(upload) as part:
        part.write(LARGE)
        with pytest.raises(QuotaExceeded, match=r"may store 165000 bytes; it uses 10[0-9]{4},"):
            store.put_part(upload, 1, part, "0" * 32)
    with pytest.raises(QuotaExceeded):
        put(store, "second", LARGE)
    with pytest.raises(QuotaExceeded):
        store.copy(first, "bucket", "copy", Attributes())
    store.copy(first, "other", "copy", Attributes())
    put(store, "first", LARGE[:50_000])
    put(store, "second", LARGE)
    store.delete("bucket", "first")
    assert store.usage("111122223333").n_bytes == 100_000
    assert list(store.orphans()) == []
    store.close()


def test_a_damaged_index_is_told(store, folder):
    for number in range(200):
        put(store, str(number), b"x" * 1000)
    store.close()
    index = folder / INDEX_NAME
    whole = index.read_bytes()
    index.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))
    reopened = open_objects(folder)
    with pytest.raises(StoreUnusable, match="index of the object store cannot be used"):
        reopened.list_objects("bucket")
    reopened.close()


def test_ten_thousand_buckets_cost_little(store):
    rows = [
        (f"bucket-{number:05}", "999988887777", "us-east-1", 0, "off") for number in range(10_000)
    ]
    store._index.write(
        lambda db: db.executemany(
            "INSERT INTO buckets (name, account, region, created, versioning) VALUES (?, ?, ?, ?, ?)",
            rows,
        )
    )
    page = store.list_buckets("999988887777", limit=10_000)
    assert (len(page.buckets), page.next) == (10_000, None)
    put(store, "key", b"x")
    assert store.owner("bucket-09999") == "999988887777"


def test_what_an_earlier_version_wrote_is_read_with_its_own_checksum(tmp_path):
    folder, data = tmp_path / "s3", b"written before there was CRC32C"
    open_objects(folder).close()
    (folder / INDEX_NAME).unlink()
    with closing(sqlite3.connect(folder / INDEX_NAME)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript(MIGRATIONS[0])
        db.execute("CREATE TABLE schema_version (version INTEGER NOT NULL)")
        db.execute("INSERT INTO schema_version VALUES (1)")
        db.execute(
            "INSERT INTO buckets VALUES (1, 'bucket', '111122223333', 'us-east-1', 0, 'off')"
        )
        for number, crc in ((1, zlib.crc32(data)), (2, zlib.crc32(data) ^ 1)):
            db.execute(
                "INSERT INTO contents VALUES (?, NULL, ?, ?, ?, 1)", (number, data, len(data), crc)
            )
            db.execute(
                "INSERT INTO versions VALUES (?, 1, ?, '', 1, ?, ?, ?, 0, 'tag', 0, '{}')",
                (number, b"key %d" % number, number, len(data), len(data)),
            )
        db.commit()
    store = open_objects(folder)
    assert store.open(store.find("bucket", "key 1")).read() == data
    with pytest.raises(DamagedObject):
        store.open(store.find("bucket", "key 2"))
    assert [damage.objects for damage in store.damages()] == [("s3://bucket/key 2",)]
    put(store, "key 3", data)
    assert store.open(store.find("bucket", "key 3")).read() == data
    store.close()
