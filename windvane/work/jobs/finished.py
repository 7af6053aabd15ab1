"""What the tasks of a job had made when another one began. The other one sees that alone, however long it takes: what comes of
it is the same wherever it runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from windvane.automl.history import History
from windvane.domain.problem import MetricName
from windvane.engine.scoring.metrics import METRICS

_MOST_COMPARED = 40
"""Candidates among which those that the model would be made of are looked for."""


@dataclass(frozen=True)
class Finished:
    """The finished tasks of an AutoML job, by kind.

    attempts    that have ended well, in this order (Task.attempt)
    candidates  indices of the best single candidates, the best first; without the first look
    is_packed   whether what answers has been made
    """

    attempts: tuple[str, ...] = ()
    candidates: tuple[int, ...] = ()
    is_packed: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON, which `from_json` reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Finished:
        """Return what `to_json` told."""
        return cls(tuple(told["attempts"]), tuple(told["candidates"]), told["is_packed"])


NOTHING = Finished()


def best_candidates(history: History, objective: MetricName) -> tuple[int, ...]:
    """Return the indices of the best single candidates that have finished, the best first."""
    gain = METRICS[objective].gain
    found = sorted(
        (-outcome.folds_used, -gain(outcome.objective), outcome.index)
        for outcome in (step.result.outcome for step in history.candidates)
        if outcome is not None
    )
    return tuple(index for *_, index in found[:_MOST_COMPARED])
