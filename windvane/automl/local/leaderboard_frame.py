"""The leaderboard as a DataFrame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from windvane.automl.board import Board
from windvane.automl.leaderboard import LeaderboardRow
from windvane.automl.selection import entries_on_front
from windvane.domain.problem import METRICS_OF
from windvane.engine.candidates import Outcome, Score
from windvane.engine.data.analysis import Analysis
from windvane.notes.sentences import reason, sentences
from windvane.titles import candidate_title

BRIEF = ("rank", "name", "score", "standard_error", "fit_s", "latency_ms", "chosen")
"""Columns that are shown where not all have room."""


def leaderboard_frame(entries: Sequence[LeaderboardRow], analysis: Analysis, chosen: int) -> Board:
    """Return one row a candidate, in the order given.

    rank, name ('LightGBM 9'), candidate (its index), algorithm, recipe, score (the objective), standard_error (of the score as what to expect
    of new rows: of the rows it is of, of having been picked, and of having learnt from fewer rows than the model that
    answers), optimism (by how much having been picked flatters the score, where that is known), pessimism (by how much
    learning from all rows is expected to better it, likewise), one column a metric of the problem type, train_score
    (the objective on training rows), fit_s, latency_ms (one row), on_front (whether no other is as good and as quick),
    chosen (whether it is the one that answers), size_mb, folds, status ('finished' or 'failed'), notes

    chosen    index of the candidate that answers
    """
    board = pd.DataFrame([_row(rank, entry, analysis) for rank, entry in enumerate(entries, 1)])
    place = list(board.columns).index("latency_ms") + 1
    board.insert(place, "on_front", entries_on_front(entries, analysis.objective))
    board.insert(place + 1, "chosen", [entry.index == chosen for entry in entries])
    return Board.of(board, BRIEF)


def _row(rank: int, entry: LeaderboardRow, analysis: Analysis) -> dict[str, Any]:
    outcome, objective = entry.outcome, analysis.objective
    scores = {score.metric: score for score in outcome.scores} if outcome else {}
    train = {score.metric: score.value for score in outcome.train_scores} if outcome else {}
    return {
        "rank": rank,
        "name": candidate_title(entry.algorithm, entry.index),
        "candidate": entry.index,
        "algorithm": entry.algorithm,
        "recipe": entry.plan.recipe if entry.plan else "",
        "score": outcome.objective if outcome else None,
        "standard_error": _error(outcome, scores[objective]) if outcome else None,
        "optimism": outcome.optimism if outcome else None,
        "pessimism": outcome.pessimism if outcome else None,
        **{
            str(metric): scores[metric].value if metric in scores else None
            for metric in METRICS_OF[analysis.problem_type]
        },
        "train_score": train.get(objective),
        "fit_s": outcome.fit_s if outcome else None,
        "latency_ms": 1000 * outcome.latency_s if outcome else None,
        "size_mb": outcome.size_bytes / 1e6 if outcome else None,
        "folds": outcome.folds_used if outcome else None,
        "status": "finished" if outcome else "failed",
        "notes": "; ".join(sentences(outcome.notes)) if outcome else reason(entry.failure),
    }


def _error(outcome: Outcome, objective: Score) -> float | None:
    if objective.standard_error is None:
        return None
    return math.hypot(objective.standard_error, outcome.optimism or 0.0, outcome.pessimism or 0.0)
