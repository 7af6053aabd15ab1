"""Attacks on the event loop by whoever is signed in to the console: one form kept everybody waiting for many seconds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from unit.console.desk import Desk, opened

from windvane.console import forms


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
