"""What callers ask of a job, checked."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

from windvane.domain.features import specification
from windvane.domain.problem import (
    MetricName,
    ProblemSpec,
    ProblemType,
    check_fraction,
    check_objective,
    check_uses,
    kept_apart,
)
from windvane.errors import InvalidRequest


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
