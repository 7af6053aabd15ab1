"""The search of a job: proposes plans, fits the recipes they need to folds, trains them side by side until time or
candidates run out."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from windvane.automl.local.bounds import Bounds
from windvane.automl.local.crew import Crew
from windvane.automl.local.fold_count import FIRST, FoldCount
from windvane.automl.local.job import Entry, Job, ranked
from windvane.automl.local.prospects import Prospects
from windvane.automl.local.recipebook import Features, Fitting, RecipeBook
from windvane.automl.local.telling import Teller
from windvane.engine import stages
from windvane.engine.candidates import Outcome, Plan, Tried
from windvane.engine.data.dataset import Dataset
from windvane.engine.outcomes import read_candidate
from windvane.engine.training.matrices import fold_fits
from windvane.engine.training.trial import TrainLimits
from windvane.engine.tuning.first_look import first_look
from windvane.engine.tuning.pacing import (
    candidate_s,
    has_place_for_ensemble,
    is_in_vain,
    next_plan,
    refit_s,
)
from windvane.engine.tuning.rows import fewer_rows, rows_to_learn_from
from windvane.engine.tuning.search import LOOKBACK, recipes_for, rival
from windvane.process.child import Ending, Exit

_LEAST_USEFUL_SHARE = 0.02
_LEAST_USEFUL_S = 0.5
_KILL_GRACE_S = 0.4


_LONG_S = 20.0
"""A search of so many seconds has the time for what pays in the long run alone."""

_CURVE_SHARE = 0.04
"""Of a long search, for learning from fewer rows how much more rows help."""


@dataclass(frozen=True)
class Fewer:
    """The work of training the first candidate again, on fewer rows.

    n_folds   it is scored on: one tells enough, but predictions of several divisions are compared with such alone
    """

    plan: Plan
    n_folds: int


@dataclass(frozen=True)
class Look:
    """The work of a first look."""

    plan: Plan


Work = Plan | Features | Fewer | Look


class Hunt:
    """One search. `run` once, then read `entries` and `recipes`.

    has_fewer    whether `job.fewer` is there
    make_ready   called with an algorithm's name in the process that is to train with it, and before that in this one, of
                 which it is a fork, if the search is long: here nothing else can begin meanwhile
    """

    def __init__(
        self,
        job: Job,
        table: Dataset,
        teller: Teller,
        make_ready: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.entries: list[Entry] = []
        self.has_fewer = False
        self.ended = "runtime"
        self._job, self._analysis, self._teller = job, table.analysis, teller
        self._make_ready = make_ready
        self._search_s = job.search_end - time.time()
        self._is_long = self._search_s >= _LONG_S
        self._crew: Crew[Work] = Crew(job.threads, job.memory_mb // job.threads)
        self._book = RecipeBook()
        self._tried: dict[int, Tried] = {}
        self._prospects = Prospects(table, has_ensemble=job.strategy.has_ensemble)
        self._began: dict[int, float] = {}
        self._next_index = 1
        self._next_plan: Plan | None = None
        self._under_way: set[int] = set()
        self._fewer: Fewer | None = None
        self._look = self._first_look()
        self._folds = FoldCount(self._analysis, job.out / ".folds")
        self._bounds = Bounds(job, self._analysis, self._search_s, self._folds)

    def run(self) -> None:
        """Until no further candidate is to be tried and none is under way."""
        try:
            while True:
                while self._crew.has_room and (work := self._next_work()) is not None:
                    self._start(work)
                if self._crew.is_idle:
                    return
                if (found := self._crew.ended_unless(self._folds.has_become_known)) is not None:
                    self._ended(*found)
        finally:
            self._crew.stop()
            self._folds.end()
            self._remove_unfinished()

    def _ended(self, work: Work, ended: Exit) -> None:
        if isinstance(work, Features):
            self._book.end(work, ended)
        elif isinstance(work, Fewer):
            self.has_fewer = ended.ending is Ending.FINISHED
        elif isinstance(work, Look):
            self._looked(work.plan, ended)
        else:
            self._trained(work, ended)

    @property
    def recipes(self) -> Mapping[str, Path]:
        """The folders of the recipes that were fitted."""
        return {name: self._folder_of(name) for name in self._book.fitted}

    def _next_work(self) -> Work | None:
        """What to start now; None if nothing can be started before something ends."""
        if self._fewer is not None:
            fewer, self._fewer = self._fewer, None
            return fewer
        if self._look is not None and self._book.state(self._look.plan.recipe, 1) is Fitting.READY:
            look, self._look = self._look, None
            return look
        while (plan := self._upcoming()) is not None:
            state = self._book.state(plan.recipe, self._n_fits())
            if state is Fitting.READY and not self._may_begin(plan):
                return self._other_features()
            if state is Fitting.READY:
                self._take(plan)
                return plan
            if state is None:
                return self._features(plan.recipe)
            if state is Fitting.UNDER_WAY:
                return self._other_features()
            self._take(plan)
            self._failed(plan, self._book.reason(plan.recipe))
        return None

    def _may_begin(self, plan: Plan) -> bool:
        """Not before it is plain what it is compared on, and with whom if that may end it early."""
        if self._job.strategy.gives_up_early and FIRST not in self._tried:
            return plan.index == FIRST
        return plan.index == FIRST or self._folds.known is not None

    def _n_fits(self) -> int:
        """Of a recipe, that candidates need."""
        return self._folds.known or 1

    def _upcoming(self) -> Plan | None:
        """The next plan worth starting, if its turn has come."""
        if self._next_plan is None and self._may_propose():
            self._next_plan = next_plan(
                self._analysis,
                self._next_index,
                self._n_pipelines(),
                self._known(),
                self._left_s(),
                candidate_s(self._search_s, self._job.max_candidates),
                self._job.strategy,
            )
        return self._next_plan if self._has_useful_time() else None

    def _known(self) -> list[Tried]:
        return [self._tried[index] for index in sorted(self._tried)]

    def _may_propose(self) -> bool:
        index = self._next_index
        if index > self._n_pipelines():
            self.ended = "candidates"
            return False
        if not self._has_useful_time() or is_in_vain(self._known()):
            return False
        return index < min(self._under_way, default=index) + LOOKBACK

    def _n_pipelines(self) -> int:
        most = self._job.max_candidates
        if most is None:
            return sys.maxsize
        return most - 1 if has_place_for_ensemble(most, self._job.strategy) else most

    def _has_useful_time(self) -> bool:
        least_s = max(_LEAST_USEFUL_S, _LEAST_USEFUL_SHARE * self._job.max_runtime_s)
        return self._left_s() > least_s

    def _left_s(self) -> float:
        """Until no candidate is to be under way: the likely members of the ensemble are then refitted."""
        job, prospects = self._job, self._prospects
        models_s = refit_s(prospects.refits_s, job.threads, job.max_runtime_s)
        return job.search_end - self._book.fit_s(prospects.recipes) - models_s - time.time()

    def _take(self, plan: Plan) -> None:
        self._next_plan = None
        self._next_index = plan.index + 1

    def _other_features(self) -> Features | None:
        name = self._book.unknown(recipes_for(self._analysis, self._job.strategy))
        return None if name is None else self._features(name)

    def _features(self, recipe: str) -> Features:
        return Features(recipe, self._n_fits())

    def _start(self, work: Work) -> None:
        if isinstance(work, Features):
            self._start_features(work)
        elif isinstance(work, Fewer):
            self._start_fewer(work)
        elif isinstance(work, Look):
            self._start_look(work)
        else:
            self._start_training(work)

    def _start_features(self, work: Features) -> None:
        dataset, into = self._job.dataset, self._folder_of(work.recipe)
        self._book.begin(work)
        self._crew.start(
            work,
            lambda: stages.fit_features(dataset, work.recipe, into, fold_fits(work.n_fits)),
            self._job.search_end,
        )

    def _start_training(self, plan: Plan) -> None:
        if self._is_long:
            self._make_ready(plan.algorithm)
        limits = self._bounds.of_candidate(plan.index, self._left_s(), self._rival(plan.index))
        self._under_way.add(plan.index)
        self._begin(plan)
        if plan.index == FIRST:
            self._folds.first_begins(limits.folds.further_s)
        into = self._job.candidate(plan.index)
        self._train(plan, plan, limits, into, self._job.search_end + _KILL_GRACE_S)

    def _start_fewer(self, fewer: Fewer) -> None:
        limits, until = self._bounds.of_fewer(fewer.n_folds), _CURVE_SHARE * self._search_s
        self._train(fewer, fewer.plan, limits, self._job.fewer, time.time() + until)

    def _start_look(self, look: Look) -> None:
        plan, job = look.plan, self._job
        self._begin(plan)
        into = job.candidate(plan.index)
        self._train(look, plan, self._bounds.of_look(), into, job.search_end)

    def _train(
        self, work: Work, plan: Plan, limits: TrainLimits, into: Path, kill_at: float
    ) -> None:
        dataset, features = self._job.dataset, self._folder_of(plan.recipe)

        def train() -> None:
            self._make_ready(plan.algorithm)
            stages.cross_validate(dataset, features, plan, limits, into)

        self._crew.start(work, train, kill_at)

    def _begin(self, plan: Plan) -> None:
        self._began[plan.index] = time.time()
        self._teller.tell("candidate", state="started", index=plan.index, algorithm=plan.algorithm)

    def _rival(self, index: int) -> Path | None:
        if not self._job.strategy.gives_up_early:
            return None
        found = rival(self._analysis, index, self._known())
        return None if found is None else self._job.candidate(found)

    def _first_look(self) -> Look | None:
        """None where the candidates that are asked for are counted."""
        if self._job.max_candidates is not None:
            return None
        n_rows = rows_to_learn_from(self._analysis, candidate_s(self._search_s, None))
        return Look(first_look(self._analysis, n_rows, self._job.strategy))

    def _trained(self, plan: Plan, ended: Exit) -> None:
        self._under_way.remove(plan.index)
        if ended.ending is not Ending.FINISHED:
            self._failed(plan, ended.text)
            return
        record = read_candidate(self._job.candidate(plan.index))
        took_s = time.time() - self._began[plan.index]
        self._tried[plan.index] = Tried(plan, record.outcome.objective, took_s)
        if plan.index == FIRST:
            self._first_ended(plan, record.outcome)
        entry = self._finished(plan, record.outcome)
        self._prospects.add(entry, record, self._job.candidate(plan.index))

    def _first_ended(self, plan: Plan, outcome: Outcome) -> None:
        self._folds.first_ended()
        n_rows = fewer_rows(self._analysis, plan)
        if n_rows is not None and self._is_long:
            is_repeated = outcome.folds_used > self._analysis.n_folds
            n_folds = outcome.folds_used if is_repeated else 1
            self._fewer = Fewer(replace(plan, n_rows=n_rows), n_folds)

    def _failed(self, plan: Plan, reason: str) -> None:
        took_s = time.time() - self._began.get(plan.index, time.time())
        self._tried[plan.index] = Tried(plan, None, took_s)
        if plan.index == FIRST:
            self._folds.first_ended()
        self._unfinished(plan, reason)

    def _looked(self, plan: Plan, ended: Exit) -> None:
        if ended.ending is Ending.FINISHED:
            self._finished(plan, read_candidate(self._job.candidate(plan.index)).outcome)
        else:
            self._unfinished(plan, ended.text)

    def _finished(self, plan: Plan, outcome: Outcome) -> Entry:
        entry = Entry(plan.index, plan.algorithm, plan, outcome)
        self.entries.append(entry)
        objective = self._analysis.objective
        scores = {score.metric: score for score in outcome.scores}
        self._teller.tell(
            "candidate",
            state="finished",
            index=plan.index,
            algorithm=plan.algorithm,
            objective=outcome.objective,
            standard_error=scores[objective].standard_error,
            fit_s=round(outcome.fit_s, 3),
            best=ranked(self.entries, objective)[0].index,
        )
        return entry

    def _unfinished(self, plan: Plan, reason: str) -> None:
        self.entries.append(Entry(plan.index, plan.algorithm, plan, None, reason))
        self._teller.tell(
            "candidate", state="failed", index=plan.index, algorithm=plan.algorithm, reason=reason
        )

    def _remove_unfinished(self) -> None:
        """What killed children were about to write (stages write into hidden folders first)."""
        for folder in self._job.out.glob("*/.*-*"):
            shutil.rmtree(folder)

    def _folder_of(self, recipe: str) -> Path:
        return self._job.out / "features" / recipe
