import json
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest

from benchmarks.honesty import judged_of, recorded_in, report
from windvane.domain.problem import MetricName
from windvane.engine.candidates import Score

BOARD = pd.DataFrame(
    {
        "algorithm": ["ensemble", "catboost", "lightgbm", "mlp"],
        "score": [10.0, 10.4, 10.6, None],
        "standard_error": [0.5, 0.5, 0.5, None],
        "latency_ms": [3.0, 1.5, 0.2, None],
        "on_front": [True, True, True, False],
        "chosen": [True, False, False, False],
        "status": ["finished", "finished", "finished", "failed"],
    }
)


def _rmse(value):
    return Score(MetricName.RMSE, value, 0.5)


def test_a_test_score_is_told_in_standard_errors_of_the_leaderboard():
    worse = judged_of("t", BOARD, _rmse(11.0), 0.1, 1.5)
    assert worse.off == pytest.approx(-2.0)
    assert worse.off_by_both == pytest.approx(-2.0 / 2**0.5)
    assert (worse.best_ms, worse.single_ms, worse.load_ms) == (3.0, 1.5, 100.0)
    assert judged_of("t", BOARD, Score(MetricName.AUC, 11.0, 0.5), 0.1, 1.5).off == pytest.approx(
        2.0
    )


def test_a_quick_candidate_must_be_as_good_but_for_one_standard_error():
    assert not judged_of("t", BOARD, _rmse(10.0), 0.1, 1.5).is_front_quick
    near = BOARD.assign(score=[10.0, 10.4, 10.5, np.nan])
    assert judged_of("t", near, _rmse(10.0), 0.1, 1.5).is_front_quick
    slow = near.assign(latency_ms=[3.0, 1.5, 1.1, np.nan])
    assert not judged_of("t", slow, _rmse(10.0), 0.1, 1.5).is_front_quick


def test_the_report_counts():
    told = report(
        [judged_of(name, BOARD, _rmse(score), 0.1, 1.5) for name, score in (("a", 10.9), ("b", 12))]
    )
    assert "Within 2 standard errors: 1 of 2; of both: 1." in told
    assert "within one standard error of the best: 0 of 2." in told


def test_what_was_recorded_is_told_with_its_engine(tmp_path):
    kept = tmp_path / "honesty.jsonl"
    assert recorded_in(kept) == ""
    judged = asdict(judged_of("t", BOARD, _rmse(10.9), 0.1, 1.5))
    kept.write_text(json.dumps({**judged, "commit": "abc1234", "budget": 60.0, "seed": 0}))
    told = recorded_in(kept)
    assert told.startswith("Engine of commit `abc1234`, 60 s, seed 0.")
    assert "Within 2 standard errors: 1 of 1" in told
