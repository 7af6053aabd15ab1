from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from windvane.domain.problem import ProblemSpec, ProblemType
from windvane.engine.data.analyse import analyse
from windvane.engine.data.analysis import ReadOptions, SourceFile
from windvane.engine.exploration.stored import StoredTable

N_ROWS = 600

Store = Callable[..., StoredTable]


def _mixed() -> pd.DataFrame:
    """A column of every kind that is stored, with holes, and two targets that follow `size` and `colour`."""
    random = np.random.default_rng(0)
    size = random.gamma(2.0, 3.0, N_ROWS).round(3)
    colour = random.choice(["red", "green", "blue"], N_ROWS, p=[0.6, 0.3, 0.1])
    day = pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 900, N_ROWS), unit="D")
    said = [" ".join(random.choice(["a", "long", "word"], 6)) + f" {i}" for i in range(N_ROWS)]
    table = pd.DataFrame(
        {
            "size": size,
            "twice": (2 * size + random.normal(0, 0.1, N_ROWS)).round(3),
            "colour": colour,
            "day": day.strftime("%Y-%m-%d"),
            "said": said,
            "amount": (size + 3 * (colour == "red") + random.normal(0, 1, N_ROWS)).round(4),
            "y": np.where(size + random.normal(0, 2, N_ROWS) > 6, "yes", "no"),
        }
    )
    table.loc[random.random(N_ROWS) < 0.2, "size"] = np.nan
    table.loc[random.random(N_ROWS) < 0.3, ["colour", "twice"]] = None
    return table


@pytest.fixture
def mixed() -> pd.DataFrame:
    return _mixed()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """(table, target, problem type) -> the table as it is stored after analysis."""
    return partial(_stored, tmp_path)


@pytest.fixture(scope="session")
def stored_amounts(tmp_path_factory: pytest.TempPathFactory) -> StoredTable:
    return _stored(tmp_path_factory.mktemp("amounts"), _mixed().drop(columns="y"), "amount")


@pytest.fixture(scope="session")
def stored_classes(tmp_path_factory: pytest.TempPathFactory) -> StoredTable:
    return _stored(tmp_path_factory.mktemp("classes"), _mixed().drop(columns="amount"), "y")


def _stored(
    scratch: Path, table: pd.DataFrame, target: str, problem_type: ProblemType | None = None
) -> StoredTable:
    file, folder = scratch / "table.csv", scratch / "dataset"
    table.to_csv(file, index=False)
    shutil.rmtree(folder, ignore_errors=True)
    options = ReadOptions(scratch=scratch, min_rows=2)
    analyse([SourceFile(file, file.name)], options, ProblemSpec(target, problem_type), folder)
    return StoredTable.open(folder)
