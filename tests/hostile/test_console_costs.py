"""Attacks on the event loop by whoever is signed in to the console: one form kept everybody waiting for many seconds."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import pytest
from starlette.requests import Request
from starlette.responses import StreamingResponse
from unit.console.board import a_candidate, a_job
from unit.console.desk import HOST, Desk, opened

from windvane.api.in_process import InProcessClient
from windvane.console import forms
from windvane.console.candidate import explanation, quality, reading
from windvane.console.charts.base import ticks
from windvane.console.draw import static_url
from windvane.console.pages import try_it
from windvane.console.report_frame import report_in_frame
from windvane.console.request_context import CallerObjects
from windvane.console.trying.pasted import read_pasted
from windvane.errors import InvalidRequest, Throttled
from windvane.wire.call import Caller, Credential
from windvane.wire.rates import AccountRates


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with opened(tmp_path) as made:
        yield made


@pytest.mark.parametrize("field", ["tags", "uri", "objective", "target"])
def test_a_field_is_no_longer_than_a_request_can_take(desk: Desk, field: str) -> None:
    """Eight megabytes of tags, two million of them, were drawn as code on the event loop: ten seconds, two gigabytes."""
    for path in ("/console/new/code", "/console/new/look", "/console/new"):
        answer = desk.post(path, [(field, "a=\n" * 20_000)])
        assert answer.status == 400
        assert f"The field {field} has 59999 characters" in answer.words


def test_pages_are_requests_of_their_account(tmp_path: Path) -> None:
    """Where `requests_per_s` was set, a script that was signed in to the console asked for as much as it liked."""
    with opened(tmp_path, AccountRates(1, lambda: 0.0)) as desk:
        assert [desk.get("/console/endpoints").status for _ in range(3)] == [200, 200, 429]
        assert desk.get(static_url("icon.svg")).status == 200


def test_50_tags_of_the_longest_fit(desk: Desk) -> None:
    tags = "\n".join(f"{number:0128}={'v' * 256}" for number in range(50))
    answer = desk.post("/console/new/code", [("tags", tags)])
    assert answer.status == 200
    assert "v" * 256 in answer.text


def test_a_large_form_is_not_taken_apart_on_the_event_loop(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight megabytes of escapes took it a second."""
    threads: list[threading.Thread] = []
    parsed = forms.parse_qs

    def noted(*given: Any, **more: Any) -> Any:
        threads.append(threading.current_thread())
        return parsed(*given, **more)

    monkeypatch.setattr(forms, "parse_qs", noted)
    for size in (100, 100_000):
        assert desk.post("/console/new/code", [("x", "y" * size)]).status == 200
    assert [one is threading.main_thread() for one in threads] == [True, False]


class Stored:
    """Every object is there."""

    def read(self, *_: Any) -> bytes:
        return b"{}"


def test_objects_that_are_long_hold_no_thread_that_others_need(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Six pages of figures that somebody had put in place of a report's kept every other session of the console waiting to
    be known again, and every large body to be hashed: all were looked through in the same few threads."""

    def noted(*_: Any) -> Any:
        return {"in": threading.current_thread().name}

    monkeypatch.setattr(reading, "_document", noted)
    monkeypatch.setattr(quality, "quality_of", noted)
    monkeypatch.setattr(quality, "segments_of", noted)
    monkeypatch.setattr(quality, "groups_by", noted)
    monkeypatch.setattr(
        quality, "replace", lambda found, segments, groups: {**found, **segments, **groups}
    )
    monkeypatch.setattr(explanation, "_explained", noted)
    inside = InProcessClient({}, {})
    caller = Caller("111122223333", "us-east-1", Credential("111122223333", "A", "s", "arn", "id"))
    objects = CallerObjects(Stored(), caller, inside)  # type: ignore[arg-type]
    place = explanation.Place("s3://b/x", "c", (), False)

    async def all_of_it() -> list[Any]:
        return [
            await reading.read_json(objects, "s3://b/k"),
            await quality.read_quality(objects, "s3://b/x", quality.Asked()),
            await explanation.read_explanation(objects, place, "y", 0),
        ]

    told = asyncio.run(all_of_it())
    inside.close()
    assert all(one["in"].startswith("console") for one in told)


def test_few_pages_of_an_account_have_large_objects_in_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each page on an explanation held 100 MB of what somebody had put in place of its files while it waited for its turn:
    64 of them ended the server."""
    lock, held = threading.Lock(), [0]

    class Counted(Stored):
        def read(self, *_: Any) -> bytes:
            with lock:
                held[0] += 1
            return b"{}"

    most: list[int] = []

    def explained(*_: Any) -> None:
        with lock:
            most.append(held[0])
            held[0] -= 2

    monkeypatch.setattr(explanation, "_explained", explained)
    inside = InProcessClient({}, {})
    caller = Caller("111122223333", "us-east-1", Credential("111122223333", "A", "s", "arn", "id"))
    objects = CallerObjects(Counted(), caller, inside)  # type: ignore[arg-type]
    place = explanation.Place("s3://b/x", "c", (), False)

    async def all_of_it() -> None:
        pages = (explanation.read_explanation(objects, place, "y", 0) for _ in range(12))
        await asyncio.gather(*pages)

    asyncio.run(all_of_it())
    inside.close()
    assert len(most) == 12
    assert max(most) <= 4


def test_a_table_of_nothing_but_commas_is_refused() -> None:
    """32 MB of commas became a gigabyte of cells."""
    table = b"a," * explanation._MOST_CELLS + b"\n1,"
    with pytest.raises(InvalidRequest, match="at most 3,000,000 are shown"):
        explanation._table(table)


def test_a_table_of_very_many_rows_is_refused() -> None:
    """Three million rows of one number each became a gigabyte, and sorting them left nobody else the interpreter for
    seconds."""
    with pytest.raises(InvalidRequest, match="more than 10,000 rows"):
        explanation._table(b"a\n" + b"1\n" * 10_001)
    assert len(explanation._table(b"a\n" + b"1\n" * 10_000)["a"]) == 10_000


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_rows_that_are_pasted_are_not_very_many(end: str) -> None:
    """A form of 8 MB became four million rows, 400 MB, which waited for the model: 16 forms ended the server."""
    with pytest.raises(InvalidRequest, match="The text has 250,001 rows"):
        read_pasted(f"1{end}" * 250_000, ["a"], "y")
    assert len(read_pasted(f"1{end}" * 249_999, ["a"], "y").rows) == 249_999


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_rows_that_are_pasted_have_not_very_many_values(delimiter: str) -> None:
    with pytest.raises(InvalidRequest, match="2,000,001 values"):
        read_pasted(delimiter * 2_000_000, ["a"], "y")


def test_few_pages_of_an_account_ask_models_at_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a model tells of itself, 60 MB of it, was in memory for each page that waited to be drawn."""
    under_way, counts = 0, []

    async def trying(*_: Any) -> Any:
        nonlocal under_way
        under_way += 1
        counts.append(under_way)
        for _ in range(100):
            await asyncio.sleep(0)
        under_way -= 1
        raise InvalidRequest("It has been tried.")

    monkeypatch.setattr(try_it, "_trying", trying)
    form = {
        "content-type": "application/x-www-form-urlencoded",
        "origin": f"http://{HOST}",
        "x-csrf-token": desk.csrf,
    }
    place = "/console/endpoints/e/try"
    asked = [("GET", place), *(("POST", f"{place}{end}") for end in ("", "/reasons", "/download"))]

    async def all_of_it() -> list[Any]:
        pages = (desk._send(method, path, b"", form) for method, path in asked * 3)
        return await asyncio.gather(*pages)

    assert [one.status for one in asyncio.run(all_of_it())] == [400] * 12
    assert len(counts) == 12
    assert max(counts) <= 4


def test_of_an_accounts_pages_few_wait_with_what_was_worked_out_for_them() -> None:
    """As many as there may be connections did, each with the leaderboard that it was to draw."""
    inside, is_over = InProcessClient({}, {}), threading.Event()
    accounts = ["111122223333"] * 300 + ["444455556666"]
    callers = [Caller(one, "us-east-1", Credential(one, "A", "s", "arn", "id")) for one in accounts]

    async def all_of_it() -> list[Any]:
        works = [asyncio.ensure_future(inside.in_thread(one, is_over.wait)) for one in callers]
        await asyncio.sleep(0)
        is_over.set()
        return await asyncio.gather(*works, return_exceptions=True)

    told = asyncio.run(all_of_it())
    inside.close()
    assert told.count(True) == 257
    assert sum(isinstance(one, Throttled) for one in told) == 44
    assert told[-1] is True


def test_a_page_that_breaks_off_gives_back_what_it_had() -> None:
    """A report without metrics, and scores that are next to nothing, ended an iterator in a thread, which no future takes:
    the page was waited for for ever, its account's next ones too, and so was the end of the server."""
    inside = InProcessClient({}, {})
    caller = Caller("111122223333", "us-east-1", Credential("111122223333", "A", "s", "arn", "id"))

    async def all_of_it() -> list[Any]:
        async with asyncio.timeout(120):
            pages = (inside.in_thread(caller, next, iter(())) for _ in range(20))
            return await asyncio.gather(*pages, return_exceptions=True)

    told = asyncio.run(all_of_it())
    inside.close()
    assert [type(one) for one in told] == [RuntimeError] * 20


def test_a_report_without_metrics_is_none() -> None:
    with pytest.raises(InvalidRequest, match="no metrics"):
        quality.quality_of({"dataset": {"item_count": 1}}, None, None)


@pytest.mark.parametrize(
    "ends", [(0.0, 3e-323), (1e-323, 5e-323), (-1.7e308, 1.7e308), (0.0, 1e-299)]
)
def test_no_range_is_too_small_or_too_large_for_an_axis(ends: tuple[float, float]) -> None:
    found = ticks(*ends)
    assert 2 <= len(found) <= 6
    assert all(ends[0] <= one <= ends[1] for one in found)


def test_a_report_is_sent_as_it_is_read() -> None:
    """A report of 32 MB was in memory for as long as somebody took to read it, on as many connections as there may be."""
    n_read = [0]

    class Long(Stored):
        def chunks(self, *_: Any) -> Iterator[bytes]:
            for _ in range(5):
                n_read[0] += 1
                yield b"color-scheme: light dark;"

    inside = InProcessClient({}, {})
    caller = Caller("111122223333", "us-east-1", Credential("111122223333", "A", "s", "arn", "id"))
    objects = CallerObjects(Long(), caller, inside)  # type: ignore[arg-type]
    headers = [(b"cookie", b"windvane-theme=dark"), (b"host", b"127.0.0.1:8470")]
    scope = {
        "type": "http",
        "path": "/",
        "headers": headers,
        "server": ("127.0.0.1", 8470),
        "scheme": "http",
    }
    request = Request(scope)
    request.state.context = SimpleNamespace(objects=objects)

    async def all_of_it() -> list[bytes]:
        answer = await report_in_frame(request, "s3://b/report.html")
        assert isinstance(answer, StreamingResponse)
        assert n_read == [1]
        return [bytes(chunk) async for chunk in answer.body_iterator]  # type: ignore[arg-type]

    chunks = asyncio.run(all_of_it())
    inside.close()
    assert n_read == [5]
    assert chunks == [b"color-scheme: dark;", *[b"color-scheme: light dark;"] * 4]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/leaderboard",
        "/data",
        "/compare?one=churn-001&two=churn-002",
        *(f"/candidates/churn-001/{part}" for part in ("quality", "explanation", "steps")),
    ],
)
def test_pages_of_many_candidates_are_not_drawn_on_the_event_loop(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """The page of a job with 250 candidates took it 60 ms, that of its leaderboard 30 ms: whoever asked for a hundred of them
    kept everybody else waiting for seconds. A page on what somebody had put in place of an explanation took it 1.4 s."""
    desk.world.insert(a_job(), *(a_candidate(number) for number in range(1, 4)))
    threads: list[threading.Thread] = []
    get_template = jinja2.Environment.get_template

    def noted(*given: Any) -> Any:
        threads.append(threading.current_thread())
        return get_template(*given)

    monkeypatch.setattr(jinja2.Environment, "get_template", noted)
    assert desk.get(f"/console/jobs/churn{path}").status == 200
    assert threads
    assert threading.main_thread() not in threads
