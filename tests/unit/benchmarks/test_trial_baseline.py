"""The trial of one model without search, which bench-large measures beside a job."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import harness
from benchmarks.peers import peer

FOLDER = Path(harness.__file__).parent / "trial"


@pytest.fixture
def trial(monkeypatch):
    """The module of the trial, as the trial's own process has it."""
    monkeypatch.syspath_prepend(str(FOLDER))
    file = FOLDER / "systems" / "baseline.py"
    spec = importlib.util.spec_from_file_location("trial_of_baseline", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    for name in ("systems", "systems.base"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(("budget_s", "n_trees"), [(0, 1), (600, 3)])
def test_lightgbm_of_so_many_trees_ends_with_the_budget(trial, tmp_path, budget_s, n_trees):
    options = {"model": "lgbm", "rounds": "3", "leaves": "5", "cut": "1"}
    system = trial.Trial("regression", budget_s, 1, 0, tmp_path / "own", options)
    system.setup()
    X = pd.DataFrame({"a": np.arange(200.0)})
    system.fit(X, X["a"] ** 2)
    system.save(str(tmp_path))
    model = (tmp_path / "model.txt").read_text()
    assert model.count("Tree=") == n_trees
    assert "num_leaves=5\n" in model


def test_the_peer_of_large_tables_has_500_trees_of_255_leaves():
    found = peer("lgbm_500x255", {})
    assert found.adapter == "baseline"
    assert {"rounds=500", "leaves=255", "cut=1"} <= set(found.options)
