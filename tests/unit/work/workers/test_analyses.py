"""The analysis that a task left, as the search reads it."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from windvane.domain.problem import ProblemSpec
from windvane.engine import stages
from windvane.engine.candidates import Tried
from windvane.engine.data.analysis import ReadOptions, SourceFile
from windvane.engine.data.dataset import read_analysis as read_whole
from windvane.engine.splits import SplitKind
from windvane.engine.tuning.pacing import next_plan
from windvane.engine.tuning.search import recipes_for
from windvane.work.workers.analyses import read_analysis

N_ROWS = 600


def table(target: str) -> pd.DataFrame:
    drawn = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "number": drawn.normal(size=N_ROWS),
            "level": drawn.choice(list("abcdefgh"), N_ROWS),
            "text": [f"{word} it came {n} days late" for n, word in enumerate(["well"] * N_ROWS)],
            "day": pd.date_range("2024-01-01", periods=N_ROWS).strftime("%Y-%m-%d"),
            "empty": [""] * N_ROWS,
            "class": drawn.choice(["no", "yes"], N_ROWS),
            "amount": np.exp(3 * drawn.normal(size=N_ROWS)),
        }
    ).drop(columns={"class": "amount", "amount": "class"}[target])


@pytest.mark.parametrize("target", ["class", "amount"])
def test_the_same_is_planned_as_by_the_whole_analysis(target: str, tmp_path: Path) -> None:
    file, dataset = tmp_path / "table.csv", tmp_path / "dataset"
    table(target).to_csv(file, index=False)
    stages.analyse(
        [SourceFile(file, "table.csv")], ReadOptions(tmp_path), ProblemSpec(target), dataset
    )
    whole = read_whole(dataset)
    needed = read_analysis((dataset / "analysis.json").read_bytes(), 100)
    assert recipes_for(needed) == recipes_for(whole)
    tried: list[Tried] = []
    for index in range(1, 12):
        plan = next_plan(whole, index, 40, tried, 1e4)
        assert next_plan(needed, index, 40, tried, 1e4) == plan
        assert plan is not None
        tried.append(Tried(plan, 0.5 + index / 100, 1.0))


def test_an_analysis_of_an_earlier_version_lacks_what_came_later() -> None:
    told = {
        "target": "y",
        "problem_type": "Regression",
        "objective": "MSE",
        "columns": [{"name": "a", "type": "numeric", "reason": "", "parse": {}}],
        "labels": [],
        "label_type": "float",
        "n_rows": 600,
        "n_folds": 5,
        "seed": 0,
    }
    found = read_analysis(json.dumps(told).encode(), 100)
    assert (found.n_held_out, found.n_repeats, found.has_validation_set) == (0, 1, False)
    assert found.statistics == {}
    assert found.split_kind is SplitKind.ROWS


def test_windows_of_time_have_fewer_training_rows_than_folds(tmp_path: Path) -> None:
    file, dataset = tmp_path / "t.csv", tmp_path / "dataset"
    table("class").assign(at=np.arange(N_ROWS)).to_csv(file, index=False)
    problem = ProblemSpec("class", time_column="at")
    stages.analyse([SourceFile(file, "t.csv")], ReadOptions(tmp_path), problem, dataset)
    needed = read_analysis((dataset / "analysis.json").read_bytes(), 100)
    assert needed.split_kind is SplitKind.TIME
    assert needed.n_training_rows == read_whole(dataset).n_training_rows
