"""A fresh control plane for each test; and an endpoint of real models for those that only ask it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api.hosted_models import HostedModels
from api.world import World, build_world, close
from unit.engine.explain.made_up import packaged

from windvane.domain.problem import ProblemType


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    built = build_world(tmp_path)
    yield built
    close(built)


@pytest.fixture
def client(world: World) -> Any:
    return world.client()


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Trees tell classes, Values predict numbers."""
    folder = tmp_path_factory.mktemp("packages")
    trees = packaged(folder / "trees", ProblemType.BINARY, ["lightgbm"])
    values = packaged(folder / "values", ProblemType.REGRESSION, ["linear-learner"])
    return {"Trees": trees.packages, "Values": values.packages}


@pytest.fixture(scope="module")
def live(
    packages: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HostedModels]:
    """The endpoint `live`, which is hosted by threads of this process and ends with the file that asks it."""
    built = HostedModels(tmp_path_factory.mktemp("live"), packages)
    yield built
    built.close()
