"""What callers ask of a job, checked."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

from windvane.domain.features import FeatureSpecification, specification
from windvane.domain.problem import (
    Mode,
    ProblemSpec,
    check_fraction,
    check_objective,
    check_split,
    check_uses,
)
from windvane.engine.learners.catalogue import LEARNERS, MONOTONE, availability
from windvane.engine.tuning.strategy import Strategy
from windvane.errors import InvalidRequest

_MODES = (Mode.ENSEMBLING, Mode.TUNING)
_SEARCHED = tuple(card.name for card in LEARNERS if any(card.recipes))
"""Algorithms of pipelines: those that take features."""


def checked(problem: ProblemSpec) -> ProblemSpec:
    """Return a problem whose parts fit together.

    raises    InvalidRequest for what does not fit the problem type, or another part
    """
    if problem.problem_type is not None and problem.objective is not None:
        check_objective(problem.problem_type, problem.objective)
    check_uses(problem.target, problem.problem_type, problem.sample_weight, problem.monotone)
    check_fraction(problem.validation_fraction)
    check_split(problem)
    return problem


def features_of(
    names: Sequence[str] | None, types: Mapping[str, str] | None, apart: Mapping[str, str]
) -> FeatureSpecification:
    """Return which columns are learnt from, and as what.

    apart     columns that cannot be features -> what they are
    raises    InvalidRequest for a type that is unknown, or a column that cannot be a feature
    """
    chosen = None if names is None else _names(names)
    given = {str(column): kind for column, kind in (types or {}).items()}
    return specification(chosen, given, apart)


def strategy_of(
    mode: str | None, algorithms: Sequence[str] | None, monotone: Mapping[str, int]
) -> Strategy:
    """Return the strategy that the arguments of `AutoML` ask for.

    raises    InvalidRequest for a name that is unknown, an algorithm that is not installed, or one that cannot keep
    answers monotone where that is asked for
    """
    if mode is not None and mode not in _MODES:
        raise InvalidRequest(f"mode is '{mode}'; choose one of: {', '.join(_MODES)}.")
    if isinstance(algorithms, str):
        raise InvalidRequest(f"algorithms is '{algorithms}'; it must be a list of names.")
    chosen = tuple(dict.fromkeys(algorithms or ()))
    choices = [name for name in _SEARCHED if not availability(name)]
    if monotone:
        choices = [name for name in choices if name in MONOTONE]
    for name in chosen:
        if name not in choices:
            reason = availability(name) or (
                "it does not support monotone constraints."
                if monotone
                else "it is not an algorithm of pipelines."
            )
            raise InvalidRequest(
                f"algorithms names '{name}': {reason} Choose from: {', '.join(choices)}."
            )
    return Strategy(Mode(mode) if mode else Mode.AUTO, chosen)


def _names(features: Sequence[str]) -> list[str]:
    if isinstance(features, str):
        raise InvalidRequest(f"features is '{features}'; it must be a list of names of columns.")
    return [str(column) for column in features]


_Enum = TypeVar("_Enum", bound=StrEnum)


def named(
    enum: type[_Enum], parameter: str, name: str | None, choices: Collection[_Enum] = ()
) -> _Enum | None:
    """Return the member of this name; None for None.

    choices   members that may be named; () for all
    raises    InvalidRequest for another name
    """
    if name is None:
        return None
    known = choices or tuple(enum)
    if name not in known:
        raise InvalidRequest(f"{parameter} is '{name}'; choose one of: {', '.join(known)}.")
    return enum(name)


def check_at_least(parameter: str, value: float | None, least: int) -> None:
    """Check that a parameter is at least as large as it must be.

    raises    InvalidRequest if it is below; None is any value
    """
    if value is not None and not value >= least:
        raise InvalidRequest(f"{parameter} is {value}; it must be at least {least}.")


def check_budget(
    max_runtime_s: float,
    max_candidates: int | None,
    threads: int | None,
    memory_mb: int | None,
    max_latency_ms: float | None,
) -> None:
    """Check the limits of time, candidates, threads, memory and latency.

    raises    InvalidRequest for a number out of range; None is any value
    """
    check_at_least("max_runtime_s", max_runtime_s, 1)
    check_at_least("max_candidates", max_candidates, 1)
    check_at_least("threads", threads, 1)
    check_at_least("memory_mb", memory_mb, 256)
    if max_latency_ms is not None and not max_latency_ms > 0:
        raise InvalidRequest(f"max_latency_ms is {max_latency_ms}; it must be above 0.")


def machine_mb() -> int:
    """Memory of this machine in MiB."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 1024**2
