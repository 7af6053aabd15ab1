"""What workers are for, and what is loaded before their first task."""

from __future__ import annotations

from enum import StrEnum

from windvane.domain.task import TaskKind
from windvane.engine.learners.extras import CATBOOST, is_installed

_SHORT = tuple(kind for kind in TaskKind if kind.is_express)
_LONG = tuple(kind for kind in TaskKind if kind.is_training)
_ASIDE = tuple(kind for kind in TaskKind if kind.is_aside)

ALL_KINDS = tuple(TaskKind)

LIBRARY = "windvane.work.workers.performing"
"""The module that does tasks."""

FIRST_LIBRARIES = (LIBRARY, "duckdb")
"""Modules without which no table is read: loaded before any fork."""

LIBRARIES = (
    "scipy.sparse",
    "lightgbm",
    "sklearn.ensemble",
    "scipy.optimize",
    "matplotlib.figure",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "reportlab.platypus",
    "xgboost",
    *((CATBOOST,) if is_installed(CATBOOST) else ()),
    "matplotlib.font_manager",  # its list of fonts lies where no task reaches
    "windvane.engine.reports.fonts",
)
"""Modules that tasks import when they need them, in the order in which a job does: loaded once, when there is work. A task
that begins before that loads them itself."""


class Role(StrEnum):
    """EXPRESS workers do what holds up a whole job, and then what may be done beside it; TRAIN workers train and do step
    jobs, and help when there is nothing of either."""

    EXPRESS = "express"
    TRAIN = "train"

    @property
    def turns(self) -> tuple[tuple[TaskKind, ...], ...]:
        """Kinds of tasks to look for, the first group first."""
        if self is Role.EXPRESS:
            return (_SHORT, _ASIDE)
        return ((*_LONG, TaskKind.STEP), _SHORT, _ASIDE)

    @property
    def kinds(self) -> tuple[TaskKind, ...]:
        """Return all kinds of tasks to look for."""
        return tuple(kind for kinds in self.turns for kind in kinds)
