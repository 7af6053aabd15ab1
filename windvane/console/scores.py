"""Scores with their uncertainty, in as many digits as it leaves them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from windvane.console.wording import NOTHING, score, unit_of

_SMALLEST, _LARGEST = 1e-6, 1e12


@dataclass(frozen=True)
class FormattedScore:
    """A score or another figure as a page shows it.

    value    as it was measured; None if it was not
    text     of it, without its error
    error    the text of its standard error or deviation; "" if that is not known
    spread   the same as it was measured; 0 if it is not known
    """

    value: float | None
    text: str
    error: str = ""
    spread: float = 0.0

    @property
    def whole(self) -> str:
        return f"{self.text} ± {self.error}" if self.error else self.text

    def beside(self, value: float | None) -> str:
        """Return another value of the same figure, in as many digits as this one.

        >>> format_score(0.70341, 0.0121).beside(0.6), format_score(438e6, 2.1e7).beside(5e8), format_score(0.7).beside(0.6)
        ('0.600', '500 M', '0.6000')
        """
        return format_score(value, self.spread or None).text

    def change(self, value: float) -> str:
        """Return a difference of this figure to another one, with its sign, in as many digits as this one.

        >>> format_score(0.70341, 0.0121).change(-0.04567), format_score(0.7).change(0.01), format_score(0.7, 0.1).change(-0.001)
        ('\u22120.046', '+0.0100', '0.00')
        """
        text = self.beside(abs(value))
        if not any(digit in text for digit in "123456789"):
            return text
        return f"+{text}" if value > 0 else f"\N{MINUS SIGN}{text}"

    @property
    def root(self) -> FormattedScore:
        """The square root of a mean squared error, which is in the unit of the target. Its standard error is of first order.

        >>> format_score(484e6, 185e6).root.whole
        '22,000 ± 4,205'
        """
        if not self.value or self.value < 0:
            return FormattedScore(None, NOTHING)
        root = math.sqrt(self.value)
        return format_score(root, self.spread / (2 * root) or None)


def format_score(value: float | None, error: float | None = None) -> FormattedScore:
    """Return the figure with as many digits as its error leaves it.

    >>> format_score(0.912345, 0.00321).whole, format_score(438266010.4, 2.1e7).whole, format_score(0.5).whole
    ('0.9123 ± 0.0032', '438 M ± 21 M', '0.5000')
    """
    if value is None or not math.isfinite(value):
        return FormattedScore(None, NOTHING)
    if error is None or not _SMALLEST <= abs(error) < _LARGEST:
        return FormattedScore(value, score(value))
    size, unit = unit_of(value)
    decimals = max(0, 1 - math.floor(math.log10(error / size)))
    text, error_text = (f"{one / size:,.{decimals}f}{unit}" for one in (value, error))
    return FormattedScore(value, text, error_text, error)


@dataclass(frozen=True)
class MetricScores:
    """A candidate's scores by one metric, on rows not trained on and on those trained on."""

    name: str
    validation: FormattedScore
    train: FormattedScore


def metric_scores(candidate: dict[str, Any], names: list[str]) -> list[MetricScores]:
    """Return every metric of the problem type, on rows not trained on and on those trained on.

    candidate    a LeaderboardCandidate
    """
    by_place = {(one["MetricName"], one["Set"]): one for one in candidate["Metrics"]}

    def found(name: str, split: str) -> FormattedScore:
        one = by_place.get((name, split), {})
        return format_score(one.get("Value"), one.get("StandardError"))

    return [MetricScores(name, found(name, "Validation"), found(name, "Train")) for name in names]


def looks_misplaced(
    algorithm: str, score: FormattedScore, others: Iterable[FormattedScore], is_minimized: bool
) -> bool:
    """Return whether a candidate that comes first is an ensemble with a worse score than another: it is placed by the score of
    its final weights, and shows a cross-fitted one."""
    if algorithm != "ensemble" or score.value is None:
        return False
    values = [one.value for one in others if one.value is not None]
    return any(one < score.value if is_minimized else one > score.value for one in values)


def is_loss(name: str) -> bool:
    """Return whether lower values of a metric are better."""
    return name in _LOSSES


def metric_title(name: str) -> str:
    """Return the name of a metric as pages have room for it.

    >>> metric_title("AverageWeightedQuantileLoss"), metric_title("AUC")
    ('Weighted quantile loss', 'AUC')
    """
    return "Weighted quantile loss" if name == WQL else name


def metric_meaning(name: str) -> str:
    """Return in a few words what a metric is good for; "" if nothing is known of it."""
    return _MEANINGS.get(name, "")


WQL = "AverageWeightedQuantileLoss"
"""A metric by which forecasts are measured, and nothing else."""

_LOSSES = frozenset(
    {"MSE", "RMSE", "MAE", "LogLoss", "InferenceLatency", WQL, "MASE", "MAPE", "WAPE"}
)

_MEANINGS = {
    "Accuracy": "share of correct predictions",
    "AUC": "how well rows are ranked",
    "BalancedAccuracy": "accuracy, each class counts the same",
    "F1": "finds the positive class with few false alarms",
    "F1macro": "F1, each class counts the same",
    "LogLoss": "quality of the probabilities",
    "Precision": "share of positive predictions that are correct",
    "PrecisionMacro": "precision, each class counts the same",
    "Recall": "share of the positive class that is found",
    "RecallMacro": "recall, each class counts the same",
    "MSE": "squared error, large errors count most",
    "RMSE": "its root, in the unit of the target",
    "MAE": "average error, in the unit of the target",
    "R2": "share of the differences that is explained",
    WQL: "errors of all quantiles",
    "MASE": "error beside repeating the last season",
    "MAPE": "average error in percent",
    "WAPE": "sum of errors beside the sum of values",
}
