"""The candidate pipelines of a table: those that its search begins with, and the ranges that it goes on in."""

from __future__ import annotations

from dataclasses import dataclass, replace

from windvane.engine.candidates import Plan
from windvane.engine.data.analysis import Analysis
from windvane.engine.definitions.record import DefinedJob
from windvane.engine.learners.catalogue import learner
from windvane.engine.learners.space import Dimension, Integer, Space
from windvane.engine.tuning.bounds import bounded
from windvane.engine.tuning.pacing import candidate_s
from windvane.engine.tuning.portfolio import openings_for
from windvane.engine.tuning.rows import rows_to_learn_from
from windvane.engine.tuning.search import propose, space_of


@dataclass(frozen=True)
class Pipeline:
    """A candidate of the notebook.

    title, description
             of its algorithm, in plain words
    ranges   of the hyperparameters that are searched; the others stay as they are
    """

    plan: Plan
    title: str
    description: str
    ranges: Space

    @property
    def name(self) -> str:
        return f"{self.plan.recipe}-{self.plan.algorithm}-{self.plan.index}"


def pipelines(analysis: Analysis, job: DefinedJob) -> tuple[Pipeline, ...]:
    """Return a pipeline for each opening that applies to the table and the job's strategy, in the order of the
    search."""
    strategy = job.strategy
    n_rows = rows_to_learn_from(analysis, candidate_s(job.max_runtime_s, job.max_candidates))
    n_openings = len(openings_for(analysis, strategy))
    plans = (propose(analysis, index + 1, (), strategy) for index in range(n_openings))
    return tuple(_pipeline(analysis, replace(plan, n_rows=n_rows)) for plan in plans)


def _pipeline(analysis: Analysis, plan: Plan) -> Pipeline:
    space = space_of(analysis, plan.algorithm)
    narrowed = {name: _narrowed(analysis, plan, name, space) for name in space}
    card = learner(plan.algorithm)
    return Pipeline(plan, card.title, card.description, narrowed)


def _narrowed(analysis: Analysis, plan: Plan, name: str, space: Space) -> Dimension:
    """Return the range without what makes models larger than the search allows."""
    dimension = space[name]
    if not isinstance(dimension, Integer):
        return dimension
    largest = {**plan.hyperparameters, name: dimension.high}
    allowed = bounded(analysis, plan.algorithm, plan.recipe, largest)[name]
    return replace(dimension, high=max(dimension.low, min(dimension.high, int(allowed))))
