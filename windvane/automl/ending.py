"""What a job does once the search is over: an ensemble, or the baseline if nothing finished; the selection of the model; its
members trained on all rows; its packages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from windvane.automl.actions import (
    Action,
    BuildEnsemble,
    FitOnAllRows,
    Pack,
    Refit,
    TrainBaseline,
    TrainOnFewerRows,
)
from windvane.automl.leaderboard import LeaderboardRow, ranked
from windvane.automl.selection import (
    BestCandidate,
    noted,
    select_best,
    with_optimism,
    with_pessimism,
)
from windvane.automl.situation import Situation
from windvane.automl.steps import Status
from windvane.engine.candidates import BASELINE, baseline_plan, with_latency
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note
from windvane.notes.sentences import sentence

QUICK_S = 1e-3
"""A row may take so long in many a service: if the best candidate takes longer, an ensemble within it is tried too."""

_SMALLEST_ENSEMBLE = 2


class NoModel(Exception):
    """The job has no model.

    note    why
    """

    def __init__(self, note: Note) -> None:
        super().__init__(sentence(note))
        self.note = note


def next_combination(at: Situation) -> Action | None:
    """Return the ensemble or the baseline that is to be made and has not been asked for; None if neither is.

    raises    NoModel
    """
    history = at.history
    index = 1 + max((entry.index for entry in history.entries()), default=0)
    done = [entry for entry in history.entries() if entry.outcome is not None]
    finished = tuple(entry.index for entry in done if entry.algorithm != BASELINE)
    if not done and history.has_any(TrainBaseline):
        _check_baseline(at)
        return None
    if not done:
        return TrainBaseline(baseline_plan(index, at.analysis.seed))
    is_due = at.now < at.request.schedule.packing and len(finished) >= _SMALLEST_ENSEMBLE
    if not is_due or not at.request.has_place_for_ensemble or history.has_any(BuildEnsemble):
        return None
    return BuildEnsemble(index, finished)


def next_refit(at: Situation) -> Action | None:
    """Return what is to be trained on all rows next; None if nothing can be begun before something ends. The members of
    the greatest weight go first; the quick ensemble is made while the last ones are under way."""
    return next(_refits(at), None) if at.now < at.request.schedule.packing else None


def packing(at: Situation) -> Pack:
    """Return how the model that is kept is packed."""
    order = ranked(at.history.entries(), at.analysis.objective)
    best = select_best(order, at.request.max_latency_s)
    first = order[0].outcome
    is_picked = best.index == order[0].index and first is not None and first.optimism is None
    among = tuple(sorted(one.index for one in order if one.outcome is not None))
    has_fewer = any(s.status is Status.DONE for s in at.history.of(TrainOnFewerRows))
    return Pack(best.index, at.history.refitted, among if is_picked else (), has_fewer)


def final_leaderboard(at: Situation) -> tuple[list[LeaderboardRow], BestCandidate]:
    """Return the leaderboard of a job whose packages are made, best first, and what was chosen."""
    history = at.history
    judged = history.of(Pack)[-1].result.judged
    order = ranked(history.entries(), at.analysis.objective)
    best = select_best(order, at.request.max_latency_s)
    refits = {step.action.index: step.result.outcome for step in history.of(Refit)}
    order = [replace(one, outcome=refits.get(one.index) or one.outcome) for one in order]
    order = with_pessimism(with_optimism(order, judged.optimism), judged.pessimism)
    order = [_measured(entry, best, judged.latency_s) for entry in order]
    return [noted(entry, best) for entry in order], best


def _check_baseline(at: Situation) -> None:
    """Check that the baseline has not failed.

    raises    NoModel
    """
    for step in at.history.of(TrainBaseline):
        if step.status is Status.FAILED:
            raise NoModel(Note(NoteCode.NO_MODEL, because=step.failure))


def _refits(at: Situation) -> Iterator[Action]:
    history = at.history
    order = ranked(_without_quick(at), at.analysis.objective)
    members = _members(at, order)
    recipes = dict.fromkeys(member.recipe for member in members)
    missing = [recipe for recipe in recipes if not at.is_fitted_on_all_rows(recipe)]
    yield from _unasked(at, [FitOnAllRows(recipe) for recipe in missing])
    ready = [member for member in members if member.recipe not in missing]
    yield from _unasked(at, ready)
    are_recipes_open = history.is_busy(FitOnAllRows)
    quick = _quick_ensemble(at, order)
    if quick is not None and not are_recipes_open:
        yield from _unasked(at, [quick])


def _unasked(
    at: Situation, actions: list[Refit] | list[FitOnAllRows] | list[BuildEnsemble]
) -> Iterator[Action]:
    asked = {step.action.key for step in at.history.steps}
    return (action for action in actions if action.key not in asked)


def _without_quick(at: Situation) -> list[LeaderboardRow]:
    quick = {step.action.index for step in at.history.of(BuildEnsemble) if step.action.is_quick}
    return [entry for entry in at.history.entries() if entry.index not in quick]


def _members(at: Situation, order: list[LeaderboardRow]) -> list[Refit]:
    """Return the members of what was chosen that learn from features, by weight; none if the long run is among them."""
    best = select_best(order, at.request.max_latency_s)
    outcome = next(entry.outcome for entry in order if entry.index == best.index)
    if outcome is None:
        return []
    weights = outcome.members or {best.index: 1.0}
    long_run = at.history.long_run
    if long_run is not None and long_run.action.plan.index in weights:
        return []  # it has learnt from all rows but those that are scored, and there is no time for as much again
    by_weight = sorted(weights, key=lambda index: (-weights[index], index))
    plans = at.history.plans
    return [Refit(index, plans[index].recipe) for index in by_weight if plans[index].recipe]


def _quick_ensemble(at: Situation, order: list[LeaderboardRow]) -> BuildEnsemble | None:
    """Return the quick ensemble of the first candidate's members, if that candidate takes longer than QUICK_S. Latencies are
    measured: where the number of candidates is given, the same leaderboard is to come out each time, and there is none."""
    best, request = order[0].outcome, at.request
    if request.max_latency_s is not None or request.max_candidates is not None:
        return None
    if best is None or len(best.members) < _SMALLEST_ENSEMBLE or best.latency_s <= QUICK_S:
        return None
    return BuildEnsemble(1 + max(one.index for one in order), tuple(best.members), is_quick=True)


def _measured(
    entry: LeaderboardRow, best: BestCandidate, latency_s: float | None
) -> LeaderboardRow:
    """Return the entry; that of the chosen candidate with the latency of its packages, if it was measured."""
    if entry.index != best.index or entry.outcome is None or latency_s is None:
        return entry
    return replace(entry, outcome=with_latency(entry.outcome, latency_s))
