"""A small table and what the stages make of it, once for all tests that only read it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from windvane.domain.problem import MetricName, ProblemSpec, ProblemType
from windvane.engine import stages
from windvane.engine.data.analysis import ReadOptions, SourceFile


def _table(n_rows: int = 240, seed: int = 0) -> pd.DataFrame:
    """Two numbers and a colour; `y` ('no' or 'yes') and `amount` depend on all of them."""
    random = np.random.default_rng(seed)
    a, b = random.normal(size=(2, n_rows)).round(4)
    colour = random.choice(["red", "green", "blue"], n_rows)
    signal = a + 2 * (colour == "red") - b * (colour == "blue")
    y = np.where(signal + random.normal(0, 0.7, n_rows) > 0.8, "yes", "no")
    amount = (10 + 3 * signal + random.normal(0, 0.5, n_rows)).round(3)
    return pd.DataFrame({"a": a, "colour": colour, "b": b, "y": y, "amount": amount})


@pytest.fixture(scope="session")
def make_table() -> Callable[..., pd.DataFrame]:
    """(n_rows, seed) -> two numbers, a colour, and `y` and `amount` that depend on them."""
    return _table


@dataclass(frozen=True)
class Worked:
    """Folders of a table that was read and given the features of one recipe."""

    dataset: Path
    features: Path


def _work(folder: Path, target: str, objective: MetricName, recipe: str = "dpp0") -> Worked:
    other = {"y": "amount", "amount": "y"}[target]
    file = folder / f"{target}.csv"
    _table().drop(columns=other).to_csv(file, index=False)
    dataset, features = folder / "dataset", folder / "features" / recipe
    problem_type = ProblemType.BINARY if target == "y" else ProblemType.REGRESSION
    stages.analyse(
        [SourceFile(file, file.name)],
        ReadOptions(scratch=folder, min_rows=20),
        ProblemSpec(target, problem_type, objective),
        dataset,
    )
    stages.fit_features(dataset, recipe, features)
    return Worked(dataset, features)


@pytest.fixture(scope="session")
def two_classes(tmp_path_factory: pytest.TempPathFactory) -> Worked:
    return _work(tmp_path_factory.mktemp("classes"), "y", MetricName.F1)


@pytest.fixture(scope="session")
def amounts(tmp_path_factory: pytest.TempPathFactory) -> Worked:
    return _work(tmp_path_factory.mktemp("amounts"), "amount", MetricName.RMSE)
