"""What the words of the report mean."""

from __future__ import annotations

from windvane.engine.reports.document import Section, Table

_TYPES = (
    ("numeric", "A quantity: values are numbers, in any notation."),
    ("datetime", "A date or a time; it is split into calendar features such as month and weekday."),
    (
        "categorical",
        "One of a limited number of labels, codes or yes/no values, without an order.",
    ),
    ("text", "Free text, usually different in every row."),
    (
        "identifier",
        "Identifies the rows, such as an ID or a row number. It is not used as a feature.",
    ),
    ("constant", "The same value in all rows, or empty. It is not used as a feature."),
    ("unused", "Excluded on request. Rows to predict must still contain it."),
)
_STATISTICS = (
    (
        "Prediction power",
        (
            "How well the column alone predicts the target, trained on half of the sampled rows and "
            "measured on the other half."
        ),
    ),
    ("- binary classification", "2 · AUC - 1, at least 0."),
    (
        "- multiclass classification",
        "The share of errors avoided, compared with always predicting the most frequent class.",
    ),
    ("- regression", "R², at least 0."),
    (
        "Missing",
        "Values that are empty or a missing-value code, such as '?' or 'N/A'.",
    ),
    ("Distinct", "Number of different values, as written in the files."),
    (
        "Outliers",
        "Values more than 3 interquartile ranges below the first or above the third quartile.",
    ),
    (
        "Skewness",
        "Third standardised moment: 0 if symmetric, above 0 if the right tail is longer.",
    ),
    ("Duplicate row", "A row that is equal to an earlier one in all features and the target."),
    (
        "Anomaly score",
        (
            "The decision function of an isolation forest, as in scikit-learn: rows below 0 are "
            "anomalous."
        ),
    ),
    ("Pearson's r", "Linear correlation of two numeric columns, from -1 to 1."),
    (
        "Cramér's V",
        "Association of two categorical columns, from 0 to 1, with bias correction (Bergsma 2013).",
    ),
    (
        "Correlation ratio",
        (
            "Association of a categorical and a numeric column: the square root of the share of "
            "variance that the category means explain, with bias correction (Kelley 1935)."
        ),
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
