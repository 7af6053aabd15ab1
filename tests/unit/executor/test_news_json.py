"""What is told of work, from one machine to another."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from windvane.executor.base import End, Ended, GangMember, MachineNews, MemberReady, Said, Work
from windvane.executor.forked import MOST_RESULT, MOST_SAID
from windvane.executor.news_json import (
    news_from_text,
    news_to_text,
    work_from_text,
    work_to_text,
)
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note

SIGNALLED = Note(NoteCode.SIGNALLED, {"signal": "SIGSEGV"})


def test_work_comes_as_it_went() -> None:
    work = Work("1-2", "package.module:name", {"order": "x"}, 512, 1e9, 2)
    member = GangMember("1-2", 1, 3, "a key", "10.0.0.1:7")
    for sent in (work, replace(work, member=member)):
        assert work_from_text(work_to_text(sent)) == sent


@pytest.mark.parametrize(
    "news",
    [
        Said("a", {"n_folds": 5}),
        Ended("a", End.FINISHED, {"answer": [1, None]}, peak_memory_mb=12.5),
        MemberReady("a", "10.0.0.1:7"),
        MemberReady("a", "fd00::1:65535"),
        Ended("a", End.CRASHED, note=SIGNALLED),
        Ended("a", End.FAILED, note=SIGNALLED, error_classes=("DataFault", "JobFault")),
    ],
)
def test_news_come_as_they_went(news: MachineNews) -> None:
    assert news_from_text("a", news_to_text(news)) == news


def test_of_a_node_no_more_is_read_than_a_task_may_tell() -> None:
    large = {"answer": "x" * MOST_RESULT}
    ended = news_from_text("a", news_to_text(Ended("a", End.FINISHED, large)))
    assert isinstance(ended, Ended)
    assert (ended.end, dict(ended.result)) == (End.FAILED, {})
    assert news_from_text("a", news_to_text(Said("a", {"n": "x" * MOST_SAID}))) is None
    with pytest.raises(ValueError, match="characters"):
        news_from_text("a", news_to_text(Ended("a", End.FINISHED, {"n": "x" * 8 * MOST_RESULT})))


@pytest.mark.parametrize(
    "changed",
    [
        {"end": "well"},
        {"note": {"code": "none"}},
        {"note": {"code": "signalled", "facts": {"signal": "x" * 9000}}},
        {"error_classes": 7},
        {"peak_memory_mb": "much"},
        {"result": 5},
    ],
)
def test_what_says_nothing_of_work_is_refused(changed: dict[str, object]) -> None:
    told = {**json.loads(news_to_text(Ended("a", End.FAILED, note=SIGNALLED))), **changed}
    with pytest.raises((LookupError, TypeError, ValueError)):
        news_from_text("a", json.dumps(told))


@pytest.mark.parametrize("address", ["", "10.0.0.1", "10.0.0.1:0", "a:65536", "a b:1", "x:-1", 7])
def test_what_is_no_address_is_refused(address: object) -> None:
    with pytest.raises(ValueError, match="HOST:PORT"):
        news_from_text("a", json.dumps({"address": address}))
