"""What the words of the report mean."""

from __future__ import annotations

from windvane.engine.reports.document import Section, Table

_TYPES = (
    ("numeric", "A quantity: cells are numbers, in whatever notation."),
    ("datetime", "A date or a time; in models it is split into parts of the calendar."),
    (
        "categorical",
        "One of a number of words, codes or yes and no; the order of codes means nothing.",
    ),
    ("text", "Free text, mostly different in every row."),
    ("identifier", "Names or numbers the rows. It is not used as a feature."),
    ("constant", "The same in all rows, or empty. It is not used as a feature."),
    ("unused", "Left out, as was asked. Rows to predict still have it."),
)
_STATISTICS = (
    (
        "Prediction power",
        "How well the column alone foretells the target, learnt on half of the rows looked at and measured on the other.",
    ),
    ("- for two classes", "2 AUC - 1, at least 0."),
    (
        "- for more classes",
        "The share of errors avoided that always answering the most frequent class makes.",
    ),
    ("- for numbers", "R2, at least 0."),
    (
        "Missing",
        "Cells that are empty, or hold a text that stands for nothing, such as '?' or 'N/A'.",
    ),
    ("Distinct", "Different values, as they are written in the files."),
    (
        "Outliers",
        "Cells more than 3 interquartile ranges below the first or above the third quartile.",
    ),
    (
        "Skewness",
        "Third standardised moment: 0 if symmetric, above 0 if larger values reach farther from the mean.",
    ),
    ("Duplicate row", "A row that is equal to an earlier one in all features and the target."),
    (
        "Anomaly score",
        "Of an isolation forest, as scikit-learn's decision function: below 0 a row is unlike the others.",
    ),
    ("Pearson's r", "How well a straight line describes two numbers together, -1 to 1."),
    (
        "Cramér's V",
        "How well two categories tell each other, 0 to 1, corrected for bias (Bergsma 2013).",
    ),
    (
        "Correlation ratio",
        "Root of the share of a number's spread that means of categories explain, corrected (Kelley 1935).",
    ),
)


def definitions() -> Section:
    return Section(
        "Definitions",
        [
            Table(("Feature type", "Meaning"), _TYPES),
            Table(("Statistic", "Meaning"), _STATISTICS),
        ],
    )
