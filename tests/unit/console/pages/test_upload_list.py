"""The list of uploads, and how they are deleted from it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from api.records import job_record
from api.world import ACCOUNT, REGION, channel
from unit.console.desk import Desk, opened

from windvane.artifacts.base import parse_location

FOLDER = f"s3://sagemaker-{REGION}-{ACCOUNT}/console/uploads/"
OLD = f"{FOLDER}20260101T000000Z-0a1b2c3d/old.csv"
NEW = f"{FOLDER}20260102T000000Z-0a1b2c3d/new.csv"
BESIDE = f"{FOLDER}20260102T000000Z-0a1b2c3d/features-0.json"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with opened(tmp_path) as made:
        for uri in (OLD, NEW, BESIDE, f"{FOLDER}specifications/features-1.json"):
            made.world.put(uri)
        yield made


def there(desk: Desk) -> list[str]:
    return [str(one.location) for one in desk.world.artifacts.list(parse_location(FOLDER))]


def test_uploads_are_listed_the_newest_first(desk: Desk) -> None:
    page = desk.get("/console/uploads")
    assert re.findall(r'name="uri" value="([^"]+)"', page.text) == [NEW, OLD]


def test_files_are_deleted_with_what_lies_beside_them_once_that_was_confirmed(desk: Desk) -> None:
    before = there(desk)
    asked = desk.post("/console/uploads/delete", [("uri", NEW)])
    assert "Delete new.csv?" in asked.words
    assert "1 feature specification that came with them" in asked.words
    assert "jobs that were trained on these files" in asked.words
    assert there(desk) == before
    done = desk.post("/console/uploads/delete", [("uri", NEW), ("confirm", "yes")])
    assert (done.status, done.headers["location"]) == (303, "/console/uploads?deleted=1")
    assert there(desk) == [uri for uri in before if uri not in (NEW, BESIDE)]


def test_what_a_running_job_reads_stays(desk: Desk) -> None:
    request = {"InputDataConfig": [channel(NEW)]}
    desk.world.insert(job_record(desk.world.clock(), request=request))
    fields = [("uri", NEW), ("uri", OLD), ("confirm", "yes")]
    assert (
        "the running job churn reads it" in desk.post("/console/uploads/delete", fields[:2]).words
    )
    assert desk.post("/console/uploads/delete", fields).status == 303
    assert NEW in there(desk)
    assert OLD not in there(desk)
    only = desk.post("/console/uploads/delete", [("uri", NEW), ("confirm", "yes")])
    assert (only.status, "Nothing can be deleted now." in only.words) == (200, True)
    assert NEW in there(desk)


@pytest.mark.parametrize(
    "uri", ["", "s3://data/other.csv", f"{FOLDER}specifications/features-1.json"]
)
def test_nothing_but_uploads_is_deleted(desk: Desk, uri: str) -> None:
    desk.world.put("s3://data/other.csv")
    before = there(desk)
    answer = desk.post("/console/uploads/delete", [("uri", uri), ("confirm", "yes")])
    assert (answer.status, "No file was selected" in answer.words) == (400, True)
    assert there(desk) == before
    assert desk.post_as("/console/uploads/delete", [("uri", NEW), ("confirm", "yes")]).status == 403
    assert there(desk) == before


def test_what_a_manifest_of_a_running_job_names_stays(desk: Desk) -> None:
    place, _, name = NEW.rpartition("/")
    desk.world.put("s3://data/list.json", json.dumps([{"prefix": f"{place}/"}, name]).encode())
    request = {"InputDataConfig": [channel("s3://data/list.json", "ManifestFile")]}
    desk.world.insert(job_record(desk.world.clock(), request=request))
    desk.post("/console/uploads/delete", [("uri", NEW), ("uri", OLD), ("confirm", "yes")])
    assert NEW in there(desk)
    assert OLD not in there(desk)


def test_without_the_default_bucket_there_are_no_uploads_and_none_is_made(tmp_path: Path) -> None:
    with opened(tmp_path) as desk:
        for path, told in (("/console/uploads", "No uploads"), ("/console/new", "sample table")):
            page = desk.get(path)
            assert (page.status, told in page.words) == (200, True)
        assert not desk.world.artifacts.bucket_exists(f"sagemaker-{REGION}-{ACCOUNT}")
