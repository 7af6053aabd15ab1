"""Memory that the kernel's limit does not count: what was written and then made read-only, and what is shared. A process
that somebody had taken over took all of the machine's."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from windvane.control import preview_process
from windvane.control.preview_process import Bounds, look
from windvane.domain.candidate import Container
from windvane.domain.deployment import Deployed, Variant
from windvane.engine.preview.records import PreviewRequest
from windvane.errors import InvalidRequest, ModelFault
from windvane.names import Scope
from windvane.notes.sentences import reason
from windvane.serving.explaining import Explaining, RowQuestion
from windvane.serving.routes import Route, VariantRoute
from windvane.work.hosting.place import Place, ProcessSettings

GROWING = """
import ctypes, mmap, resource, sys, time
resource.setrlimit(resource.RLIMIT_DATA, (200 << 20, 200 << 20))
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
for _ in range(8):
    at = ctypes.c_void_p(libc.mmap(None, ctypes.c_size_t(64 << 20), 3, 0x22, -1, ctypes.c_long(0)))
    libc.memset(at, 1, ctypes.c_size_t(64 << 20))
    assert libc.mprotect(at, ctypes.c_size_t(64 << 20), 1) == 0
shared = mmap.mmap(-1, 64 << 20)
shared[:] = bytes([1]) * (64 << 20)
time.sleep(600)
"""
PROGRAM = (sys.executable, "-c", GROWING)
WAIT_S = 240.0
"""Of a test; the process would go on for ten minutes."""


def test_a_model_process_is_ended(tmp_path: Path) -> None:
    means = ProcessSettings(PROGRAM, {}, 256, 60.0, 60.0, 60.0, lambda: None)
    deployed = Deployed(Variant("A", "m", 1, 1.0), (Container("image", "s3://b/m"),))
    place = Place(deployed, 1, tmp_path, tmp_path / "log")
    place.tick(0.0, means)
    process = place.process
    assert process is not None

    async def ended() -> None:
        async with asyncio.timeout(WAIT_S):
            while place.last_end is None:
                place.tick(0.0, means)
                await asyncio.sleep(0.05)

    asyncio.run(ended())
    assert "exceeded its memory limit" in reason(place.last_end)
    process.channel.close()


def test_a_preview_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview_process, "PROGRAM", PROGRAM)
    nothing: Any = SimpleNamespace(read=lambda *_: b"")
    with pytest.raises(InvalidRequest, match="its process broke off"):
        look(PreviewRequest("a", 1), tmp_path, nothing, Bounds(time_s=WAIT_S, memory_mb=64), None)


def test_an_explanation_is_ended() -> None:
    scope = Scope("111122223333", "us-east-1")
    variant = VariantRoute("e/A", "A", 1.0, 1, "primary", (), spec='{"memory_mb": 256}')
    route = Route(scope, "e", (variant,))

    async def hosted_here(*_: object, **_named: object) -> None:
        return

    router: Any = SimpleNamespace(variant=lambda *_: (route, variant), passed_on=hosted_here)
    made = Explaining(router, {}, program=PROGRAM)
    made._bounds = replace(made._bounds, answer_s=2 * WAIT_S)
    question = RowQuestion(b"1", "text/csv")

    async def asked() -> None:
        async with asyncio.timeout(WAIT_S):
            await made.explain(scope, "e", question)

    with pytest.raises(ModelFault, match="the process ended"):
        asyncio.run(asked())
