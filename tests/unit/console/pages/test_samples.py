"""Sample tables: what is said of them is true, and one click leads to a job on one."""

from __future__ import annotations

import csv
import gzip
import html
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from api.records import job_record
from api.world import ACCOUNT, REGION
from unit.console.desk import Desk, opened

from windvane.artifacts.base import parse_location
from windvane.console.job_form.draft import packed
from windvane.console.pages.samples import SAMPLES, TABLES

BUCKET = f"sagemaker-{REGION}-{ACCOUNT}"
CHURN = "/console/samples/telco-churn"
OFFER = "Or begin with a sample table"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with opened(tmp_path) as made:
        made.world.artifacts.ensure_bucket(BUCKET)
        yield made


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda one: one.name)
def test_what_is_said_of_a_table_is_true(sample):
    with gzip.open(TABLES / sample.file, "rt", newline="") as file:
        head, *rows = csv.reader(file)
    assert (len(rows), len(head)) == (sample.n_rows, sample.n_columns)
    assert sample.target in head
    values = {row[head.index(sample.target)] for row in rows}
    assert (len(values) == 2) == (sample.kind == "two classes")
    [line] = [one for one in (TABLES / "README.md").read_text().splitlines() if sample.file in one]
    assert f"[{sample.licence}](https://" in line


def test_tables_are_small_enough_for_a_wheel_and_all_of_them_are_offered():
    files = {one.name: one.stat().st_size for one in TABLES.glob("*.csv.gz")}
    assert set(files) == {one.file for one in SAMPLES}
    assert sum(files.values()) < 500_000


@pytest.mark.slow
def test_one_click_uploads_a_copy_and_opens_the_form_with_the_target_chosen(desk):
    answer = desk.post(CHURN)
    assert answer.status == 303
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    [uri], [target] = query["uri"], query["target"]
    assert uri.startswith(f"s3://{BUCKET}/console/uploads/")
    with desk.world.artifacts.open(parse_location(uri)) as stream:
        assert stream.read() == (TABLES / "telco-churn.csv.gz").read_bytes()
    page = desk.get(answer.headers["location"])
    assert page.status == 200
    assert f'<option value="{packed("Churn")}" selected>' in html.unescape(page.text)
    assert "Binary classification (detected)" in page.words
    assert "telco-churn.csv.gz" in desk.get("/console/uploads").text
    assert target == "Churn"
    assert re.search(r'name="time_limit" value="1 min"', page.text)


@pytest.mark.slow
def test_the_first_sample_makes_the_default_bucket(tmp_path):
    with opened(tmp_path) as desk:
        assert not desk.world.artifacts.bucket_exists(BUCKET)
        answer = desk.post(CHURN)
        assert answer.status == 303
        assert "Binary classification (detected)" in desk.get(answer.headers["location"]).words
        assert "telco-churn.csv.gz" in desk.get("/console/uploads").words


def test_tables_are_offered_until_somebody_has_some(desk):
    for path in ("/console/", "/console/new"):
        words = desk.get(path).words
        assert OFFER in words
        assert all(one.question in words and one.licence in words for one in SAMPLES)
    assert desk.post(CHURN).status == 303
    assert OFFER not in desk.get("/console/new").words
    desk.world.insert(job_record(desk.world.clock()))
    assert OFFER not in desk.get("/console/").words
    assert OFFER not in desk.get("/console/new?again=churn&uri=").words


def test_only_tables_that_there_are_can_be_asked_for_and_only_by_a_form(desk):
    for name in ("nope", "README.md", "..%2Fsamples.py", "telco-churn.csv.gz"):
        assert desk.post(f"/console/samples/{name}").status == 404
    assert desk.get(CHURN).status == 405
    assert desk.post_as(CHURN, []).status == 403
