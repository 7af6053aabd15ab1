"""Which candidate becomes the model of a job, and which ones are on the front of score against latency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from windvane.automl.leaderboard import LeaderboardRow
from windvane.domain.pareto import front
from windvane.domain.problem import MetricName
from windvane.engine import candidates
from windvane.engine.scoring.metrics import METRICS
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note


@dataclass(frozen=True)
class BestCandidate:
    """The candidate that becomes the job's model.

    note    what is to be told about its selection; None if nothing is
    """

    index: int
    note: Note | None = None


def entries_on_front(entries: Sequence[LeaderboardRow], objective: MetricName) -> list[bool]:
    """`front` of a leaderboard. Candidates that did not finish are not on it, nor are those scored on fewer folds
    than others: their scores cannot be compared."""
    most = max((entry.outcome.folds_used for entry in entries if entry.outcome), default=0)
    compared = [
        (i, entry.outcome)
        for i, entry in enumerate(entries)
        if entry.outcome and entry.outcome.folds_used == most
    ]
    gain = METRICS[objective].gain
    marks = front(
        [gain(outcome.objective) for _, outcome in compared],
        [outcome.latency_s for _, outcome in compared],
    )
    on_it = {i for (i, _), mark in zip(compared, marks, strict=True) if mark}
    return [i in on_it for i in range(len(entries))]


def select_best(order: Sequence[LeaderboardRow], max_latency_s: float | None) -> BestCandidate:
    """Return the first candidate that answers a row within the limit; if there is none, the quickest that finished.

    order            best first; the first one has finished
    max_latency_s    None for no limit
    """
    if max_latency_s is None:
        return BestCandidate(order[0].index)
    finished = [(entry.index, entry.outcome.latency_s) for entry in order if entry.outcome]
    for index, latency_s in finished:
        if latency_s <= max_latency_s:
            return BestCandidate(index)
    index, latency_s = min(finished, key=lambda one: one[1])
    facts = {"limit_s": max_latency_s, "latency_s": latency_s}
    return BestCandidate(index, Note(NoteCode.FASTEST_CHOSEN, facts))


def with_optimism(order: Sequence[LeaderboardRow], optimism: float | None) -> list[LeaderboardRow]:
    """Return the leaderboard with what it did to the first one's score that it was picked by it (`stages.optimism`)."""
    first = order[0]
    if first.outcome is None:
        return list(order)
    finished = [entry.outcome for entry in order if entry.outcome is not None]
    outcome = candidates.with_optimism(first.outcome, optimism, finished)
    return [replace(first, outcome=outcome), *order[1:]]


def with_pessimism(
    order: Sequence[LeaderboardRow], pessimism: float | None
) -> list[LeaderboardRow]:
    """Return the leaderboard with what it did to all scores that folds have fewer rows than the table (`stages.pessimism`)."""
    return [
        entry
        if entry.outcome is None
        else replace(entry, outcome=replace(entry.outcome, pessimism=pessimism))
        for entry in order
    ]


def noted(entry: LeaderboardRow, best: BestCandidate) -> LeaderboardRow:
    """Return the entry; if it is the one selected, with what is to be told about that among its notes."""
    if best.note is None or entry.index != best.index or entry.outcome is None:
        return entry
    outcome = replace(entry.outcome, notes=(*entry.outcome.notes, best.note))
    return replace(entry, outcome=outcome)
