"""Attacks on what an account may store: more of it, and what holds no bytes of content."""

from __future__ import annotations

import hashlib
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from s3.house import OURS, Answer, S3House
from s3.signing import sha256, signed

from windvane.objects.store import open_objects


def ask(house: S3House, method: str, target: str, headers: Any = (), body: bytes = b"") -> Answer:
    given = [*headers, *([("content-length", str(len(body)))] if body else [])]
    return house.ask(method, target, signed(method, target, given, sha256(body)), body)


def test_what_is_not_stored_yet_takes_no_more_of_the_disk_than_may_be_stored(
    tmp_path: Path,
) -> None:
    """What an account may store was asked when all of an upload was on the disk: many at once filled it."""
    limit = 1 << 20
    store = open_objects(tmp_path / "store", limit_bytes=limit)
    house = S3House(tmp_path, store)
    try:
        house.client().create_bucket(Bucket="ours")
        ours = store.of(OURS)
        with ours.stage() as first, ours.stage() as second:
            first.write(bytes(limit // 2))
            second.write(bytes(limit // 2))
            body = bytes(limit // 2)
            answer = ask(house, "PUT", "/ours/third", body=body)
            assert (answer.status, b"<Code>QuotaExceeded</Code>" in answer.body) == (403, True)
        assert list(store.orphans()) == []
        assert ask(house, "PUT", "/ours/third", body=body).status == 200
        assert ask(house, "PUT", "/ours/third", body=bytes(limit - 2048)).status == 200
    finally:
        house.close()


@pytest.mark.parametrize("key", ["large", "in parts"])
def test_what_a_backup_keeps_from_being_removed_is_no_room_for_more(
    tmp_path: Path, key: str
) -> None:
    """While a backup runs, nothing is removed: an object that was written over and over again took the disk of all, of an
    account that might store one of it. So did objects in parts that somebody reads."""
    limit = 1 << 20
    store = open_objects(tmp_path / "store", limit_bytes=limit)
    house = S3House(tmp_path, store)
    body = bytes(limit // 3)
    files = tmp_path / "store" / "data"

    def on_disk() -> int:
        return sum(path.stat().st_size for path in files.rglob("*") if path.is_file())

    def write() -> int:
        if key == "large":
            return ask(house, "PUT", f"/ours/{key}", body=body).status
        upload = ours.create_multipart_upload(Bucket="ours", Key=key)["UploadId"]
        part = f"/ours/{quote(key)}?partNumber=1&uploadId={upload}"
        answer = ask(house, "PUT", part, body=body)
        if answer.status == 200:
            named = [{"PartNumber": 1, "ETag": hashlib.md5(body).hexdigest()}]
            ours.complete_multipart_upload(
                Bucket="ours", Key=key, UploadId=upload, MultipartUpload={"Parts": named}
            )
        return answer.status

    try:
        ours = house.client()
        ours.create_bucket(Bucket="ours")
        with store._files.nothing_removed():
            statuses = [write() for _ in range(12)]
            assert statuses[0] == 200
            assert statuses[-1] == 403
            assert on_disk() <= 2 * limit
        assert write() == 200
        assert on_disk() <= limit
    finally:
        house.close()


LIFECYCLE = (
    "<LifecycleConfiguration><Rule><ID>i</ID><Status>Enabled</Status><Filter><Prefix>"
    f"{'p' * 60_000}</Prefix></Filter><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>"
).encode()
KEY = "k" * 500
EMPTY = {
    "objects": ("PUT", "/ours/{}" + KEY, b""),
    "delete markers": ("DELETE", "/ours/{}" + KEY, b""),
    "uploads": ("POST", "/ours/{}" + KEY + "?uploads=", b""),
    "parts": ("PUT", "/ours/part?partNumber={}&uploadId=UPLOAD", b""),
    "tags": (
        "PUT",
        "/ours/{}?tagging=",
        b"<Tagging><TagSet><Tag><Key>k</Key><Value>"
        + b"v" * 256
        + b"</Value></Tag></TagSet></Tagging>",
    ),
    "documents": ("PUT", "/ours?lifecycle=", LIFECYCLE),
}
"""Requests that store no byte of content."""


@pytest.mark.parametrize("what", EMPTY)
def test_what_holds_no_bytes_is_no_more_than_may_be_stored(tmp_path: Path, what: str) -> None:
    """Empty objects, delete markers, uploads, their empty parts, tags and documents of buckets took rows and files without
    end, of an account that might store 100 KB. What is gone is not counted any more."""
    store = open_objects(tmp_path / "store", limit_bytes=100_000)
    house = S3House(tmp_path, store)
    ours = house.client()
    try:
        ours.create_bucket(Bucket="ours")
        ours.put_bucket_versioning(Bucket="ours", VersioningConfiguration={"Status": "Enabled"})
        upload = ours.create_multipart_upload(Bucket="ours", Key="part")["UploadId"]
        if what == "tags":
            for n in range(1, 101):
                ours.put_object(Bucket="ours", Key=f"{n}", Body=b"x" * 200)
        method, target, body = EMPTY[what]
        empty = [("content-length", "0")] if method == "PUT" and not body else []
        answers = (
            ask(house, method, target.format(n).replace("UPLOAD", upload), empty, body)
            for n in range(1, 101)
        )
        refused = next(one for one in answers if one.status >= 300)
        assert (refused.status, b"<Code>QuotaExceeded</Code>" in refused.body) == (403, True)
        ours.delete_bucket_lifecycle(Bucket="ours")
        for one in ours.list_object_versions(Bucket="ours").get("Versions", ()):
            ours.delete_object(Bucket="ours", Key=one["Key"], VersionId=one["VersionId"])
        for one in ours.list_object_versions(Bucket="ours").get("DeleteMarkers", ()):
            ours.delete_object(Bucket="ours", Key=one["Key"], VersionId=one["VersionId"])
        ours.delete_bucket(Bucket="ours")
        with store._index.read() as db:
            used = db.execute("SELECT n_bytes, n_objects, n_beside FROM usage").fetchall()
        assert used == [(0, 0, 0)]
    finally:
        house.close()


def test_an_index_of_before_is_counted_anew(tmp_path: Path) -> None:
    """What accounts had stored by then, beside content, would have been given back without having been counted."""
    store = open_objects(tmp_path / "store")
    house = S3House(tmp_path, store)
    try:
        ours = house.client()
        ours.create_bucket(Bucket="ours")
        ours.put_bucket_versioning(Bucket="ours", VersioningConfiguration={"Status": "Enabled"})
        ours.put_object(Bucket="ours", Key="k", Body=b"x", Metadata={"a": "b"})
        ours.delete_object(Bucket="ours", Key="k")
        ours.create_multipart_upload(Bucket="ours", Key="u")
        upload = ours.create_multipart_upload(Bucket="ours", Key="u")["UploadId"]
        ours.upload_part(Bucket="ours", Key="u", UploadId=upload, PartNumber=1, Body=b"xy")
        assert ask(house, "PUT", "/ours?lifecycle=", body=LIFECYCLE).status == 200
        db = store._index._writer
        counted = db.execute("SELECT * FROM usage").fetchall()
        db.execute("ALTER TABLE usage DROP COLUMN n_beside")
        db.execute("DELETE FROM usage")
        db.execute("UPDATE schema_version SET version = 2")
    finally:
        house.close()
    with closing(open_objects(tmp_path / "store")) as again, again._index.read() as db:
        ((account, _, _, n_beside),) = db.execute("SELECT * FROM usage").fetchall()
    assert [(account, n_beside)] == [(one[0], one[3]) for one in counted]
