"""How many rows candidates learn from."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from unit.engine.tuning.test_pacing import ANALYSIS

from windvane.engine.tuning.rows import rows_to_learn_from


@pytest.mark.parametrize("n_rows", [1_000, 50_000, 140_000])
def test_small_tables_are_learnt_whole_however_short_the_time(n_rows: int) -> None:
    analysis = replace(ANALYSIS, n_rows=n_rows, n_folds=5 if n_rows <= 50_000 else 1)
    assert rows_to_learn_from(analysis, 0.1) is None


def test_more_time_holds_more_rows_up_to_all() -> None:
    analysis = replace(ANALYSIS, n_rows=5_000_000, n_folds=1)
    found = [rows_to_learn_from(analysis, own_s) for own_s in (1.0, 60.0, 600.0, math.inf)]
    assert found[0] == 100_000
    assert found[1] is not None
    assert found[2] is not None
    assert found[0] <= found[1] < found[2] < analysis.n_rows
    assert found[3] is None


def test_runs_that_differ_by_moments_take_the_same_rows() -> None:
    analysis = replace(ANALYSIS, n_rows=5_000_000, n_folds=1)
    assert rows_to_learn_from(analysis, 100.0) == rows_to_learn_from(analysis, 100.3)
