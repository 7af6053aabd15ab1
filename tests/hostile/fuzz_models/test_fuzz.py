"""Saved models with changes of every kind: none ends a process, hangs, or reads or writes outside its memory.

Some dozens of each algorithm in the ordinary run, always the same; in the long one as many as WINDVANE_FUZZED_MODELS says
(20,000 of each).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hostile.fuzz_models.guarding import heap
from hostile.fuzz_models.running import ACCEPTED, REJECTED, UNANSWERED
from hostile.fuzz_models.targets import NAMES

_FEW = 60
_TESTS = Path(__file__).parents[2]
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def _reports(module: str, *arguments: object) -> dict[str, dict[str, Any]]:
    path = os.pathsep.join([str(_TESTS), *sys.path])
    done = subprocess.run(
        [sys.executable, "-m", f"hostile.fuzz_models.{module}", *map(str, arguments)],
        env={**os.environ, **_ONE_THREAD, **heap(), "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    told = [json.loads(line) for line in done.stdout.splitlines()]
    return {one["name"]: one for one in told}


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    return _reports("command", tmp_path_factory.mktemp("few"), 0, _FEW, 1)


@pytest.mark.parametrize("name", NAMES)
def test_changed_models_do_no_harm(name: str, few: dict[str, dict[str, Any]]) -> None:
    _check(few[name], _FEW)


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_very_many_changed_models_do_no_harm(name: str, tmp_path: Path) -> None:
    n = int(os.environ.get("WINDVANE_FUZZED_MODELS", "20000"))
    report = _reports("command", tmp_path, 1_000_000, n, 1, name)[name]
    print(report)
    _check(report, n)


def _check(report: dict[str, Any], n: int) -> None:
    counts = report["counts"]
    assert not report["bad"], report
    assert sum(counts.values()) == n
    assert counts[REJECTED] > n / 20, report
    assert counts[ACCEPTED] > n / 100, report
    assert counts.get(UNANSWERED, 0) < n / 50, report


@pytest.fixture(scope="module")
def harmful(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    return _reports("harmful", tmp_path_factory.mktemp("harmful"))


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("reads before its rows", "signal 11"),
        ("reads behind its rows", "signal 11"),
        ("writes behind its answer", "signal 11"),
        ("writes before its answer", "overwritten"),
        ("answers what it was not given", "different"),
        ("answers what its trees do not say", "wrong"),
        ("spins", "hang"),
        pytest.param(
            "writes behind a block of the heap",
            "signal 6",
            marks=pytest.mark.skipif(not heap(), reason="glibc's checking allocator is not there"),
        ),
    ],
)
def test_what_would_do_harm_is_seen(
    name: str, outcome: str, harmful: dict[str, dict[str, Any]]
) -> None:
    assert harmful[name]["counts"] == {outcome: 1}
