"""How many rows candidates learn from."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from unit.engine.tuning.test_pacing import ANALYSIS

from windvane.engine.candidates import Plan
from windvane.engine.tuning.rows import fewer_rows, more_rows, rows_to_learn_from


@pytest.mark.parametrize("n_rows", [1_000, 50_000, 140_000])
def test_small_tables_are_learnt_whole_however_short_the_time(n_rows: int) -> None:
    is_large = n_rows > 50_000
    analysis = replace(
        ANALYSIS,
        n_rows=n_rows,
        n_folds=1 if is_large else 5,
        n_held_out=n_rows // 5 if is_large else 0,
    )
    assert rows_to_learn_from(analysis, 0.1) is None


def test_more_time_holds_more_rows_up_to_all() -> None:
    analysis = replace(ANALYSIS, n_rows=5_000_000, n_folds=1, n_held_out=50_000)
    found = [rows_to_learn_from(analysis, own_s) for own_s in (1.0, 60.0, 600.0, math.inf)]
    assert found[0] == 100_000
    assert found[1] is not None
    assert found[2] is not None
    assert found[0] <= found[1] < found[2] < analysis.n_rows
    assert found[3] is None


def test_runs_that_differ_by_moments_take_the_same_rows() -> None:
    analysis = replace(ANALYSIS, n_rows=5_000_000, n_folds=1, n_held_out=50_000)
    assert rows_to_learn_from(analysis, 100.0) == rows_to_learn_from(analysis, 100.3)


def test_what_has_learnt_from_all_there_is_cannot_show_what_more_rows_would_bring() -> None:
    held_out = replace(ANALYSIS, n_rows=1_000, n_folds=1, n_held_out=200)
    apart = replace(held_out, has_validation_set=True)
    plan = Plan(1, "dpp0", "lightgbm", {}, 0)
    assert fewer_rows(held_out, plan) == 640
    assert fewer_rows(apart, plan) is None
    assert fewer_rows(apart, replace(plan, n_rows=600)) == 450


def test_what_reads_rows_in_blocks_learns_from_as_many_as_its_own_cost_allows() -> None:
    analysis = replace(ANALYSIS, n_rows=5_000_000, n_folds=1, n_held_out=50_000)
    linear, trees, forest = (
        Plan(1, "dpp1", name, {}, 0, n_rows=100_000)
        for name in ("linear-learner", "lightgbm", "extra-trees")
    )
    assert more_rows(analysis, linear, math.inf) is None
    found = more_rows(analysis, linear, 100.0)
    assert found is not None
    assert found > (more_rows(analysis, trees, 100.0) or 0) >= 100_000
    assert more_rows(analysis, linear, 0.1) == 100_000
    assert more_rows(analysis, forest, math.inf) == 100_000
    assert more_rows(analysis, replace(linear, n_rows=None), 0.1) is None
