"""Tables without columns, predictions of them, and records of candidates."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from windvane.domain.problem import ProblemType
from windvane.engine.candidate_io import CandidateRecord
from windvane.engine.candidates import Outcome, Plan
from windvane.engine.data.analysis import Analysis
from windvane.engine.data.dataset import Dataset
from windvane.engine.ensembles.blend import Blend

PLAN = Plan(7, "dpp0", "lightgbm", {}, 0)
RECORD = CandidateRecord(Outcome(1, 0.5, (), 1.0, 0.0, 0, 5), PLAN, threshold=0.5)
N = 1_000


def table(y, objective, n_classes=0, weight=None, folds=None, **changes):
    kinds = {0: ProblemType.REGRESSION, 2: ProblemType.BINARY}
    folds = np.arange(y.size) % 5 if folds is None else folds
    analysis = Analysis(
        target="y",
        problem_type=kinds.get(n_classes, ProblemType.MULTICLASS),
        problem_reason="",
        objective=objective,
        columns=(),
        labels=tuple("abcd"[:n_classes]),
        label_type="string",
        class_counts=(),
        n_rows=y.size,
        n_rows_read=y.size,
        n_folds=5,
        seed=0,
    )
    return Dataset(replace(analysis, **changes), {}, y, folds.astype(np.int8), weight)


@dataclass
class Answering:
    """A model that answers the first column of its rows, whose sizes it keeps."""

    of: object = lambda X: X[:, 0].astype(float)
    asked: list = field(default_factory=list)

    def predict(self, X):
        self.asked.append(len(X))
        return self.of(X)


def numbers(seed=0, n=N):
    return np.random.default_rng(seed).normal(size=n)


def chances(seed=0, n=N, sharpness=1.0):
    """Classes, and probabilities of them that are as sure of themselves as they ought to be, or more or less."""
    random = np.random.default_rng(seed)
    logits = 1.5 * random.normal(size=n)
    y = (random.random(n) < 1 / (1 + np.exp(-logits))).astype(float)
    positive = 1 / (1 + np.exp(-sharpness * logits))
    return y, np.column_stack([1 - positive, positive])


def shy(seed=0):
    """Probabilities of a rare class that are right, and seldom above a half."""
    random = np.random.default_rng(seed)
    positive = 0.45 * random.random(N)
    y = (random.random(N) < positive).astype(float)
    return y, np.column_stack([1 - positive, positive])


def blended(weights, out_of_fold, in_sample=None, rows=None):
    rows = np.arange(len(out_of_fold)) if rows is None else rows
    in_sample = out_of_fold if in_sample is None else in_sample
    return Blend(weights, tuple(weights), rows, out_of_fold, in_sample)


def member(index, **changes):
    outcome = replace(Outcome(index, 0.5, (), 1.0, 0.001, 100, 5), **changes)
    return replace(RECORD, outcome=outcome)
