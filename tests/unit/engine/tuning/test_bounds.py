"""What no candidate exceeds, whatever is drawn."""

from dataclasses import replace

import numpy as np
import pytest
from unit.engine.tuning.test_pacing import ANALYSIS

from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.features.base import Feature
from windvane.engine.learners.base import Rows, Setting
from windvane.engine.learners.catalogue import learner
from windvane.engine.tuning.bounds import bounded
from windvane.engine.tuning.sampling import draw

N_CLASSES, WIDTH = 26, 300
WIDE = replace(
    ANALYSIS,
    problem_type=ProblemType.MULTICLASS,
    objective=MetricName.ACCURACY,
    labels=tuple(f"{label:02}" for label in range(N_CLASSES)),
    n_rows=20_000,
    columns=tuple(ColumnSpec(f"c{i}", ColumnType.NUMERIC, "") for i in range(WIDTH)),
    statistics={f"c{i}": {"distinct": 15_000} for i in range(WIDTH)},
)
SETTING = Setting(WIDE.problem_type, WIDE.objective, N_CLASSES, (Feature("c0", "c0"),), 0)
LEAVES = 200_000


def _drawn(algorithm, seed):
    chosen = learner(algorithm)
    space = chosen.space(SETTING, WIDE.n_rows)
    hyperparameters = chosen.defaults(SETTING, WIDE.n_rows)
    hyperparameters |= draw(space, np.random.default_rng(seed))
    return bounded(WIDE, algorithm, "dpp0", hyperparameters)


@pytest.mark.parametrize("seed", range(20))
def test_no_model_of_boosters_has_more_leaves_than_are_soon_loaded(seed):
    lightgbm, xgboost, catboost = (
        _drawn(algorithm, seed) for algorithm in ("lightgbm", "xgboost", "catboost")
    )
    assert lightgbm["num_leaves"] * lightgbm["num_iterations"] * N_CLASSES <= LEAVES
    assert xgboost["max_leaves"] * xgboost["num_round"] * N_CLASSES <= LEAVES
    assert 2 ** catboost["depth"] * catboost["iterations"] * N_CLASSES <= LEAVES
    for booster, step, rounds in (
        (lightgbm, "learning_rate", "num_iterations"),
        (xgboost, "eta", "num_round"),
    ):
        assert booster[step] * booster[rounds] >= 14.9


@pytest.mark.parametrize("seed", range(20))
def test_histograms_of_symmetric_trees_are_small_beside_the_memory(seed):
    found = _drawn("catboost", seed)
    buckets = WIDTH * N_CLASSES * found["border_count"] * 2 ** (found["depth"] - 1)
    held = buckets * 32 * (3 if found["rsm"] < 1 else 1)
    assert held <= 48 * 1024**2 or (found["depth"], found["border_count"]) == (4, 32)


def test_usual_candidates_are_left_as_they_are():
    for algorithm in ("lightgbm", "catboost", "linear-learner"):
        usual = learner(algorithm).defaults(SETTING, 1_000)
        assert bounded(ANALYSIS, algorithm, "dpp0", usual) == usual


def test_columns_of_few_values_count_for_few_buckets():
    flags = replace(WIDE, statistics={f"c{i}": {"distinct": 2} for i in range(WIDTH)})
    usual = learner("catboost").defaults(SETTING, 20_000)
    assert bounded(flags, "catboost", "dpp0", usual)["border_count"] == usual["border_count"]
    assert bounded(WIDE, "catboost", "dpp0", usual)["border_count"] < usual["border_count"]


def test_where_levels_ask_a_sample_of_the_columns_borders_are_coarser():
    numbers = replace(
        ANALYSIS,
        columns=tuple(ColumnSpec(f"c{i}", ColumnType.NUMERIC, "") for i in range(50)),
        statistics={f"c{i}": {"distinct": 2_000} for i in range(50)},
    )
    usual = learner("catboost").defaults(SETTING, 1_000) | {"depth": 7, "rsm": 1.0}
    assert bounded(numbers, "catboost", "dpp0", usual)["border_count"] == 254
    found = bounded(numbers, "catboost", "dpp0", usual | {"rsm": 0.7})
    assert (found["border_count"], found["depth"]) == (127, 7)


def test_xgboost_keeps_to_the_leaves_it_is_given():
    random = np.random.default_rng(0)
    X = random.normal(size=(3_000, 5)).astype(np.float32)
    rows = Rows(X, X @ np.arange(5.0) + random.normal(size=3_000))
    features = tuple(Feature(f"f{i}", f"f{i}") for i in range(5))
    setting = Setting(ProblemType.REGRESSION, MetricName.RMSE, 0, features, 0)
    chosen = learner("xgboost")
    few = {**chosen.defaults(setting, 3_000), "max_depth": 9, "max_leaves": 16, "num_round": 3}
    model = chosen.fit(rows, None, few, setting, _Endless())
    assert len(np.unique(model.predict(X))) <= 16**3
    assert model.trees.values.size <= 3 * 16


class _Endless:
    def is_over(self):
        return False
