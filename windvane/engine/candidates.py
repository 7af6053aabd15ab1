"""What the search proposes and what trying it brings: plain values that survive JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from windvane.domain.problem import MetricName
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note


@dataclass(frozen=True)
class Plan:
    """A pipeline to be tried.

    index   1, 2, 3 ... in the order of proposal; 0 for the first look (engine/tuning/first_look.py)
    recipe  name of a feature recipe of features/cards.py, e.g. 'dpp0'
    seed    of everything random in this candidate's training
    why     why it is tried, in plain words
    n_rows  that a fold's model learns from, drawn by lot; None for all
    stops   of an outcome: training that time ended is repeated as far as it went; {} lets it run to its end
    """

    index: int
    recipe: str
    algorithm: str
    hyperparameters: dict[str, Any]
    seed: int
    why: str = ""
    n_rows: int | None = None
    stops: dict[str, int] = field(default_factory=dict)


BASELINE = "baseline"
"""The algorithm of the model that always predicts the same."""


def baseline_plan(index: int, seed: int) -> Plan:
    """Return the plan of the baseline, which looks at no column."""
    return Plan(index, "", BASELINE, {}, seed, "reference: ignores all columns")


@dataclass(frozen=True)
class Tried:
    """A plan and how it went; objective is None if it failed, took_s the wall clock it used, 0 if it could not be begun."""

    plan: Plan
    objective: float | None
    took_s: float

    @property
    def is_unbegun(self) -> bool:
        return self.objective is None and self.took_s == 0


@dataclass(frozen=True)
class Score:
    """One metric on rows that were not trained on; higher_is_better is in the metric's name."""

    metric: MetricName
    value: float
    standard_error: float | None = None


REFIT_ROWS = "rows"
"""In `stops`: of the rows that the refit might have learnt from, as many as time left it."""

SAMPLE_ROWS = "sample"
"""In `stops`: as many rows of its sample as a fold's model learnt from, because more did not help. Not in it where they would
have, or nobody knows."""


@dataclass(frozen=True)
class Outcome:
    """A finished candidate.

    objective      the job's objective on out-of-fold (or hold-out) rows
    scores         every metric of the problem type, same rows, the objective among them
    train_scores   the same on the rows it was trained on; of an ensemble, whose scores are by weights that were fitted
                   without the rows scored, by the weights it has
    fit_s          wall clock of training, folds and refit together
    latency_s      median seconds for one row through transformers and model
    size_bytes     of the saved model
    folds_used     folds that finished; fewer than planned if time ran out
    notes          what is worth knowing of its training
    members        candidate index -> weight, for an ensemble
    stops          where time ended training: name of a fit (outcomes.fold_fit, FULL_FIT) -> how often its learner had
                   asked its clock by then; REFIT_ROWS and SAMPLE_ROWS. What ran to its end, or was not begun, is not in it
    optimism       by how much the objective is expected to be worse on new rows because this candidate was picked
                   as the best by it; >= 0. None for candidates that were not picked
    second_layer   how an ensemble's second layer was fitted (engine/ensembles/stacking.py, `Stacking`); {} without one
    pessimism      by how much it is expected to be better because the model that answers learns from all rows and those
                   that were scored from fewer; >= 0. None if that was not found out
    """

    index: int
    objective: float
    scores: tuple[Score, ...]
    fit_s: float
    latency_s: float
    size_bytes: int
    folds_used: int
    train_scores: tuple[Score, ...] = ()
    notes: tuple[Note, ...] = ()
    members: dict[int, float] = field(default_factory=dict)
    stops: dict[str, int] = field(default_factory=dict)
    optimism: float | None = None
    pessimism: float | None = None
    second_layer: dict[str, Any] = field(default_factory=dict)

    def ranked_by(self, objective: MetricName) -> float:
        """Return the value of the objective that decides the order of the leaderboard. An ensemble's is by the weights it
        has, which were picked by it, as the hyperparameters of every other candidate were."""
        if self.members:
            for one in self.train_scores:
                if one.metric is objective:
                    return one.value
        return self.objective

    @property
    def is_cut_short(self) -> bool:
        """Whether time ended the training of a fold."""
        return any(note.has(NoteCode.CUT_SHORT) for note in self.notes)


def sample_of(plan: Plan, stops: Mapping[str, int]) -> int | None:
    """Return how many rows a fold's model learns from, drawn by lot; None for all.

    stops    of the plan's outcome
    """
    return stops.get(SAMPLE_ROWS, plan.n_rows)


def with_latency(outcome: Outcome, latency_s: float) -> Outcome:
    """Return the outcome of an ensemble whose latency was measured through its packages, not added up from its members'."""
    notes = tuple(note for note in outcome.notes if not note.has(NoteCode.LATENCY_ADDED))
    return replace(outcome, latency_s=latency_s, notes=notes)


def with_optimism(outcome: Outcome, found: float | None, among: Iterable[Outcome]) -> Outcome:
    """Return the outcome of a picked candidate, with what picking it did to its score; as it is if that is None or known.

    among    all that it was picked from, itself included
    """
    if found is None or outcome.optimism is not None:
        return outcome
    if found == 0:
        return replace(outcome, optimism=found)
    n_candidates = sum(one.folds_used == outcome.folds_used for one in among)
    note = Note(NoteCode.WINNERS_CURSE, {"n_candidates": n_candidates, "by": found})
    return replace(outcome, optimism=found, notes=(*outcome.notes, note))
