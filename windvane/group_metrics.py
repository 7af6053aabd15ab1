"""How a model treats the groups of rows that a column makes: rates of each group, and how they differ between groups.

All come from counts of rows, as segments.json has them (engine/quality/segments.py); no row is read again.

source    differences with a reference group: SageMaker Developer Guide, "Post-training Data and Model Bias Metrics", the
          reference as facet a; differences among all groups: Hardt, Price, Srebro 2016, "Equality of opportunity in
          supervised learning"
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from windvane.errors import InvalidRequest

FEWEST_ROWS = 30
"""A rate of fewer rows is shown, and compared with no other."""

_Z = 1.959964


@dataclass(frozen=True)
class Rate:
    """A share of rows: `count` of `of`."""

    count: int
    of: int

    @property
    def value(self) -> float | None:
        """The share; None of no rows."""
        return self.count / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """A 95 % interval; None of no rows."""
        return wilson(self.count / self.of, self.of) if self.of else None

    @property
    def is_reliable(self) -> bool:
        """Return whether there are enough rows to compare it with others."""
        return self.of >= FEWEST_ROWS


@dataclass(frozen=True)
class Group:
    """The rows with one value, or one range of values, of a column, judged by a model of two classes.

    positive, predicted, hits    rows that are positive, that are predicted positive, and that are both
    calibration_error            None in a report of an earlier version
    """

    label: str
    rows: int
    positive: int
    predicted: int
    hits: int
    calibration_error: float | None = None

    def __post_init__(self) -> None:
        least = self.positive + self.predicted - self.rows
        most = min(self.positive, self.predicted)
        if self.rows < 1 or not max(0, least) <= self.hits <= most:
            raise InvalidRequest(
                f"The counts of rows of the segment '{self.label[:80]}' in segments.json contradict each "
                "other: rows that are predicted positive and positive cannot be more than either, nor "
                "all more than the rows of the segment."
            )

    @classmethod
    def of(cls, segment: Mapping[str, Any]) -> Group:
        """Return a segment of segments.json as a group.

        raises    InvalidRequest if its counts contradict each other
        """
        return cls(
            str(segment["label"]),
            int(segment["rows"]),
            int(segment["positive"]),
            int(segment["predicted"]),
            int(segment["hits"]),
            segment.get("calibration_error"),
        )

    @classmethod
    def of_class(cls, segment: Mapping[str, Any], place: int) -> Group:
        """Return a segment of segments.json as a group, one of more than two classes as the positive one.

        place     of the class among the labels
        raises    InvalidRequest if its counts contradict each other, or there are none of the class
        """
        classes, rows = segment["classes"], int(segment["rows"])
        if place >= len(classes):
            raise InvalidRequest(
                f"The segment '{str(segment['label'])[:80]}' in segments.json has counts of {len(classes)} classes; "
                f"labels name at least {place + 1}."
            )
        positive, predicted, hits = classes[place]
        return cls(str(segment["label"]), rows, int(positive), int(predicted), int(hits))

    @property
    def base(self) -> Rate:
        """Positive rows."""
        return Rate(self.positive, self.rows)

    @property
    def selection(self) -> Rate:
        """Rows predicted positive."""
        return Rate(self.predicted, self.rows)

    @property
    def true_positive(self) -> Rate:
        """The share of positive rows that are predicted positive."""
        return Rate(self.hits, self.positive)

    @property
    def false_positive(self) -> Rate:
        """The share of negative rows that are predicted positive."""
        return Rate(self.predicted - self.hits, self.rows - self.positive)

    @property
    def true_negative(self) -> Rate:
        """The share of negative rows that are predicted negative."""
        negative = self.rows - self.positive
        return Rate(negative - self.predicted + self.hits, negative)

    @property
    def precision(self) -> Rate:
        """The share of rows predicted positive that are positive."""
        return Rate(self.hits, self.predicted)

    @property
    def accuracy(self) -> Rate:
        """Rows predicted correctly."""
        wrong = self.positive + self.predicted - 2 * self.hits
        return Rate(self.rows - wrong, self.rows)

    @property
    def is_reliable(self) -> bool:
        return self.rows >= FEWEST_ROWS


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Mean:
    """A mean over rows, or the square root of one, and its standard error; None of a single row."""

    value: float
    error: float | None

    @property
    def interval(self) -> tuple[float, float] | None:
        """A 95 % interval, normal; None of a single row."""
        if self.error is None:
            return None
        return self.value - _Z * self.error, self.value + _Z * self.error


@dataclass(frozen=True)
class NumericGroup:
    """The rows with one value, or one range of values, of a column, judged by a model of numbers.

    actual      mean target;  residual  mean of target minus prediction
    mae, rmse   mean absolute error, root mean squared error
    """

    label: str
    rows: int
    actual: float
    residual: Mean
    mae: Mean
    rmse: Mean

    @classmethod
    def of(cls, segment: Mapping[str, Any]) -> NumericGroup:
        """Return a segment of segments.json as a group."""
        error, high = float(segment["error"]), segment.get("high")
        return cls(
            str(segment["label"]),
            int(segment["rows"]),
            float(segment["actual"]),
            Mean(float(segment["bias"]), segment.get("bias_error")),
            Mean(error, None if high is None else (float(high) - error) / _Z),
            Mean(float(segment["rmse"]), segment.get("rmse_error")),
        )

    @property
    def predicted(self) -> float:
        """Mean prediction."""
        return self.actual - self.residual.value

    @property
    def is_reliable(self) -> bool:
        return self.rows >= FEWEST_ROWS


@dataclass(frozen=True)
class ClassesGroup:
    """The rows with one value, or one range of values, of a column, judged by a model of more than two classes.

    accuracy    rows whose class is predicted
    classes     the same rows, each of the classes that segments.json lists as the positive one
    """

    label: str
    rows: int
    accuracy: Rate
    classes: Sequence[Group]

    @classmethod
    def of(cls, segment: Mapping[str, Any]) -> ClassesGroup:
        """Return a segment of segments.json as a group.

        raises    InvalidRequest if its counts contradict each other
        """
        rows = int(segment["rows"])
        right = round((1 - float(segment["error"])) * rows)
        classes = [Group.of_class(segment, place) for place in range(len(segment["classes"]))]
        return cls(str(segment["label"]), rows, Rate(right, rows), classes)

    @property
    def macro_recall(self) -> Estimate | None:
        """The mean recall of the classes that have rows in the group."""
        return mean_rate([one.true_positive for one in self.classes])

    @property
    def is_reliable(self) -> bool:
        return self.rows >= FEWEST_ROWS


A = TypeVar("A", Group, ClassesGroup, NumericGroup)


@dataclass(frozen=True)
class Comparison:
    """A group d beside the reference group a; None where either has too few rows for the rate.

    dppl    difference in positive proportions in predicted labels: selection rate of a minus that of d
    di      disparate impact: selection rate of d divided by that of a
    rd      recall difference: true positive rate of a minus that of d
    sd      specificity difference: true negative rate of d minus that of a
    dar     difference in acceptance rates: precision of a minus that of d
    ad      accuracy difference: accuracy of a minus that of d
    source  SageMaker Developer Guide, pages clarify-post-training-bias-metric-dppl, -di, -rd, -sd, -dar and -ad
    """

    dppl: Estimate | None
    di: Estimate | None
    rd: Estimate | None
    sd: Estimate | None
    dar: Estimate | None
    ad: Estimate | None


@dataclass(frozen=True)
class Spread:
    """The differences and ratios between groups, of those with enough rows; None with fewer than two of them.

    demographic_parity_difference    largest minus smallest selection rate
    disparate_impact_ratio           smallest selection rate as a share of the largest; None too if that is 0
    equal_opportunity_difference     largest minus smallest true positive rate
    equalized_odds_difference        the larger of that and of the same of the false positive rate
    """

    demographic_parity_difference: float | None
    disparate_impact_ratio: float | None
    equal_opportunity_difference: float | None
    equalized_odds_difference: float | None


def compare(group: Group, reference: Group) -> Comparison:
    """Return how a group differs from the reference group."""
    return Comparison(
        dppl=difference(reference.selection, group.selection),
        di=ratio(group.selection, reference.selection),
        rd=difference(reference.true_positive, group.true_positive),
        sd=difference(group.true_negative, reference.true_negative),
        dar=difference(reference.precision, group.precision),
        ad=difference(reference.accuracy, group.accuracy),
    )


def spread(groups: Sequence[Group]) -> Spread:
    """Return how far apart groups are."""
    selected = _reliable([one.selection for one in groups])
    true = value_range(_reliable([one.true_positive for one in groups]))
    false = value_range(_reliable([one.false_positive for one in groups]))
    return Spread(
        value_range(selected),
        min(selected) / max(selected) if len(selected) > 1 and max(selected) else None,
        true,
        None if true is None or false is None else max(true, false),
    )


def default_reference(groups: Sequence[A]) -> A:
    """Return the group with the most rows."""
    return max(groups, key=lambda one: one.rows)


def difference(one: Rate, other: Rate) -> Estimate | None:
    """Return by how much the first rate is larger; None if either has too few rows.

    source    Newcombe 1998, "Interval estimation for the difference between independent proportions", method 10
    """
    if not (one.is_reliable and other.is_reliable):
        return None
    first, second = one.count / one.of, other.count / other.of
    (low, high), (other_low, other_high) = wilson(first, one.of), wilson(second, other.of)
    value = first - second
    return Estimate(
        value,
        value - math.hypot(first - low, other_high - second),
        value + math.hypot(high - first, second - other_low),
    )


def ratio(one: Rate, other: Rate) -> Estimate | None:
    """Return the first rate as a multiple of the second; None if either has too few rows or counts none.

    source    Katz, Baptista, Azen, Pike 1978, "Obtaining confidence intervals for the risk ratio in cohort studies"
    """
    if not (one.is_reliable and other.is_reliable and one.count and other.count):
        return None
    value = (one.count / one.of) / (other.count / other.of)
    variance = 1 / one.count - 1 / one.of + 1 / other.count - 1 / other.of
    reach = math.exp(_Z * math.sqrt(max(0.0, variance)))
    return Estimate(value, value / reach, value * reach)


def mean_rate(rates: Sequence[Rate]) -> Estimate | None:
    """Return the mean of rates of different rows, each counting the same: of recalls of classes, the macro recall. Rates of
    no rows are left out; None if all are.

    source    Zou, Donner 2008, "Construction of confidence limits about effect measures: a general approach"
    """
    used = [(one.count / one.of, wilson(one.count / one.of, one.of)) for one in rates if one.of]
    if not used:
        return None
    value = sum(share for share, _ in used) / len(used)
    below = math.hypot(*(share - low for share, (low, _) in used)) / len(used)
    above = math.hypot(*(high - share for share, (_, high) in used)) / len(used)
    return Estimate(value, value - below, value + above)


def mean_difference(one: Mean, other: Mean) -> Estimate | None:
    """Return by how much the first mean, over other rows than the second, is larger, with a normal interval; None if
    either has no standard error."""
    if one.error is None or other.error is None:
        return None
    value, reach = one.value - other.value, _Z * math.hypot(one.error, other.error)
    return Estimate(value, value - reach, value + reach)


def value_range(values: Sequence[float]) -> float | None:
    """Return the largest value minus the smallest; None with fewer than two."""
    return max(values) - min(values) if len(values) > 1 else None


def wilson(share: float, n_rows: int) -> tuple[float, float]:
    """Return the 95 % interval of a share.

    source    Wilson 1927, "Probable inference, the law of succession, and statistical inference"
    """
    z2 = _Z * _Z / n_rows
    middle = (share + z2 / 2) / (1 + z2)
    reach = _Z * math.sqrt(share * (1 - share) / n_rows + z2 / (4 * n_rows)) / (1 + z2)
    return max(0.0, middle - reach), min(1.0, middle + reach)


def _reliable(rates: Sequence[Rate]) -> list[float]:
    return [one.count / one.of for one in rates if one.is_reliable]
