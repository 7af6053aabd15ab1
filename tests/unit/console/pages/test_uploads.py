"""Where uploads go, and the URLs with which a browser sends them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from api.world import ACCOUNT, REGION, Keys
from unit.console.desk import HOST, Answer, Desk, opened

from windvane.console.pages.uploads import MOST_BYTES, part_bytes, safe_name
from windvane.errors import LinkExpired
from windvane.wire.call import Request
from windvane.wire.s3.authentication import head_verifier

BUCKET = f"sagemaker-{REGION}-{ACCOUNT}"
KEY = "console/uploads/20260102T030405Z-0a1b2c3d/train.csv"
MIB = 1024**2


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with opened(tmp_path) as made:
        yield made


def post(desk: Desk, path: str, told: Any, **headers: str) -> Answer:
    given = {
        "content-type": "application/json",
        "accept": "application/json",
        "origin": f"http://{HOST}",
        "x-csrf-token": desk.csrf,
        **headers,
    }
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    return asyncio.run(desk._send("POST", path, body, given))


def begun(desk: Desk, name: str = "train.csv", size: int = 1000) -> dict[str, Any]:
    answer = post(desk, "/console/uploads", {"name": name, "size": size})
    assert answer.status == 200
    return json.loads(answer.text)


def signed(desk: Desk, **told: Any) -> Answer:
    return post(desk, "/console/uploads/urls", {"key": KEY, "upload_id": "u", "parts": [1], **told})


def caller_of(method: str, url: str, now: datetime | None = None) -> Any:
    """Who the S3 gateway takes the sender of this request for."""
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc) == ("http", HOST)
    headers = (
        ("host", HOST),
        ("content-type", "application/octet-stream"),
        ("origin", f"http://{HOST}"),
    )
    request = Request(method, parts.path, parts.query, headers, b"")
    return head_verifier(Keys(), lambda: now or datetime.now(UTC))(request).caller


def test_an_upload_goes_to_the_default_bucket_of_whoever_is_signed_in(desk: Desk) -> None:
    told = begun(desk)
    assert told["uri"] == f"s3://{BUCKET}/{told['key']}"
    assert told["key"].startswith("console/uploads/2")
    assert told["key"].endswith("/train.csv")
    assert told["key"] != begun(desk)["key"]
    assert told["part_bytes"] == 8 * MIB
    assert caller_of("POST", told["create"]).account == ACCOUNT
    assert urlsplit(told["create"]).path == f"/{BUCKET}/{told['key']}"


def test_every_url_is_for_one_request_and_for_a_while(desk: Desk) -> None:
    told = json.loads(signed(desk, parts=[1, 3]).text)
    assert sorted(told["parts"]) == ["1", "3"]
    for number, url in told["parts"].items():
        assert caller_of("PUT", url).account == ACCOUNT
        assert parse_qs(urlsplit(url).query)["partNumber"] == [number]
    assert caller_of("POST", told["complete"]).account == ACCOUNT
    assert caller_of("DELETE", told["abort"]).account == ACCOUNT
    assert all("uploadId=u" in url for url in (told["complete"], told["abort"]))
    with pytest.raises(LinkExpired):
        caller_of("PUT", told["parts"]["1"], datetime.now(UTC) + timedelta(minutes=16))


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"name": "a.csv", "size": 0}, "is empty"),
        ({"name": "a.csv", "size": MOST_BYTES + 1}, "at most"),
        ({"name": "a.csv", "size": "9"}, "name and the size"),
        ({"name": "a.csv", "size": True}, "name and the size"),
        ({"size": 9}, "name and the size"),
        ([], "not a JSON object"),
        (b"{", "not JSON"),
        (b"[" * 60_000, "not JSON"),
        (b'"' + b"x" * 70_000 + b'"', "larger than"),
    ],
)
def test_what_is_no_file_is_refused_with_a_sentence(desk: Desk, told: Any, sentence: str) -> None:
    answer = post(desk, "/console/uploads", told)
    assert answer.status in (400, 413)
    assert sentence in json.loads(answer.text)["error"]


@pytest.mark.parametrize(
    "told",
    [
        {"key": "secret/train.csv"},
        {"key": "console/uploads/20260102T030405Z-0a1b2c3d/../../../x"},
        {"key": KEY + "\n"},
        {"key": None},
        {"upload_id": ""},
        {"upload_id": "a b"},
        {"upload_id": 7},
        {"parts": [0]},
        {"parts": [10_001]},
        {"parts": [True]},
        {"parts": ["1"]},
        {"parts": list(range(1, 102))},
        {"parts": None},
    ],
)
def test_nothing_but_parts_of_uploads_is_signed(desk: Desk, told: dict[str, Any]) -> None:
    assert signed(desk, **told).status == 400


def test_a_stranger_or_another_page_gets_no_url(desk: Desk) -> None:
    told = {"name": "a.csv", "size": 9}
    assert post(desk, "/console/uploads", told, **{"x-csrf-token": "00"}).status == 403
    assert post(desk, "/console/uploads", told, origin="http://elsewhere.test").status == 403
    desk.cookie = ""
    assert post(desk, "/console/uploads", told).status == 401


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("train.csv", "train.csv"),
        ("C:\\data\\Kunden 2024 (neu).csv", "Kunden-2024-neu-.csv"),
        ("../../etc/passwd", "passwd"),
        ("..", "file"),
        ("", "file"),
        ("<img src=x onerror=alert(1)>.csv", "img-src-x-onerror-alert-1-.csv"),
        ("ä" * 300 + ".csv", "csv"),
        ("a" * 300 + ".csv", "a" * 96 + ".csv"),
    ],
)
def test_names_of_files_need_no_care(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@pytest.mark.parametrize("size", [1, 8 * MIB, 5 * 1000**3, 80 * 1024**3, 100 * 1024**3, MOST_BYTES])
def test_no_file_has_too_many_parts(size: int) -> None:
    each = part_bytes(size)
    assert each % MIB == 0
    assert -(-size // each) <= 10_000
    assert 5 * MIB <= each <= 5 * 1024**3
