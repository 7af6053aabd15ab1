"""What callers ask of a job, checked."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

from windvane.domain.features import specification
from windvane.domain.problem import (
    MetricName,
    Mode,
    ProblemSpec,
    ProblemType,
    check_fraction,
    check_objective,
    check_uses,
    kept_apart,
)
from windvane.engine.learners.catalogue import LEARNERS, availability
from windvane.engine.learners.monotone import KEEPING
from windvane.engine.tuning.strategy import Strategy
from windvane.errors import InvalidRequest

_MODES = (Mode.ENSEMBLING, Mode.TUNING)
_SEARCHED = tuple(card.name for card in LEARNERS if any(card.recipes))
"""Algorithms of pipelines: those that take features."""


def problem_of(
    target: str,
    problem_type: str | None,
    objective: str | None,
    seed: int,
    calibrate: bool,
    tune_threshold: bool,
    sample_weight: str | None,
    monotone: Mapping[str, int],
    features: Sequence[str] | None = None,
    feature_types: Mapping[str, str] | None = None,
    validation_fraction: float | None = None,
) -> ProblemSpec:
    """raises    InvalidRequest for a name that is unknown, or what does not fit the problem type"""
    kind = _named(ProblemType, "problem_type", problem_type)
    metric = _named(MetricName, "objective", objective)
    if kind is not None and metric is not None:
        check_objective(kind, metric)
    check_uses(target, kind, sample_weight, monotone)
    check_fraction(validation_fraction)
    apart = kept_apart(str(target), sample_weight)
    return ProblemSpec(
        str(target),
        kind,
        metric,
        seed,
        calibrate,
        tune_threshold,
        sample_weight,
        monotone,
        specification(
            None if features is None else _names(features),
            {str(column): kind for column, kind in (feature_types or {}).items()},
            apart,
        ),
        validation_fraction,
    )


def strategy_of(
    mode: str | None, algorithms: Sequence[str] | None, monotone: Mapping[str, int]
) -> Strategy:
    """raises    InvalidRequest for a name that is unknown, an algorithm that is not installed, or one that cannot keep
    answers monotone where that is asked for
    """
    if mode is not None and mode not in _MODES:
        raise InvalidRequest(f"mode is '{mode}'; choose one of: {', '.join(_MODES)}.")
    if isinstance(algorithms, str):
        raise InvalidRequest(f"algorithms is '{algorithms}'; it must be a list of names.")
    chosen = tuple(dict.fromkeys(algorithms or ()))
    choices = [name for name in _SEARCHED if not availability(name)]
    if monotone:
        choices = [name for name in choices if name in KEEPING]
    for name in chosen:
        if name not in choices:
            reason = availability(name) or (
                "it cannot keep answers monotone."
                if monotone
                else "it is no algorithm of pipelines."
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


def _named(enum: type[_Enum], parameter: str, name: str | None) -> _Enum | None:
    if name is None:
        return None
    if name not in set(enum):
        raise InvalidRequest(f"{parameter} is '{name}'; choose one of: {', '.join(enum)}.")
    return enum(name)


def check_at_least(parameter: str, value: float | None, least: int) -> None:
    """raises    InvalidRequest if it is below; None is any value"""
    if value is not None and not value >= least:
        raise InvalidRequest(f"{parameter} is {value}; it must be at least {least}.")


def machine_mb() -> int:
    """Memory of this machine in MiB."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 1024**2
