"""The leaderboard of a job: every candidate, best first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from windvane.domain.problem import MetricName
from windvane.engine.candidate_io import outcome_from_json, outcome_to_json
from windvane.engine.candidates import Outcome, Plan
from windvane.engine.scoring.metrics import METRICS
from windvane.notes.earlier import kept_failure
from windvane.notes.note import Note, note_to_json


@dataclass(frozen=True)
class LeaderboardRow:
    """A row of the leaderboard.

    plan      None for an ensemble
    outcome   None unless it finished
    failure   why it did not
    """

    index: int
    algorithm: str
    plan: Plan | None
    outcome: Outcome | None
    failure: Note | None = None


def ranked(entries: Iterable[LeaderboardRow], objective: MetricName) -> list[LeaderboardRow]:
    """Finished candidates first, best first, the earlier of equals, those scored on fewer folds than others after
    them; then the others in their order."""
    gain = METRICS[objective].gain

    def position(entry: LeaderboardRow) -> tuple[bool, int, float, int]:
        outcome = entry.outcome
        if outcome is None:
            return True, 0, 0.0, entry.index
        return False, -outcome.folds_used, -gain(outcome.ranked_by(objective)), entry.index

    return sorted(entries, key=position)


def leaderboard_to_json(entries: Iterable[LeaderboardRow]) -> dict[str, Any]:
    return {"candidates": [_entry_to_json(entry) for entry in entries]}


def leaderboard_from_json(document: dict[str, Any]) -> list[LeaderboardRow]:
    """Read a leaderboard from JSON.

    raises    KeyError or TypeError if it is no leaderboard
    """
    return [_entry_from_json(entry) for entry in document["candidates"]]


def _entry_to_json(entry: LeaderboardRow) -> dict[str, Any]:
    plan, outcome, failure = entry.plan, entry.outcome, entry.failure
    return {
        "index": entry.index,
        "algorithm": entry.algorithm,
        "plan": None if plan is None else asdict(plan),
        "outcome": None if outcome is None else outcome_to_json(outcome),
        "failure": None if failure is None else note_to_json(failure),
    }


def _entry_from_json(document: dict[str, Any]) -> LeaderboardRow:
    plan, outcome = document["plan"], document["outcome"]
    return LeaderboardRow(
        **{
            **document,
            "plan": None if plan is None else Plan(**plan),
            "outcome": None if outcome is None else outcome_from_json(outcome),
            "failure": kept_failure(document.get("failure")),
        }
    )
