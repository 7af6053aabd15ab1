"""A run in a fresh process: what it tells, and what is seen of it from outside."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.harness import Task, run_task
from benchmarks.peers import System, peer


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    folder = tmp_path_factory.mktemp("table")
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(300, 3)), columns=list("abc"))
    frame["kind"] = random.choice(["x", "y"], 300)
    frame["y"] = np.where(frame["a"] + random.normal(size=300) / 2 > 0, "yes", "no")
    frame[:200].to_csv(folder / "train.csv.gz", index=False)
    frame[200:].to_csv(folder / "test.csv.gz", index=False)
    return Task("t", folder / "train.csv.gz", folder / "test.csv.gz", "y", "binary")


@pytest.mark.parametrize(
    "name", ["base_lgbm", "base_rf", pytest.param("base_histgb", marks=pytest.mark.long)]
)
def test_a_default_model_is_scored_timed_and_weighed(name, task):
    run = run_task(peer(name, {}), task, 5, seed=1)
    assert run["status"] == "ok", run.get("error")
    assert (run["system"], run["dataset"], run["budget"], run["seed"]) == (name, "t", 5, 1)
    assert (run["n_train"], run["n_test"], run["n_features"]) == (200, 100, 4)
    assert run["metric"] == "auc"
    assert 0.8 < run["score"] == run["auc"] <= 1
    assert run["row_calls"] >= 3
    assert run["model_mb"] > 0
    assert run["peak_rss_mb"] >= run["peak_pss_mb"] > run["peak_besides_files_mb"] > 10
    assert run["own_cpu_s"] > 0.1
    assert 0 <= run["others_cpu_frac"] <= 1
    assert run["versions"]["scikit-learn"]


def test_a_system_that_fails_says_where_and_why(task):
    broken = System("broken", "baseline", ("model=nothing",), peer("base_rf", {}).python)
    run = run_task(broken, task, 5, seed=0)
    assert run["status"] == "error"
    assert run["error"] == "setup: ValueError: nothing"
    assert "score" not in run


def test_a_system_that_there_is_not_is_told(task):
    unknown = System("unknown", "unheard_of", (), peer("base_rf", {}).python)
    run = run_task(unknown, task, 5, seed=0)
    assert run["error"].startswith("import: ModuleNotFoundError")
