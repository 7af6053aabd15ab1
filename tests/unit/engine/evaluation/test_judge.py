"""What learning from more rows is expected to bring."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from windvane.engine.candidates import Outcome, Plan
from windvane.engine.data.dataset import read_dataset
from windvane.engine.evaluation.judge import pessimism
from windvane.engine.outcomes import CandidateRecord
from windvane.engine.scoring.metrics import METRICS

RECORD = CandidateRecord(
    Outcome(1, 0.5, (), 1.0, 0.0, 0, 5), Plan(1, "dpp0", "lightgbm", {}, 0), threshold=0.5
)


@pytest.fixture
def numbers(amounts):
    table = read_dataset(amounts.dataset)
    objective = table.analysis.objective
    assert objective.is_minimized
    return table, METRICS[objective]


def test_it_is_what_the_objective_loses_on_the_rows_that_both_predict(numbers):
    table, metric = numbers
    good = (table.y + 1.0).astype(np.float32)
    worse = (table.y + 2.0).astype(np.float32)
    worse[::2] = np.nan
    rows = np.arange(1, table.y.size, 2)
    lost = metric.value(table.y[rows], worse[rows].astype(float)) - metric.value(
        table.y[rows], good[rows].astype(float)
    )
    assert pessimism(table, RECORD, good, RECORD, worse) == pytest.approx(lost, rel=1e-6)


def test_it_is_never_negative(numbers):
    table, _ = numbers
    good, worse = (table.y + 1.0).astype(np.float32), (table.y + 2.0).astype(np.float32)
    other = replace(RECORD, threshold=0.4)
    assert pessimism(table, RECORD, worse, other, good) == 0.0
