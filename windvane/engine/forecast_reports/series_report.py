"""The data exploration report of a forecasting job: what there is to see in series before anything is learned from them.

The folder that the stage `prepare` writes is all that is needed. What is looked at series by series is taken from a sample of very
many, and the report says so.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from windvane.domain.forecasting import FillMethod, ForecastSpec
from windvane.engine.data.analysis import Finding
from windvane.engine.forecast_reports.nature import Natures, natures_of
from windvane.engine.forecast_reports.series_sections import (
    all_together,
    covariates,
    demand,
    examples,
    missing,
    seasons,
    strengths,
)
from windvane.engine.forecast_reports.times import moment, step_name
from windvane.engine.forecasting.prepared import PreparedSeries, read_prepared
from windvane.engine.reports.document import Block, Notice, Report, Section, Severity, Table, Text
from windvane.engine.reports.labels import seen
from windvane.wording import counted, listed, percent

_AGGREGATIONS = {
    "sum": "added up",
    "avg": "averaged",
    "first": "replaced by their first row",
    "min": "replaced by their minimum",
    "max": "replaced by their maximum",
}
_FILLS = {
    FillMethod.ZERO: "0",
    FillMethod.MEDIAN: "the median of the series",
    FillMethod.MEAN: "the mean of the series",
    FillMethod.MIN: "the minimum of the series",
    FillMethod.MAX: "the maximum of the series",
}


def explore_series(folder: Path) -> Report:
    """Return the report on a folder of prepared series.

    raises    CorruptArtifact
    """
    return series_report(read_prepared(folder))


def series_report(prepared: PreparedSeries) -> Report:
    """Return the report on prepared series."""
    spec = prepared.spec
    natures = natures_of(prepared.panel, spec.seed)
    sections = (
        _summary(prepared, natures),
        _findings(prepared.findings),
        all_together(prepared),
        examples(prepared, natures),
        seasons(prepared, natures),
        strengths(natures),
        demand(natures),
        missing(prepared),
        covariates(prepared, natures),
        _preparation(prepared),
    )
    return Report(
        "Data exploration",
        f"An overview of the series of '{spec.target}' that {spec.horizon} steps are to be forecast of: trend, seasons, "
        "zeros, missing steps, covariates and data checks.",
        _facts(prepared),
        tuple(one for one in sections if one is not None),
    )


def _facts(prepared: PreparedSeries) -> tuple[tuple[str, str], ...]:
    panel, spec = prepared.panel, prepared.spec
    severities = Counter(one.severity for one in prepared.findings)
    return (
        ("Target", spec.target),
        ("Series", f"{panel.n_series:,}"),
        ("Frequency", f"{panel.grid.frequency} ({step_name(panel.grid.frequency)})"),
        ("Horizon", counted(spec.horizon, "step")),
        ("Values", f"{int(np.isfinite(panel.values).sum()):,}"),
        ("Findings", ", ".join(f"{severities[one]} {one}" for one in Severity)),
    )


def _summary(prepared: PreparedSeries, natures: Natures) -> Section:
    panel, spec = prepared.panel, prepared.spec
    every = np.arange(panel.n_series)
    first, last = panel.grid.times(panel.first, every), panel.grid.times(panel.last, every)
    lengths = np.quantile(panel.lengths, (0, 0.5, 1), method="nearest").astype(int).tolist()
    n_missing = int(np.isnan(panel.values).sum())
    n_zero = int((panel.values == 0).sum())
    n_values = len(panel.values)
    rows = [
        ("Timestamp column", spec.timestamp),
        ("Item column", spec.item_id or "none: the table is one series"),
        ("Series", f"{panel.n_series:,}"),
        ("Steps of all series", f"{n_values:,}"),
        ("Steps per series: least, median, most", " · ".join(f"{one:,}" for one in lengths)),
        ("First timestamp", moment(int(first.min()))),
        ("Last timestamp", moment(int(last.max()))),
        ("Series that begin later than the first", f"{int((first > first.min()).sum()):,}"),
        ("Series that end before the last", f"{int((last < last.max()).sum()):,}"),
        ("Missing values", f"{n_missing:,} ({percent(n_missing, n_values)})"),
        ("Zeros", f"{n_zero:,} ({percent(n_zero, n_values)})"),
        ("Known covariates", listed([seen(one, 40) for one in spec.known_covariates]) or "none"),
        (
            "Covariates of the past alone",
            listed([seen(one, 40) for one in spec.past_covariates]) or "none",
        ),
        ("Static columns", listed([seen(one, 40) for one in spec.static]) or "none"),
    ]
    blocks: list[Block] = [Table(("Property", "Value"), rows)]
    if natures.is_sample:
        blocks.append(
            Text(
                f"Trend, seasons, demand patterns and correlations are those of {len(natures.chosen):,} series, drawn at "
                "random; everything else is of all series."
            )
        )
    return Section("Summary", blocks)


def _findings(findings: tuple[Finding, ...]) -> Section:
    if not findings:
        return Section("Findings", [Text("No problems found.")])
    return Section("Findings", [_notice(one) for one in findings])


def _notice(finding: Finding) -> Notice:
    paragraphs = [finding.message]
    if finding.consequence:
        paragraphs.append(f"Consequence: {finding.consequence}")
    names = listed([f"'{seen(name, 40)}'" for name in finding.columns], 3)
    what = finding.code.replace("-", " ").capitalize()
    return Notice(
        Severity(finding.severity),
        f"{what}: {names}" if names else what,
        [*paragraphs, f"Action: {finding.action}"],
    )


def _preparation(prepared: PreparedSeries) -> Section:
    spec, panel = prepared.spec, prepared.panel
    how = _AGGREGATIONS[spec.aggregation or "sum"]
    n_aggregated = sum(one.code == "rows-aggregated" for one in prepared.findings)
    rows = [
        ("Steps", f"One value every {step_name(panel.grid.frequency)} ({panel.grid.frequency})."),
        (
            "Rows of the same step",
            f"Were {how}; see the findings."
            if n_aggregated
            else "None: every row is a step of its own.",
        ),
        *_fills(spec),
    ]
    return Section("Preparation", [Table(("What", "What was done"), rows)])


def _fills(spec: ForecastSpec) -> list[tuple[str, str]]:
    told = []
    for name, one in spec.filling.items():
        parts = {
            "before the first value": one.front,
            "between values": one.middle,
            "after the last value": one.back,
            "in the steps to be forecast": one.future,
        }
        said = [
            f"{where}: {_FILLS.get(fill.method, f'{fill.value:g}')}"
            for where, fill in parts.items()
            if fill is not None and fill.method is not FillMethod.NAN
        ]
        if said:
            told.append((f"Missing values of '{seen(name, 40)}'", f"Filled {'; '.join(said)}."))
    if spec.target not in spec.filling:
        told.append(
            (
                "Missing values of the target",
                "Stay missing: models bridge them by the season and their neighbours, and metrics leave them out.",
            )
        )
    return told
