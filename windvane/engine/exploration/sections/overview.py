"""What the table is, and what is to be known of it before anything else."""

from __future__ import annotations

from collections import Counter

from windvane.engine.columns import ColumnType
from windvane.engine.data.analysis import Analysis, Finding
from windvane.engine.exploration.duplicates import DuplicateRows
from windvane.engine.exploration.stored import StoredTable
from windvane.engine.reports.document import Block, Notice, Section, Severity, Table, Text
from windvane.engine.reports.labels import seen
from windvane.wording import listed, percent

_NAMED = 3


def facts(table: StoredTable, repeats: DuplicateRows) -> tuple[tuple[str, str], ...]:
    """Name and value."""
    analysis = table.analysis
    severities = Counter(finding.severity for finding in analysis.findings)
    return (
        ("Target", analysis.target),
        ("Problem", str(analysis.problem_type)),
        ("Rows", f"{analysis.n_rows:,}"),
        ("Columns", f"{len(analysis.columns) + 1:,}"),
        ("Duplicate rows", f"{repeats.n_copies:,} ({percent(repeats.n_copies, table.n_rows)})"),
        ("Insights", ", ".join(f"{severities[one]} {one}" for one in Severity)),
    )


def summary(table: StoredTable, repeats: DuplicateRows) -> Section:
    analysis = table.analysis
    n_without = int(table.statistics(analysis.target).get("missing", 0))
    kinds = Counter(column.type for column in analysis.columns)
    rows = [
        ("Rows in the files", f"{analysis.n_rows_read:,}"),
        ("Rows without a valid target (excluded)", f"{n_without:,}"),
        ("Rows used", f"{analysis.n_rows:,}"),
        ("Columns, including the target", f"{len(analysis.columns) + 1:,}"),
        *((f"Columns of type {kind}", f"{kinds[kind]:,}") for kind in ColumnType if kinds[kind]),
        ("Duplicate rows (copies of an earlier row)", f"{repeats.n_copies:,}"),
        ("Validation", _validation(analysis)),
        *_weights(analysis),
    ]
    return Section("Dataset summary", [Table(("Property", "Value"), rows, frozenset({1}))])


def _validation(analysis: Analysis) -> str:
    if analysis.has_validation_set:
        return f"{analysis.n_held_out:,} of these rows are validation data (used for scoring, never for training)"
    if analysis.n_folds == 1:
        return f"{analysis.n_held_out:,} of these rows are held out for scoring"
    return f"{analysis.n_folds} folds"


def _weights(analysis: Analysis) -> list[tuple[str, str]]:
    if analysis.sample_weight is None:
        return []
    told = f"column '{seen(analysis.sample_weight, 40)}'; this report does not use the weights"
    return [("Sample weights", told)]


def insights(table: StoredTable) -> Section:
    findings = table.analysis.findings
    if not findings:
        return Section("Insights", [Text("No problems found.")])
    blocks: list[Block] = [
        Text(
            "The problems that the data checks found, most severe first: the evidence, its consequence, "
            "and what was or should be done about it."
        )
    ]
    return Section("Insights", [*blocks, *map(_notice, findings)])


def _notice(finding: Finding) -> Notice:
    paragraphs = [finding.message]
    if finding.consequence:
        paragraphs.append(f"Consequence: {finding.consequence}")
    return Notice(
        Severity(finding.severity), _title(finding), [*paragraphs, f"Action: {finding.action}"]
    )


def _title(finding: Finding) -> str:
    what = finding.code.replace("-", " ").capitalize()
    if not finding.columns:
        return what
    names = [f"'{seen(name, 40)}'" for name in finding.columns]
    return f"{what}: {listed(names, _NAMED)}"
