"""Findings: what is worth knowing about a table before anything is learned from it.

Each check looks at the facts and yields findings; `find_all` runs them in the order of `_CHECKS`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from windvane.domain.problem import ProblemType
from windvane.engine.columns import ColumnType
from windvane.engine.data.analysis import Finding
from windvane.engine.data.target import Target
from windvane.engine.data.typed import TypedColumn

LEAK_POWER = 0.98
_SEVERITIES = ("high", "medium", "low")
_KEPT_OUT = "It is not used as a feature."


@dataclass(frozen=True)
class TableFacts:
    """row_keys     (n_rows,) equal for identical rows, target included
    n_rows_kept  rows after sampling, before rows without a target were dropped
    powers       prediction power by column, see power.py
    target_digest as TypedColumn.codes_digest, of the target
    """

    columns: Sequence[TypedColumn]
    target_name: str
    target: Target
    target_digest: bytes
    row_keys: NDArray[np.uint64]
    n_rows_kept: int
    n_rows_read: int
    powers: dict[str, float]

    @property
    def n_rows(self) -> int:
        return len(self.row_keys)

    def repeats(self, column: TypedColumn) -> bool:
        """Whether values recur; columns that are different in every row all tell the rows apart alike."""
        return bool(column.statistics["distinct"] < 0.5 * self.n_rows)

    def copies_target(self, column: TypedColumn) -> bool:
        return column.codes_digest == self.target_digest and self.repeats(column)

    def of_type(self, *types: ColumnType) -> list[TypedColumn]:
        return [column for column in self.columns if column.spec.type in types]


def find_all(facts: TableFacts) -> tuple[Finding, ...]:
    """Every finding, most severe first."""
    findings = [finding for check in _CHECKS for finding in check(facts)]
    return tuple(sorted(findings, key=lambda finding: _SEVERITIES.index(finding.severity)))


def _finding(
    code: str, severity: str, columns: Sequence[TypedColumn], message: str, action: str
) -> Finding:
    return Finding(code, severity, tuple(column.name for column in columns), message, action)


def _listed(parts: Sequence[str], limit: int = 10) -> str:
    more = f" and {len(parts) - limit} more" if len(parts) > limit else ""
    return ", ".join(parts[:limit]) + more


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.3g} %"


def _copies_of_target(facts: TableFacts) -> Iterator[Finding]:
    copies = [
        c for c in facts.columns if c.codes_digest == facts.target_digest and facts.repeats(c)
    ]
    if copies:
        names = _listed([f"'{column.name}'" for column in copies])
        yield _finding(
            "target-copy",
            "high",
            copies,
            f"{names} tells the target '{facts.target_name}' in every one of {facts.n_rows} rows: it is the "
            "target in other words.",
            "It is used as a feature. Remove it from the data unless it is known before the target is.",
        )


def _leaks(facts: TableFacts) -> Iterator[Finding]:
    for column in facts.columns:
        power = facts.powers.get(column.name, 0.0)
        if power >= LEAK_POWER and not facts.copies_target(column):
            yield _finding(
                "target-leakage",
                "high",
                [column],
                f"'{column.name}' alone predicts the target '{facts.target_name}' almost perfectly "
                f"(prediction power {power:.3f} of 1).",
                "It is used as a feature. Remove it if it is known only after the target is.",
            )


def _sampled(facts: TableFacts) -> Iterator[Finding]:
    if facts.n_rows_kept < facts.n_rows_read:
        yield Finding(
            "sampled-data",
            "medium",
            (),
            f"{facts.n_rows_kept:,} of {facts.n_rows_read:,} rows were taken at random, rare classes whole: "
            "the table does not fit into the memory given to the job.",
            "Give the server more memory to use all rows.",
        )


def _invalid_targets(facts: TableFacts) -> Iterator[Finding]:
    target = facts.target
    if target.n_invalid:
        kind = "a number" if target.problem_type is ProblemType.REGRESSION else "a label"
        examples = _listed([f"'{text[:40]}'" for text in target.invalid_examples])
        yield Finding(
            "invalid-target",
            "low",
            (facts.target_name,),
            f"{target.n_invalid} of {facts.n_rows_kept} rows have no target that is {kind}"
            f"{f' (e.g. {examples})' if examples else ''}.",
            "These rows were left out.",
        )


def _imbalance(facts: TableFacts) -> Iterator[Finding]:
    counts, labels = facts.target.class_counts, facts.target.labels
    if not counts:
        return
    fewest = int(np.argmin(counts))
    share = counts[fewest] / sum(counts)
    if share * len(counts) < 0.2:
        yield Finding(
            "imbalanced-target",
            "medium" if share < 0.05 else "low",
            (facts.target_name,),
            f"Class '{labels[fewest]}' has {counts[fewest]} of {sum(counts)} rows "
            f"({_percent(counts[fewest], sum(counts))}).",
            "Look at F1, BalancedAccuracy or AUC rather than Accuracy.",
        )
    rare = [f"'{labels[i]}' ({count})" for i, count in enumerate(counts) if count < 10]
    if rare:
        yield Finding(
            "rare-classes",
            "medium",
            (facts.target_name,),
            f"{len(rare)} classes have fewer than 10 rows: {_listed(rare)}.",
            "They are kept; scores on them are uncertain. Add rows or merge classes.",
        )


def _duplicate_rows(facts: TableFacts) -> Iterator[Finding]:
    n_copies = facts.n_rows - len(np.unique(facts.row_keys))
    if n_copies:
        yield Finding(
            "duplicate-rows",
            "medium" if n_copies > 0.1 * facts.n_rows else "low",
            (),
            f"{n_copies} of {facts.n_rows} rows ({_percent(n_copies, facts.n_rows)}) repeat an earlier row.",
            "They are kept; copies are validated together unless they are the nature of the table.",
        )


def _duplicate_columns(facts: TableFacts) -> Iterator[Finding]:
    same: dict[bytes, list[TypedColumn]] = defaultdict(list)
    for column in facts.columns:
        if column.spec.type.is_feature:
            same[column.codes_digest].append(column)
    groups = [columns for columns in same.values() if len(columns) > 1]
    equal = [group for group in groups if len({column.texts_digest for column in group}) == 1]
    if equal:
        yield _finding(
            "duplicate-columns",
            "medium",
            [column for group in equal for column in group],
            f"Columns that are the same in all {facts.n_rows} rows: {_listed(_named(equal))}.",
            "All are used; one of each is enough.",
        )
    reworded = [group for group in groups if group not in equal and facts.repeats(group[0])]
    if reworded:
        yield _finding(
            "equivalent-columns",
            "low",
            [column for group in reworded for column in group],
            f"Columns that say the same in different words in all {facts.n_rows} rows: "
            f"{_listed(_named(reworded))}.",
            "All are used; one of each is enough.",
        )


def _named(groups: Sequence[Sequence[TypedColumn]]) -> list[str]:
    return [" = ".join(f"'{column.name}'" for column in group[:5]) for group in groups]


def _constant(facts: TableFacts) -> Iterator[Finding]:
    columns = facts.of_type(ColumnType.CONSTANT)
    if columns:
        told = _listed([f"'{column.name}' ({column.spec.reason})" for column in columns])
        yield _finding(
            "constant-column", "low", columns, f"Without information: {told}.", _KEPT_OUT
        )


def _identifiers(facts: TableFacts) -> Iterator[Finding]:
    columns = facts.of_type(ColumnType.IDENTIFIER)
    if columns:
        told = _listed([f"'{column.name}' ({column.spec.reason})" for column in columns])
        yield _finding("identifier-column", "low", columns, f"Names of rows: {told}.", _KEPT_OUT)


def _missing(facts: TableFacts) -> Iterator[Finding]:
    severities = (("medium", 0.5, 1.0), ("low", 0.05, 0.5))
    columns = [column for column in facts.columns if column.spec.type is not ColumnType.CONSTANT]
    for severity, least, most in severities:
        found = [c for c in columns if least < c.statistics["missing"] / facts.n_rows <= most]
        if found:
            told = _listed(
                [f"'{c.name}' {_percent(c.statistics['missing'], facts.n_rows)}" for c in found]
            )
            yield _finding(
                "missing-values",
                severity,
                found,
                f"Cells are missing in {told}.",
                "Missing cells are filled in or marked by the features.",
            )


def _unreadable(facts: TableFacts) -> Iterator[Finding]:
    for column in facts.columns:
        if column.unreadable:
            n_cells = sum(column.unreadable.values())
            kind = "number" if column.spec.type is ColumnType.NUMERIC else "date"
            told = _listed([f"'{t[:40]}' ({n})" for t, n in column.unreadable.items()], 5)
            yield _finding(
                "unreadable-cells",
                "medium",
                [column],
                f"{n_cells} cells of '{column.name}' are no {kind}: {told}.",
                "They are taken as missing, in later requests too.",
            )


def _mixed_types(facts: TableFacts) -> Iterator[Finding]:
    for column in facts.of_type(ColumnType.CATEGORICAL):
        top = [text for text, _ in column.statistics["top"]]
        n_numbers = sum(_is_number(text) for text in top)
        if 0 < n_numbers < len(top):
            numbers = next(text for text in top if _is_number(text))
            words = next(text for text in top if not _is_number(text))
            yield _finding(
                "mixed-types",
                "low",
                [column],
                f"'{column.name}' holds numbers such as '{numbers}' and words such as '{words}'.",
                "It is used as categories. If it is a quantity, leave cells without one empty.",
            )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _cardinality(facts: TableFacts) -> Iterator[Finding]:
    found = [
        column
        for column in facts.of_type(ColumnType.CATEGORICAL)
        if column.statistics["distinct"] > max(100, 0.05 * facts.n_rows)
        or column.statistics["distinct"] > 1000
    ]
    if found:
        told = _listed([f"'{c.name}' ({c.statistics['distinct']})" for c in found])
        yield _finding(
            "high-cardinality",
            "medium",
            found,
            f"Many distinct categories in {facts.n_rows} rows: {told}.",
            "Rare categories are grouped or encoded by the target. Check that none of them is an identifier.",
        )


def _shape(facts: TableFacts) -> Iterator[Finding]:
    numeric = [c for c in facts.of_type(ColumnType.NUMERIC) if "skewness" in c.statistics]
    skewed = [column for column in numeric if abs(column.statistics["skewness"]) > 10]
    if skewed:
        told = _listed([f"'{c.name}' ({c.statistics['skewness']:.0f})" for c in skewed])
        yield _finding(
            "skewed-column",
            "low",
            skewed,
            f"Very skewed numbers (skewness in brackets): {told}.",
            "Linear candidates scale them; trees do not mind.",
        )
    outlying = [c for c in numeric if 0 < c.statistics["outliers"] <= 0.01 * facts.n_rows]
    if outlying:
        told = _listed([f"'{c.name}' ({c.statistics['outliers']})" for c in outlying])
        yield _finding(
            "outliers",
            "low",
            outlying,
            f"Cells far from all others, more than 3 interquartile ranges beyond the quartiles: {told}.",
            "They are kept. Check that they are real.",
        )


def _ambiguous_dates(facts: TableFacts) -> Iterator[Finding]:
    for column in facts.of_type(ColumnType.DATETIME):
        if "no cell tells day from month" in column.spec.reason:
            yield _finding(
                "ambiguous-dates",
                "medium",
                [column],
                f"'{column.name}': {column.spec.reason}.",
                "Write dates as YYYY-MM-DD if they are meant the other way.",
            )


_CHECKS: tuple[Callable[[TableFacts], Iterator[Finding]], ...] = (
    _copies_of_target,
    _leaks,
    _sampled,
    _invalid_targets,
    _imbalance,
    _duplicate_rows,
    _duplicate_columns,
    _constant,
    _identifiers,
    _missing,
    _unreadable,
    _mixed_types,
    _cardinality,
    _shape,
    _ambiguous_dates,
)
