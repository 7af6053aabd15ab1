"""Findings about single columns and their likes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from windvane.engine.columns import ColumnType
from windvane.engine.data.analysis import Finding
from windvane.engine.data.checks.facts import TableFacts, names
from windvane.engine.data.temporal import UNDECIDED
from windvane.engine.data.typed import TypedColumn
from windvane.wording import counted, listed, number, percent

_KEPT_OUT = "It is not used as a feature."
_ONE_IS_ENOUGH = "All are used; one of each group is enough."
_SKEWED = 10.0
_FEWEST_SKEWED = 10
"""Distinct values below which a column is a mark that few rows carry, not a skewed quantity."""
_FAR_FROM_ZERO = 0.25
"""Part of the median."""


def duplicates(facts: TableFacts) -> Iterator[Finding]:
    same: dict[bytes, list[TypedColumn]] = defaultdict(list)
    for column in facts.columns:
        if column.spec.type.is_feature:
            same[column.codes_digest].append(column)
    groups = [columns for columns in same.values() if len(columns) > 1]
    equal = [group for group in groups if len({column.texts_digest for column in group}) == 1]
    if equal:
        yield Finding(
            "duplicate-columns",
            "medium",
            _names_in(equal),
            f"Columns with identical values in all {facts.n_rows:,} rows: {listed(_named(equal))}.",
            _ONE_IS_ENOUGH,
            "They make training slower and models larger. In explanations they share the importance "
            "that one of them would have.",
        )
    reworded = [group for group in groups if group not in equal and facts.repeats(group[0])]
    if reworded:
        yield Finding(
            "equivalent-columns",
            "low",
            _names_in(reworded),
            "Columns that encode the same information (a one-to-one mapping of their values) in "
            f"all {facts.n_rows:,} rows: {listed(_named(reworded))}.",
            _ONE_IS_ENOUGH,
            "As categories they are redundant (as numbers they may still differ). In explanations "
            "they share the importance that one of them would have.",
        )


def _names_in(groups: Sequence[Sequence[TypedColumn]]) -> tuple[str, ...]:
    return tuple(column.name for group in groups for column in group)


def _named(groups: Sequence[Sequence[TypedColumn]]) -> list[str]:
    return [" = ".join(f"'{column.name}'" for column in group[:5]) for group in groups]


def constant(facts: TableFacts) -> Iterator[Finding]:
    columns = facts.of_type(ColumnType.CONSTANT)
    if columns:
        yield Finding(
            "constant-column",
            "low",
            names(columns),
            f"Uninformative columns: {listed(_with_reasons(columns))}.",
            _KEPT_OUT,
            "A column with the same value in all rows cannot distinguish between them.",
        )


def identifiers(facts: TableFacts) -> Iterator[Finding]:
    columns = facts.of_type(ColumnType.IDENTIFIER)
    if columns:
        yield Finding(
            "identifier-column",
            "low",
            names(columns),
            f"Columns that look like row IDs: {listed(_with_reasons(columns))}.",
            _KEPT_OUT,
            "Identifiers do not generalise to new rows. If one contains information, such as a "
            "date, put that into a separate column.",
        )


def _with_reasons(columns: Sequence[TypedColumn]) -> list[str]:
    return [f"'{column.name}' ({column.spec.reason})" for column in columns]


def missing(facts: TableFacts) -> Iterator[Finding]:
    severities = (("medium", 0.5, 1.0), ("low", 0.05, 0.5))
    told_apart = (ColumnType.CONSTANT, ColumnType.UNUSED)
    columns = [column for column in facts.columns if column.spec.type not in told_apart]
    for severity, least, most in severities:
        found = [c for c in columns if least < c.statistics["missing"] / facts.n_rows <= most]
        if found:
            told = listed([_share_missing(column, facts.n_rows) for column in found])
            yield Finding(
                "missing-values",
                severity,
                names(found),
                f"Missing values in {told}.",
                f"Missing values are imputed or marked during feature engineering.{_advice(found)}",
                "Models cannot learn from a value that is missing. If values are missing for a "
                "reason, it can be informative that they are missing.",
            )


def _share_missing(column: TypedColumn, n_rows: int) -> str:
    markers = [f"'{text[:20]}'" for text in column.spec.parse.get("missing", ())]
    told = f" (as {listed(markers, 3)})" if markers else ""
    return f"'{column.name}' {percent(column.statistics['missing'], n_rows)}{told}"


def _advice(columns: Sequence[TypedColumn]) -> str:
    if not any(column.spec.parse.get("missing") for column in columns):
        return ""
    return " If such a text is a value (for example, that there is nothing), write 'none': that is treated as a category."


def unreadable(facts: TableFacts) -> Iterator[Finding]:
    for column in facts.columns:
        if column.unreadable:
            n_cells = sum(column.unreadable.values())
            kind = "number" if column.spec.type is ColumnType.NUMERIC else "date"
            told = listed([f"'{t[:40]}' ({n})" for t, n in column.unreadable.items()], 5)
            yield Finding(
                "unreadable-cells",
                "medium",
                (column.name,),
                f"{counted(n_cells, 'value')} of '{column.name}' cannot be read as a {kind}: {told}.",
                "They are treated as missing, also in predictions.",
                "Their information is lost.",
            )


def mixed_types(facts: TableFacts) -> Iterator[Finding]:
    for column in facts.of_type(ColumnType.CATEGORICAL):
        top = [text for text, _ in column.statistics["top"]]
        n_numbers = sum(_is_number(text) for text in top)
        if 0 < n_numbers < len(top):
            numbers = next(text for text in top if _is_number(text))
            words = next(text for text in top if not _is_number(text))
            yield Finding(
                "mixed-types",
                "low",
                (column.name,),
                f"'{column.name}' contains numbers such as '{numbers}' and text such as '{words}'.",
                "It is used as categorical. If it is a quantity, replace the text by empty values.",
                "As categories, its numbers have no order, and an unseen number carries no "
                "information.",
            )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def cardinality(facts: TableFacts) -> Iterator[Finding]:
    found = [
        column
        for column in facts.of_type(ColumnType.CATEGORICAL)
        if column.statistics["distinct"] > max(100, 0.05 * facts.n_rows)
        or column.statistics["distinct"] > 1000
    ]
    if found:
        told = listed([f"'{c.name}' ({c.statistics['distinct']:,})" for c in found])
        yield Finding(
            "high-cardinality",
            "medium",
            names(found),
            f"Many distinct categories in {facts.n_rows:,} rows: {told}.",
            "Rare categories are grouped or target-encoded. Check that none of these columns is "
            "an identifier.",
            "Most categories have few training rows, and new data will contain unseen ones. "
            "Rows of one category are in both training and validation data: scores are valid "
            "for known categories only.",
        )


def skew(facts: TableFacts) -> Iterator[Finding]:
    skewed = [
        column
        for column in _numeric(facts)
        if abs(column.statistics["skewness"]) > _SKEWED
        and column.statistics["distinct"] > _FEWEST_SKEWED
    ]
    if skewed:
        told = listed([f"'{c.name}' ({c.statistics['skewness']:.0f})" for c in skewed])
        yield Finding(
            "skewed-column",
            "low",
            names(skewed),
            f"Highly skewed columns (skewness in brackets): {told}.",
            "For linear models and neural networks they are clipped and scaled, or ranked; tree "
            "models are unaffected.",
            "On a linear scale a few large values dominate.",
        )


def outliers(facts: TableFacts) -> Iterator[Finding]:
    outlying = [column for column in _numeric(facts) if column.statistics["isolated"]]
    if outlying:
        told = listed([_range(column) for column in outlying])
        yield Finding(
            "outliers",
            "low",
            names(outlying),
            "Extreme outliers (more than twice as far out as any other value of the column): "
            f"{told}.",
            "They are kept. Check that they are real and not a missing-value code such as 999.",
            "If they are errors, rows that contain one are predicted badly, and they distort "
            "the scale of linear models.",
        )


def lone_zeros(facts: TableFacts) -> Iterator[Finding]:
    columns = [column for column in _numeric(facts) if _has_lone_zeros(column.statistics)]
    if columns:
        told = listed([_zeros(column) for column in columns])
        yield Finding(
            "lone-zeros",
            "low",
            names(columns),
            f"Zeros in columns whose other values are far from zero: {told}.",
            "They are used as the number 0. If they stand for unknown values, leave these cells empty.",
            "If the values are unknown, the model takes them for extremely small ones.",
        )


def _has_lone_zeros(statistics: dict[str, Any]) -> bool:
    """Return whether zeros are less than 5 % and lie apart from all other numbers, which have one sign and are no counts (those begin
    with 1)."""
    nearest, cuts = abs(statistics["nearest_to_zero"]), statistics["quantiles"]
    return (
        statistics["zeros"] > 0
        and 0.0 in (statistics["min"], statistics["max"])
        and 0.0 not in (cuts["0.05"], cuts["0.95"])
        and nearest != 1
        and nearest >= _FAR_FROM_ZERO * abs(cuts["0.5"])
        and statistics["distinct"] > _FEWEST_SKEWED
    )


def _zeros(column: TypedColumn) -> str:
    statistics = column.statistics
    nearest = number(statistics["nearest_to_zero"])
    return f"'{column.name}' ({statistics['zeros']:,}; the nearest other value is {nearest})"


def _range(column: TypedColumn) -> str:
    statistics = column.statistics
    low, high = statistics["quantiles"]["0.05"], statistics["quantiles"]["0.95"]
    return (
        f"'{column.name}' ({statistics['isolated']}; from {number(statistics['min'])} to "
        f"{number(statistics['max'])}, 90 % lie within {number(low)} to {number(high)})"
    )


def _numeric(facts: TableFacts) -> list[TypedColumn]:
    return [c for c in facts.of_type(ColumnType.NUMERIC) if "skewness" in c.statistics]


def ambiguous_dates(facts: TableFacts) -> Iterator[Finding]:
    for column in facts.of_type(ColumnType.DATETIME):
        if UNDECIDED in column.spec.reason:
            yield Finding(
                "ambiguous-dates",
                "medium",
                (column.name,),
                f"'{column.name}': {column.spec.reason}.",
                "Write dates as YYYY-MM-DD if the order of day and month is wrong.",
                "If the order is wrong, day and month are swapped in some dates.",
            )
