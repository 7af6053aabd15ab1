"""Objects of the store of earlier versions are taken over by `windvane import-objects`: every one, or none."""

import hashlib
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from upgrades.kept import facts, unpacked

from windvane.maintenance import import_objects as importing
from windvane.maintenance.import_objects import ImportFault, import_objects
from windvane.maintenance.old_store import OldStoreFault, running
from windvane.objects.records import Versioning
from windvane.objects.store import open_objects

ACCOUNT, SECOND = "000000000000", "111111111111"


def command(data):
    return subprocess.run(
        [sys.executable, "-m", "windvane.cli.main", "import-objects", "--data-dir", str(data)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def seen(objects, account):
    """As make.py tells of objects, by "BUCKET/KEY"."""
    found = {}
    for bucket in objects.list_buckets(account).buckets:
        for version in objects.list_objects(bucket.name).objects:
            with objects.open(version) as stream:
                digest = hashlib.sha256(stream.read()).hexdigest()
            found[f"{bucket.name}/{version.key}"] = {
                "sha256": digest,
                "etag": f'"{version.etag}"',
                "type": version.attributes.headers.get("content-type"),
                "metadata": dict(version.attributes.metadata),
                "cache": version.attributes.headers.get("cache-control"),
            }
    return found


def test_every_object_is_taken_over_with_its_owner_and_what_is_said_of_it(tmp_path):
    data = unpacked("v0003", tmp_path)
    done = command(data)
    assert done.returncode == 0, done.stderr
    told = facts("v0003")
    objects = open_objects(data / "s3")
    assert seen(objects, ACCOUNT) == told["objects"]
    assert seen(objects, SECOND) == told[SECOND]["objects"]
    made = datetime.fromisoformat(told["job"]["CreationTime"])
    train = objects.find("sagemaker-us-east-1-000000000000", "train/kept.csv")
    assert abs((train.modified - made).total_seconds()) < 60
    objects.close()
    assert (data / "s3-old" / "data" / "filerldb2").is_dir()
    again = command(data)
    assert again.returncode == 2
    assert "holds no objects of an earlier version" in again.stderr


def test_nobody_else_reaches_the_old_store_while_it_is_read(tmp_path, monkeypatch):
    """Attack 2: its ports answer whoever reaches them. None of them is on this machine's network."""
    data = unpacked("v0003", tmp_path)
    probe = tmp_path / "ports"
    patch = tmp_path / "patch"
    patch.mkdir()
    # The importer tells which sockets listen where it is; here, outside, the same ports must not be there.
    (patch / "sitecustomize.py").write_text(
        "import pathlib, windvane.maintenance.old_store as old\n"
        "ready = old._ready\n"
        "def told(*args):\n"
        "    client = ready(*args)\n"
        f"    pathlib.Path({str(probe)!r}).write_text(pathlib.Path('/proc/net/tcp').read_text())\n"
        f"    pathlib.Path({str(probe)!r} + '.ns').write_text(__import__('os').readlink('/proc/self/ns/net'))\n"
        "    return client\n"
        "old._ready = told\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{patch}:{os.environ.get('PYTHONPATH', '')}")
    done = command(data)
    assert done.returncode == 0, done.stderr
    listening = [line.split()[1] for line in probe.read_text().splitlines() if " 0A " in line]
    assert len(listening) >= 4
    if "runs on this machine's loopback" in done.stdout:
        pytest.skip("this kernel gives users no network namespace")
    assert probe.with_suffix(".ns").read_text() != str(Path("/proc/self/ns/net").readlink())


@pytest.fixture
def old(tmp_path):
    """An old store's folder, not yet written to."""
    folder = tmp_path / "data" / "s3"
    (folder / "data").mkdir(parents=True)
    (folder / "security.toml").write_text("")
    return folder


def test_versions_delete_markers_tags_and_headers_come_over_in_order(old):
    with running(old) as s3:
        s3.create_bucket(Bucket="kept")
        s3.put_object(Bucket="kept", Key="k", Body=b"before")
        enabled = {"Status": "Enabled"}
        s3.put_bucket_versioning(Bucket="kept", VersioningConfiguration=enabled)
        for number in range(3):
            s3.put_object(Bucket="kept", Key="k", Body=f"version {number}".encode())
        s3.put_object(Bucket="kept", Key="gone", Body=b"still there")
        s3.delete_object(Bucket="kept", Key="gone")
        s3.put_object(
            Bucket="kept",
            Key="said",
            Body=b"x",
            Tagging="team=a&stage=b",
            ContentEncoding="gzip",
            ContentDisposition="attachment",
            ContentLanguage="de",
            Expires=datetime(2030, 1, 1, tzinfo=UTC),
        )
        s3.create_multipart_upload(Bucket="kept", Key="under way")
    done = import_objects(old.parent, {"kept": SECOND, "never-made": ACCOUNT}, ACCOUNT, "us-east-1")
    objects = open_objects(old)
    assert objects.bucket("kept").account == SECOND
    assert objects.bucket("kept").versioning is Versioning.ENABLED
    versions = objects.list_versions("kept").versions
    of_k = [version for version in versions if version.key == "k"]
    bodies = []
    for version in of_k:
        with objects.open(version) as stream:
            bodies.append(stream.read())
    assert bodies == [b"version 2", b"version 1", b"version 0", b"before"]
    assert [version.version_id == "null" for version in of_k] == [False, False, False, True]
    assert [(v.is_delete_marker, v.is_latest) for v in versions if v.key == "gone"] == [
        (True, True),
        (False, False),
    ]
    said = objects.find("kept", "said").attributes
    assert said.tags == {"team": "a", "stage": "b"}
    assert said.headers["content-encoding"] == "gzip"
    assert said.headers["content-disposition"] == "attachment"
    assert said.headers["content-language"] == "de"
    assert said.headers["expires"] == "Tue, 01 Jan 2030 00:00:00 GMT"
    objects.close()
    notes = "\n".join(done.notes)
    assert "1 uploads to kept were not complete" in notes
    assert "new version ids" in notes
    assert "never-made" in notes


def test_an_object_that_cannot_be_read_stops_the_import_and_changes_nothing(old):
    with running(old) as s3:
        s3.create_bucket(Bucket="kept")
        s3.put_object(
            Bucket="kept",
            Key="own-key",
            Body=b"x",
            SSECustomerAlgorithm="AES256",
            SSECustomerKey="k" * 32,
        )
    with pytest.raises(ImportFault, match="s3://kept/own-key cannot be read"):
        import_objects(old.parent, {"kept": ACCOUNT}, ACCOUNT, "us-east-1")
    assert (old / "data" / "filerldb2").is_dir()
    assert not (old.parent / "s3-old").exists()
    assert not (old.parent / "s3-imported").exists()


def test_an_object_that_is_not_what_its_tag_says_stops_the_import(tmp_path, monkeypatch):
    data = unpacked("v0003", tmp_path)
    real = importing.hashlib.md5

    def md5(*args, **kwargs):
        digest = real(*args, **kwargs)
        digest.update(b"damaged")
        return digest

    monkeypatch.setattr(importing.hashlib, "md5", md5)
    with pytest.raises(ImportFault, match="not what its entity tag says"):
        import_objects(data, {}, ACCOUNT, "us-east-1")
    assert (data / "s3" / "security.toml").exists()


def test_without_the_old_stores_program_it_says_what_to_install(old, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(Path("/nowhere/python")))
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(OldStoreFault, match=r"pip install 'windvane\[import\]'"), running(old):
        pass
