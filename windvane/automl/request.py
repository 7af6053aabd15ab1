"""What a job is asked for, as far as it decides how the job goes, and when its parts must be over."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, replace
from enum import StrEnum

from windvane.engine.tuning.pacing import has_place_for_ensemble
from windvane.engine.tuning.strategy import ANYTHING, Strategy

_RESERVE_PART, _MOST_RESERVE_SHARE = 1.5, 0.3
"""Of what the analysis took, and at most of the job's time: kept free after the search."""


@dataclass(frozen=True)
class Schedule:
    """Points in time of one job, each a time.time().

    started      the job's time counts from here
    search_end   candidates are over, and there is time left to train the members of the model on all rows
    packing      so are the ensemble and the models of all rows; what is left is for the packages
    deadline     everything is over
    """

    started: float
    search_end: float
    packing: float
    deadline: float

    @property
    def runtime_s(self) -> float:
        """Seconds that the job has."""
        return self.deadline - self.started

    def after_analysis(self, analysis_s: float) -> Schedule:
        """Return it with enough time at the end for a machine on which the analysis took so long, of a million rows at most: as busy
        as it is, combining and packing take as many times longer as that did."""
        most_s = _MOST_RESERVE_SHARE * self.runtime_s
        wanted_s = min(_RESERVE_PART * analysis_s, most_s)
        reserve_s = max(self.deadline - self.search_end, wanted_s)
        return replace(
            self,
            search_end=self.deadline - reserve_s,
            packing=min(self.packing, self.deadline - reserve_s / 2),
        )


class OnAllRows(StrEnum):
    """The models that learn from all rows during the search. Members of the model do so at its end in any case.

    NOTHING      neither recipes nor candidates
    RECIPES      each recipe, together with its first fold: its transformers are handed out
    CANDIDATES   recipes, and each candidate once it is scored: it answers behind transformers that others answer behind, too
    """

    NOTHING = "nothing"
    RECIPES = "recipes"
    CANDIDATES = "candidates"


@dataclass(frozen=True)
class DataParallel:
    """When one model is trained by several nodes, each with a share of the rows.

    rows     of a table, at least; 0 if it never is
    nodes    at most
    """

    rows: int = 0
    nodes: int = 1

    @property
    def is_on(self) -> bool:
        return self.rows > 0 and self.nodes > 1


ONE_NODE = DataParallel()


@dataclass(frozen=True)
class Request:
    """The request for a search.

    max_candidates   pipelines and ensembles together; None for as many as time allows
    max_latency_s    of a row, of the model that is kept; None for as long as it takes
    workers          actions at once
    most_candidates  that a job may have, of those for which no number was asked
    max_candidate_s  seconds that the training of a candidate may take
    on_all_rows      what learns from all rows before the end
    said_within_s    seconds within which the driver knows what a candidate says while it is trained
    most_cores       that one action may keep busy
    data_parallel    when the long run is trained by several nodes
    """

    schedule: Schedule
    max_candidates: int | None = None
    max_latency_s: float | None = None
    workers: int = 1
    strategy: Strategy = ANYTHING
    most_candidates: int = sys.maxsize
    max_candidate_s: float = math.inf
    on_all_rows: OnAllRows = OnAllRows.NOTHING
    said_within_s: float = 0.5
    most_cores: int = sys.maxsize
    data_parallel: DataParallel = ONE_NODE

    @property
    def cores(self) -> int:
        """Cores of an action that runs while no other one does."""
        return min(self.workers, self.most_cores)

    @property
    def has_place_for_ensemble(self) -> bool:
        """Whether one of the candidates may be an ensemble."""
        return has_place_for_ensemble(self.max_candidates, self.strategy)
