"""The way of a job: read this first.

`decide` says what is to be begun now, given what has happened. It is pure and level-triggered: a driver may ask it at any
time and any number of times, after an action's end, after a crash, or because time has passed. A driver runs what it asks
for, on an executor, and keeps what came of it: in memory (automl/local), or in the store.

    Analysis    the table is read, checked and split
    Search      candidates are trained on folds until there are enough or the time is over
    Ensemble    the best of them become one; if none has finished there is a baseline
    Refit       the members of the best are trained on all rows
    Packing     what answers is packed
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from windvane.automl.actions import (
    Action,
    Analyse,
    BuildEnsemble,
    FitOnAllRows,
    Pack,
    Refit,
    TrainBaseline,
)
from windvane.automl.ending import NoModel, next_combination, next_refit, packing
from windvane.automl.history import History
from windvane.automl.request import Request
from windvane.automl.search import OF_THE_SEARCH, CannotBegin, next_of_search
from windvane.automl.situation import Situation
from windvane.automl.steps import Status
from windvane.engine.data.analysis import Analysis
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note


class Phase(StrEnum):
    """The phases of a job."""

    ANALYSIS = "analysis"
    SEARCH = "search"
    ENSEMBLE = "ensemble"
    REFIT = "refit"
    PACKING = "packing"
    DONE = "done"


@dataclass(frozen=True)
class Decision:
    """The next step of a job.

    begin      actions, the most urgent first
    failed     candidates that cannot be begun, and why
    ask_again  when time alone may change the answer, a time.time(); inf if it does not
    """

    phase: Phase
    begin: tuple[Action, ...] = ()
    failed: tuple[CannotBegin, ...] = ()
    ask_again: float = math.inf


def decide(
    request: Request, analysis: Analysis | None, history: History, now: float, room: int
) -> Decision:
    """Return what a job is to do at the moment `now`, a time.time().

    analysis    of its table; None until that has been analysed
    room        how many more actions may be begun
    raises      NoModel if the job is over without one
    """
    if analysis is None:
        return _analysis(history)
    at = Situation(request, analysis, history, now)
    for phase in _PHASES:
        decision = _begun(phase, at, room)
        if decision is not None:
            return decision
    return Decision(Phase.DONE)


def _begun(phase: _Phase, at: Situation, room: int) -> Decision | None:
    """Return what a phase begins; None if it is over."""
    begin: list[Action] = []
    failed: list[CannotBegin] = []
    while len(begin) < room and (found := phase.propose(at)) is not None:
        if isinstance(found, CannotBegin):
            failed.append(found)
            history = at.history.with_failed(found.action, found.reason, at.now)
        else:
            begin.append(found)
            history = at.history.with_asked(found, at.now)
        at = replace(at, history=history)
    is_going_on = at.history.is_busy(*phase.kinds) or (room <= 0 and phase.propose(at) is not None)
    if not is_going_on and not failed:
        return None
    return Decision(phase.name, tuple(begin), tuple(failed), at.fold_count_due)


def _analysis(history: History) -> Decision:
    is_asked = history.has_any(Analyse)
    return Decision(Phase.ANALYSIS, () if is_asked else (Analyse(),))


def _packed(at: Situation) -> Pack | None:
    """Return the packing of the best candidate that is due; None if it was done.

    raises    NoModel if the model could not be packed
    """
    for step in at.history.of(Pack):
        if step.status is Status.FAILED:
            facts = {"index": step.action.index}
            raise NoModel(Note(NoteCode.NOT_PACKABLE, facts, step.failure))
    return None if at.history.has_any(Pack) else packing(at)


@dataclass(frozen=True)
class _Phase:
    """A phase of a job, with the actions that it begins.

    propose    what to begin next; None if there is nothing before something ends
    kinds      of its actions: it is not over while one of them is open
    """

    name: Phase
    propose: Callable[[Situation], Action | CannotBegin | None]
    kinds: tuple[type[Action], ...]


_PHASES = (
    _Phase(Phase.SEARCH, next_of_search, OF_THE_SEARCH),
    _Phase(Phase.ENSEMBLE, next_combination, (BuildEnsemble, TrainBaseline)),
    _Phase(Phase.REFIT, next_refit, (FitOnAllRows, Refit, BuildEnsemble)),
    _Phase(Phase.PACKING, _packed, (Pack,)),
)

__all__ = ["Decision", "NoModel", "Phase", "decide"]
