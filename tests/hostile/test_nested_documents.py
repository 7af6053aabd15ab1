"""Documents of lists in lists: few commas, millions of values. To read one of 32 MB takes five seconds in which no other
thread of the process has the interpreter, so that the whole server stood still for as long."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from unit.work.world import make_job

from windvane.artifacts.base import Location
from windvane.artifacts.local import LocalArtifacts
from windvane.console.candidate import reading
from windvane.console.pages import try_it
from windvane.control import preview_process
from windvane.control.inputs import MAX_MANIFEST_BYTES, manifest_locations
from windvane.domain.features import read_specification
from windvane.errors import CorruptArtifact, InvalidRequest, ModelFault
from windvane.names import Scope
from windvane.process.frames import FrameBuffer, pack
from windvane.serving import instance
from windvane.serving.content_types import MOST_HEAD_BYTES, MOST_HEAD_VALUES
from windvane.serving.endings import Died
from windvane.serving.model_faults import check_description
from windvane.serving.pool import Pool, WorkerSlot
from windvane.serving.routes import Route, VariantRoute
from windvane.work.workers import reconciler
from windvane.work.workers.exchanges import Exchanges
from windvane.work.workspace import workspace_of

_DEEP = b"[" * 900 + b"]" * 900


def nested(n_bytes: int, begin: bytes = b"[", end: bytes = b"]") -> bytes:
    """A document of about so many bytes, half as many lists, and a comma for each 1,800 bytes."""
    return begin + b",".join([_DEEP] * (n_bytes // (len(_DEEP) + 1) - 1)) + end


@contextmanager
def within(cpu_s: float) -> Iterator[None]:
    began = time.thread_time()
    yield
    assert time.thread_time() - began < cpu_s


def _manifest(folder: Path) -> object:
    artifacts, place = LocalArtifacts(folder), Location("data", "manifest")
    artifacts.ensure_bucket("data")
    artifacts.write(place, nested(MAX_MANIFEST_BYTES))
    return manifest_locations(artifacts, place)


def _specification(_: Path) -> object:
    return read_specification(nested(1 << 20), {})


def _document_of_a_page(_: Path) -> object:
    data = nested(reading.MOST_BYTES, b'{"a":[', b"]}")
    return reading._document(data, "s3://data/statistics.json", reading.MOST_VALUES)


def _answer_on_a_page(_: Path) -> object:
    return try_it._responses(nested(25 << 20, b'{"predictions":[', b"]}"))


def _told_of_itself(_: Path) -> object:
    variant = VariantRoute("e/A", "A", 1.0, 1, "primary", ())
    route = Route(Scope("111122223333", "us-east-1"), "e", (variant,))
    return check_description(route, variant, nested(4 << 20))


def _analysis(folder: Path) -> object:
    return _read_as_left(folder, nested(1 << 25, b'{"columns":[', b"]}"))


def _read_as_left(folder: Path, analysis: bytes) -> object:
    job = make_job()
    dataset = workspace_of(folder, job).dataset
    dataset.mkdir(parents=True)
    (dataset / "analysis.json").write_bytes(analysis)
    return reconciler._analysis_in(Exchanges(folder), job, "1-1", 10_000)


@pytest.mark.parametrize(
    ("read", "refusal"),
    [
        pytest.param(_manifest, InvalidRequest, id="a manifest"),
        pytest.param(_specification, InvalidRequest, id="a feature specification"),
        pytest.param(_document_of_a_page, InvalidRequest, id="what a page is drawn from"),
        pytest.param(_answer_on_a_page, InvalidRequest, id="an answer on a page"),
        pytest.param(_told_of_itself, ModelFault, id="what a model tells of itself"),
        pytest.param(_analysis, CorruptArtifact, id="what a task left"),
    ],
)
def test_lists_in_lists_are_refused_before_they_are_read(
    read: Callable[[Path], object], refusal: type[Exception], tmp_path: Path
) -> None:
    with within(cpu_s=2), pytest.raises(refusal, match=r"values|objects"):
        read(tmp_path)


def test_an_analysis_has_no_more_columns_than_a_table_may_have(tmp_path: Path) -> None:
    """Each plan looks at all of them, while nobody else may write to the store: of a million, for a quarter of a minute."""
    column = {"name": "a", "type": "numeric", "reason": "", "parse": {}}
    document = json.dumps({"columns": [column] * 10_001})
    with pytest.raises(CorruptArtifact, match="more than 10000 columns"):
        _read_as_left(tmp_path, document.encode())


def test_a_line_of_lists_from_a_preview_is_not_read() -> None:
    with within(cpu_s=2):
        assert preview_process._said(nested(1 << 25, b'{"seen":[', b"]}")) == {}


def test_what_a_model_says_is_wrong_fits_into_a_header() -> None:
    """Or a model that quotes a name of very many characters would be ended for it."""
    said = pack(*instance._fault(400, "c" * 63, "\U0001f600," * 100_000))
    frames = FrameBuffer(MOST_HEAD_BYTES, 0, MOST_HEAD_VALUES)
    frames.feed(said)
    assert frames.next_frame() is not None


def test_headers_of_lists_from_a_model_process_are_not_read() -> None:
    """A header of a megabyte, with each answer, kept the event loop busy for a third of a second."""

    header = {"status": 200, "content_type": "text/csv", "x": json.loads(nested(30_000))}

    async def asked() -> list[int]:
        pool, condemned = Pool(), []
        answer = pool.ask(b"question", asyncio.get_running_loop().time() + 10)
        for number in (1, 2):
            ours, theirs = socket.socketpair()
            ours.setblocking(False)
            pool.use_slots([WorkerSlot(number, ours, partial(condemned.append, number))])
            with theirs:
                await asyncio.to_thread(theirs.recv, 100)
                await asyncio.to_thread(theirs.sendall, pack(header))
                while number not in condemned and not answer.done():
                    await asyncio.sleep(0)
        with pytest.raises(Died):
            await answer
        return condemned

    assert asyncio.run(asked()) == [1, 2]
