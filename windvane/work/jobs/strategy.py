"""How the search of a job goes, from what its request says."""

from __future__ import annotations

from windvane.domain.job import AutoMLJob
from windvane.engine.tuning.strategy import Strategy


def strategy_of(job: AutoMLJob) -> Strategy:
    return Strategy(job.mode, job.spec.search.algorithms)
