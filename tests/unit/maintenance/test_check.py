import json
import os
import sqlite3
import subprocess
from contextlib import closing

import pytest
from unit.maintenance.folders import LARGE, contents, lived_in, put

from windvane.artifacts.base import Location
from windvane.control.kms.lookup import new_key
from windvane.control.kms.master import MasterKeys, master_key
from windvane.control.kms.materials import Materials
from windvane.domain.candidate import Container, ProcessingJob
from windvane.domain.deployment import Model
from windvane.domain.resource import Resource
from windvane.errors import WindvaneError
from windvane.maintenance import check_store
from windvane.maintenance.check import Checked, check
from windvane.maintenance.findings import Kind
from windvane.maintenance.lost_and_found import LostAndFound
from windvane.objects.disk import Disk
from windvane.objects.files import DataFiles
from windvane.objects.store import open_objects
from windvane.store.open import open_store
from windvane.testing.store_laws.place import HOME, START, a_job
from windvane.work.workspace import workspace_of


@pytest.fixture
def data(tmp_path):
    folder = lived_in(tmp_path / "data")
    (folder / "work" / "first-123").rename(workspace_of(folder, a_job(name="first")).folder)
    (folder / "work").chmod(0o700)
    return folder


@pytest.fixture
def look(data):
    """What a check finds, by kind; with `mends`, what it finds afterwards."""

    def run(*, mends=False, is_served=False, exists=None, readers=None, open_key=lambda key: None):
        store, objects = open_store("", data), open_objects(data / "s3")
        checked = Checked(data, store, readers or {}, open_key, objects, exists, is_served)
        try:
            found = list(check(checked, LostAndFound(data)))
            if mends:
                for finding in found:
                    if finding.mend is not None:
                        finding.mend()
                found = list(check(checked, LostAndFound(data)))
        finally:
            store.close()
            objects.close()
        return {finding.kind: finding for finding in found}

    return run


def sql(data, *statements, name="windvane.db"):
    with closing(sqlite3.connect(data / name)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def kept_aside(data):
    return sorted(
        path.relative_to(data / "lost+found").as_posix().partition("/")[2]
        for path in (data / "lost+found").rglob("*")
        if path.is_file()
    )


def test_nothing_is_found_where_nothing_is_wrong(look):
    assert look() == {}
    assert look(is_served=True) == {}


def test_a_task_of_no_job_is_told_and_dropped_and_written_down(data, look):
    sql(
        data,
        "INSERT INTO tasks (job_arn, kind, key, status, token, attempts, worker, created, error, payload) "
        "VALUES ('arn:aws:sagemaker:us-east-1:000000000000:automl-job/gone', 'train', 'k', 'ready', 0, 0, '', 1, '\"\"', '{}')",
    )
    assert look()[Kind.TASK_WITHOUT_JOB].where.endswith("automl-job/gone")
    assert look(mends=True) == {}
    assert kept_aside(data) == ["rows.jsonl"]
    [line] = next((data / "lost+found").rglob("rows.jsonl")).read_text().splitlines()
    assert json.loads(line)["table"] == "tasks"
    assert json.loads(line)["row"]["key"] == "k"


def test_a_tag_of_no_resource_and_a_record_of_no_job_are_dropped_and_others_stay(data, look):
    job = a_job(name="first").arn
    sql(
        data,
        "INSERT INTO tags VALUES ('arn:aws:sagemaker:us-east-1:000000000000:model/gone', 'a', 'b')",
        f"INSERT INTO tags VALUES ('{job.lower()}', 'a', 'b')",
        "INSERT INTO tags VALUES ('arn:aws:kms:us-east-1:000000000000:key/1', 'a', 'b')",
        "INSERT INTO resources (kind, account, region, name, name_key, arn, parent, status, created, modified, body) "
        "VALUES ('candidate', '0', 'r', 'c', 'c', 'arn:c', 'arn:gone', '', 1, 1, '{}')",
    )
    assert {Kind.TAG_WITHOUT_RESOURCE, Kind.RECORD_WITHOUT_PARENT} <= look().keys()
    assert look(mends=True) == {}
    with closing(sqlite3.connect(data / "windvane.db")) as connection:
        assert connection.execute("SELECT count(*) FROM tags").fetchone() == (2,)
        assert connection.execute("SELECT count(*) FROM resources").fetchone() == (1,)


def test_a_record_that_cannot_be_read_is_told_and_left(data, look):
    sql(data, "UPDATE resources SET body = '{\"scope\": 1}'")
    assert Kind.RECORD_UNREADABLE in look(mends=True)


def test_records_of_every_kind_are_read():
    kinds = set(Resource.__subclasses__())
    assert kinds | set(ProcessingJob.__subclasses__()) == set(check_store._KINDS)


def test_a_damaged_database_is_told(data, look):
    whole = bytearray((data / "windvane.db").read_bytes())
    whole[4096 * 3 : 4096 * 12] = b"\xa5" * (4096 * 9)
    (data / "windvane.db").write_bytes(whole)
    assert Kind.DATABASE_DAMAGED in look()


def test_a_store_of_a_newer_version_is_told_and_one_of_an_older_is_no_fault(data, look):
    sql(data, "UPDATE alembic_version SET version_num = '9999'")
    assert look()[Kind.SCHEMA_NEWER].is_fault
    sql(data, "UPDATE alembic_version SET version_num = '0001'")
    assert not look()[Kind.SCHEMA_OLDER].is_fault


def test_keys_that_cannot_be_read_are_told(look):
    def fails():
        raise WindvaneError("damaged")

    found = look(readers={"keys.json": fails, "keyring.json": lambda: None})
    assert found[Kind.KEYS_UNREADABLE].detail == "damaged"


def test_an_encryption_key_whose_master_key_is_missing_is_told(data, look):
    masters = MasterKeys(master_key(b"1" * 32))
    store = open_store("", data)
    with store.transaction() as tx:
        tx.insert(new_key(HOME, Materials(masters), START, "of a test"))
    store.close()
    assert look(open_key=lambda key: Materials(masters).check([key])) == {}
    other = MasterKeys(master_key(b"2" * 32))
    found = look(open_key=lambda key: Materials(other).check([key]))
    assert masters.current.id in found[Kind.KEY_SEALED].detail


def test_what_others_can_read_is_told_and_closed(data, look):
    data.chmod(0o755)
    (data / "keys.json").chmod(0o644)
    assert look()[Kind.MODE_TOO_OPEN]
    assert look(mends=True) == {}
    assert (data / "keys.json").stat().st_mode & 0o777 == 0o600


def test_a_file_of_another_user_is_told_and_given_back_by_root(data, look):
    if os.geteuid():
        pytest.skip("only root can give files away")
    os.chown(data / "keys.json", 12345, -1)
    assert "12345" in look()[Kind.OWNER_DIFFERS].detail
    assert look(mends=True) == {}


def test_what_killed_processes_left_is_moved_aside_unless_a_backup_runs_there(data, look):
    (data / ".backup-abc").mkdir(mode=0o700)
    (data / ".keys.123").touch(0o600)
    assert look(is_served=True) == {}
    assert look()[Kind.LEFTOVER]
    assert look(mends=True) == {}
    assert kept_aside(data) == [".keys.123"]
    from windvane.maintenance.snapshot import hold_snapshot

    with hold_snapshot(data):
        assert look() == {}


def test_the_working_folder_of_no_job_is_moved_aside(data, look):
    stray = data / "work" / "stray-123"
    stray.mkdir()
    (stray / "file").write_text("x")
    assert look()[Kind.WORKSPACE_WITHOUT_JOB].where == str(stray)
    assert look(mends=True) == {}
    assert kept_aside(data) == ["work/stray-123/file"]


def large_file(data):
    [path] = [
        f for f in (data / "s3/data").rglob("*") if f.is_file() and f.stat().st_size == len(LARGE)
    ]
    return path


def a_stray_file(data):
    path = DataFiles(data / "s3" / "data", Disk()).path("ab" + "0" * 30)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"never acknowledged")
    return path


def test_an_object_whose_file_is_gone_is_named(data, look):
    large_file(data).unlink()
    assert look()[Kind.OBJECT_WITHOUT_FILE].where == "s3://bucket/large"


def test_an_object_with_one_changed_bit_is_named(data, look):
    path = large_file(data)
    whole = bytearray(path.read_bytes())
    whole[-3] ^= 4
    path.write_bytes(whole)
    assert look(mends=True)[Kind.OBJECT_DAMAGED].where == "s3://bucket/large"


def test_a_file_of_no_object_is_moved_aside_and_nothing_else(data, look):
    stray = a_stray_file(data)
    assert look(is_served=True) == {}
    assert look()[Kind.FILE_WITHOUT_OBJECT].where == str(stray)
    before = contents(data)
    assert look(mends=True) == {}
    assert contents(data) == before
    assert kept_aside(data) == [stray.relative_to(data).as_posix()]


def test_a_damaged_index_is_told(data, look):
    objects = open_objects(data / "s3")
    for number in range(300):
        put(objects, f"key-{number}", b"x" * 200)
    objects.close()
    whole = bytearray((data / "s3/index.sqlite").read_bytes())
    whole[4096 * 14 : 4096 * 20] = b"\xa5" * (4096 * 6)
    (data / "s3/index.sqlite").write_bytes(whole)
    assert Kind.INDEX_DAMAGED in look()


def test_a_model_without_its_data_is_a_fault_and_a_missing_report_is_none(data, look):
    store = open_store("", data)
    uri = "s3://bucket/output/model.tar.gz"
    with store.transaction() as tx:
        tx.insert(
            Model(
                scope=HOME,
                name="one",
                created=START,
                modified=START,
                request={},
                containers=(Container("image", uri),),
            )
        )
    store.close()
    asked = []

    def exists(location):
        asked.append(location)
        return location == Location("bucket", "output/model.tar.gz")

    assert look(exists=exists) == {}
    assert asked == [Location("bucket", "output/model.tar.gz")]
    found = look(exists=lambda location: False)
    assert found[Kind.MODEL_MISSING].is_fault
    assert uri in found[Kind.MODEL_MISSING].detail


def test_every_kind_says_what_it_means():
    for kind in Kind:
        assert kind.meaning.endswith("."), kind
        assert kind.code == kind.code.lower()


def test_mending_moves_and_never_deletes(data, look):
    """Bytes in the data folder before and after are the same."""
    a_stray_file(data)
    (data / "work" / "stray-9").mkdir()
    (data / "work" / "stray-9" / "file").write_bytes(b"stray too")

    def sums():
        command = "find . -type f ! -name '*.db*' ! -name '*.sqlite*' -exec sha256sum {} + | cut -c1-64 | sort"
        return subprocess.run(
            ["sh", "-c", command], cwd=data, check=True, capture_output=True
        ).stdout

    before = sums()
    look(mends=True)
    assert sums() == before
