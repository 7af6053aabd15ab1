"""A job that is over, once for all tests that only read its folder."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from windvane import AutoML


@pytest.fixture(scope="session")
def job(tmp_path_factory: pytest.TempPathFactory, make_table: Callable[..., pd.DataFrame]) -> Path:
    """Of two candidates for `amount`."""
    folder = tmp_path_factory.mktemp("job")
    frame = make_table(300, seed=3).drop(columns="y")
    AutoML("amount", max_candidates=2, max_runtime_s=1200, threads=2).fit(frame, keep=folder)
    return folder
