"""Findings: what is worth knowing about a table before anything is learned from it.

Each check looks at the facts and yields findings; `find_all` runs them in the order of `_CHECKS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from windvane.engine.data.analysis import Finding
from windvane.engine.data.checks import columns, entities, leakage, rows, target
from windvane.engine.data.checks.facts import TableFacts

_SEVERITIES = ("high", "medium", "low")


def find_all(facts: TableFacts) -> tuple[Finding, ...]:
    """Return every finding, most severe first."""
    findings = [finding for check in _CHECKS for finding in check(facts)]
    return tuple(sorted(findings, key=lambda finding: _SEVERITIES.index(finding.severity)))


_CHECKS: tuple[Callable[[TableFacts], Iterator[Finding]], ...] = (
    leakage.target_copies,
    leakage.leaking_columns,
    leakage.shared_rows,
    leakage.order_in_time,
    leakage.order_of_rows,
    entities.repeated_entities,
    rows.sampled,
    rows.weightless,
    rows.unweighted,
    target.invalid_targets,
    target.unseen_classes,
    target.imbalance,
    target.rare_classes,
    target.contradictions,
    target.long_tail,
    target.outlying_targets,
    target.capped,
    rows.duplicates,
    rows.renamed_duplicates,
    columns.duplicates,
    columns.constant,
    columns.identifiers,
    columns.missing,
    columns.unreadable,
    columns.mixed_types,
    columns.cardinality,
    columns.skew,
    columns.outliers,
    columns.lone_zeros,
    columns.ambiguous_dates,
)
