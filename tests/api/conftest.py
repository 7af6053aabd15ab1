"""A fresh control plane for each test; and one endpoint of real models for those that only ask it."""

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
def live(tmp_path_factory: Any) -> Iterator[HostedModels]:
    """The endpoint `live`: Trees tell classes, Values predict numbers."""
    folder = tmp_path_factory.mktemp("live")
    trees = packaged(folder / "trees", ProblemType.BINARY, ["lightgbm"])
    values = packaged(folder / "values", ProblemType.REGRESSION, ["linear-learner"])
    built = HostedModels(folder, {"Trees": trees.packages, "Values": values.packages})
    yield built
    built.close()
