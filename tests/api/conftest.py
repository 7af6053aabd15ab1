"""A fresh control plane for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api.world import World, build_world, close


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    built = build_world(tmp_path)
    yield built
    close(built)


@pytest.fixture
def client(world: World) -> Any:
    return world.client()
