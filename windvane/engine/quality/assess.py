"""The quality of a candidate: the two documents of Model Monitor, what pictures are drawn from, and the report, from the
same figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from windvane.domain.problem import ProblemType
from windvane.engine.quality.binary import binary_figures, binary_metrics
from windvane.engine.quality.binary_report import binary_sections
from windvane.engine.quality.constraints import constraints
from windvane.engine.quality.figures import figures_json
from windvane.engine.quality.judged import Judged
from windvane.engine.quality.measured import Measured, engine_figures, measured
from windvane.engine.quality.multiclass import (
    class_figures,
    multiclass_figures,
    multiclass_metrics,
)
from windvane.engine.quality.multiclass_report import multiclass_sections
from windvane.engine.quality.regression import regression_figures, regression_metrics
from windvane.engine.quality.regression_report import regression_sections
from windvane.engine.quality.report import quality_report
from windvane.engine.quality.statistics import Times, statistics
from windvane.engine.reports.document import Report, Section

_Figures = dict[str, Measured]


@dataclass(frozen=True)
class Quality:
    """A model insights report as files.

    statistics    statistics.json, every number in it finite
    constraints   constraints.json, likewise
    figures       figures.json, likewise
    report        for people
    """

    statistics: dict[str, Any]
    constraints: dict[str, Any]
    figures: dict[str, Any]
    report: Report


@dataclass(frozen=True)
class _Findings:
    """The metrics and sections of one problem type.

    figures    those of statistics.json
    metrics    key and value there
    """

    figures: _Figures
    metrics: dict[str, dict[str, Any]]
    sections: list[Section]


def assess(judged: Judged, times: Times) -> Quality:
    """Return everything that is told of a candidate's predictions; n log n in the rows."""
    told = measured(judged, engine_figures)
    findings = _KINDS[judged.problem_type](judged, told)
    return Quality(
        statistics(judged, times, findings.metrics),
        constraints(judged.problem_type, findings.figures),
        figures_json(judged),
        quality_report(judged, told, findings.sections),
    )


def _binary(judged: Judged, told: _Figures) -> _Findings:
    figures = measured(judged, binary_figures)
    metrics = {"binary_classification_metrics": binary_metrics(judged, figures)}
    return _Findings(figures, metrics, binary_sections(judged, told | figures))


def _multiclass(judged: Judged, told: _Figures) -> _Findings:
    figures, of_classes = measured(judged, multiclass_figures), class_figures(judged)
    metrics = {"multiclass_classification_metrics": multiclass_metrics(judged, figures, of_classes)}
    return _Findings(figures, metrics, multiclass_sections(judged, told | figures, of_classes))


def _regression(judged: Judged, told: _Figures) -> _Findings:
    figures = measured(judged, regression_figures)
    metrics = {"regression_metrics": regression_metrics(figures)}
    return _Findings(figures, metrics, regression_sections(judged, told | figures))


_KINDS: dict[ProblemType, Callable[[Judged, _Figures], _Findings]] = {
    ProblemType.BINARY: _binary,
    ProblemType.MULTICLASS: _multiclass,
    ProblemType.REGRESSION: _regression,
}
