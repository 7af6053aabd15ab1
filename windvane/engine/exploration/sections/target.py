"""The target by itself."""

from __future__ import annotations

from windvane.engine.exploration.bins import histogram
from windvane.engine.exploration.pictures import bars, lying_bars
from windvane.engine.exploration.stored import StoredTable
from windvane.engine.exploration.wording import cell
from windvane.engine.reports.document import Figure, Section, Table, Text
from windvane.wording import number, percent

_SHOWN = 20
_TITLE = "Target analysis"


def target(table: StoredTable) -> Section:
    analysis = table.analysis
    text = Text(
        f"Target: '{analysis.target}'. Problem type: {analysis.problem_type} "
        f"({analysis.problem_reason}). Objective metric: {analysis.objective}."
    )
    blocks = _classes(table) if analysis.n_classes else _amounts(table)
    return Section(_TITLE, [text, *blocks])


def _classes(table: StoredTable) -> list[Figure | Table]:
    analysis = table.analysis
    total = sum(analysis.class_counts)
    told = sorted(zip(analysis.class_counts, analysis.labels, strict=True), key=lambda one: -one[0])
    rows = [(cell(label), f"{count:,}", percent(count, total)) for count, label in told]
    shown = told[:_SHOWN]
    head = ("Class", "Rows", "Share")
    caption = f"The {_SHOWN} most frequent of {len(told):,} classes." if len(told) > _SHOWN else ""
    figure = Figure(
        "Class distribution",
        lying_bars([cell(label) for _, label in shown], [count for count, _ in shown], "rows"),
        "Bar chart of the rows per class; the most frequent class has "
        f"{percent(told[0][0], total)}.",
        Table(head, rows[:_SHOWN], frozenset({1, 2}), caption),
        height=1.0 + 0.25 * len(shown),
    )
    if len(told) <= _SHOWN:
        return [figure]
    return [figure, Table(head, rows, frozenset({1, 2}), "All classes.")]


def _amounts(table: StoredTable) -> list[Figure | Table]:
    known = table.statistics(table.analysis.target)
    n_outliers = int(known["outliers"])
    rows = [
        ("Mean", number(known["mean"])),
        ("Median", number(known["quantiles"]["0.5"])),
        ("Smallest", number(known["min"])),
        ("Largest", number(known["max"])),
        ("Standard deviation", number(known["std"])),
        ("Skewness", number(known["skewness"])),
        ("Share of outliers", percent(n_outliers, table.n_rows)),
    ]
    bins = histogram(table.y, table.sampled)
    told = [(label, f"{n:,}") for label, n in zip(bins.labels, bins.counts.tolist(), strict=True)]
    return [
        Table(
            ("Statistic", "Value"),
            rows,
            frozenset({1}),
            "Outliers lie more than 3 interquartile ranges outside the quartiles.",
        ),
        Figure(
            "Distribution of the target",
            bars(bins.ticks, bins.counts.tolist(), "rows"),
            f"Histogram of the target, from {number(known['min'])} to {number(known['max'])}.",
            Table(
                (table.analysis.target, "Rows"),
                told,
                frozenset({1}),
                "The outermost bins include all values beyond them.",
            ),
        ),
    ]
