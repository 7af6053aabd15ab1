"""What a saved model says of the arguments that it was made with, beside its analysis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windvane.domain.problem import ProblemSpec
from windvane.engine.data.analysis import Analysis


def saved_problem(problem: ProblemSpec) -> dict[str, Any]:
    """Return what the analysis of a table does not say of the problem, JSON."""
    return {
        "features": problem.features.names,
        "feature_types": problem.features.types,
        "validation_fraction": problem.validation_fraction,
        "time_column": problem.time_column,
        "group_column": problem.group_column,
    }


def arguments_of(analysis: Analysis, about: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of AutoML, by name.

    about     of the manifest
    raises    KeyError, TypeError or ValueError if it is not what a model says of itself
    """
    return {
        "target": analysis.target,
        "problem_type": analysis.problem_type,
        "objective": analysis.objective,
        "max_runtime_s": float(about["max_runtime_s"]),
        "max_candidates": about["max_candidates"],
        "seed": analysis.seed,
        "max_latency_ms": about.get("max_latency_ms"),
        "calibrate": analysis.calibrate,
        "tune_threshold": analysis.tune_threshold,
        "sample_weight": analysis.sample_weight,
        "monotone": analysis.monotone,
        "features": about.get("features"),
        "feature_types": about.get("feature_types"),
        "validation_fraction": about.get("validation_fraction"),
        "time_column": about.get("time_column"),
        "group_column": about.get("group_column"),
    }
