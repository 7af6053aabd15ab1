"""What a page shows of predictions of labelled rows: metrics beside those of the validation, and the rows left out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from windvane.console.charts.base import Chart
from windvane.console.charts.confusion import confusion_chart
from windvane.console.scores import FormattedScore, format_score, is_loss
from windvane.console.wording import NOTHING, name

_FIRST = ("RMSE", "MAE")
"""Of a regression: in the unit of the target, which people can judge."""

_CLEAR = 2.0
"""Standard errors of a difference beyond which it is told."""

MOST_CLASSES = 200

_LEFT_OUT = {
    "MissingLabel": "without a label",
    "UnknownLabel": "with a label that the model does not know",
    "NotANumber": "with a target that is not a number",
}


@dataclass(frozen=True)
class MetricRow:
    """A metric on the rows of the file and on those of the validation.

    difference   in words; "" if it cannot be told
    """

    name: str
    here: FormattedScore
    validation: FormattedScore
    difference: str


@dataclass(frozen=True)
class ClassRow:
    label: str
    n_rows: int
    precision: str
    recall: str
    f1: str


@dataclass(frozen=True)
class EvaluationView:
    """The metrics of predictions on labelled rows, as the page shows them.

    n_rows     of the file;  n_evaluated  that have a label
    note       on the unit of metrics; "" for classes
    left_out   sentences
    classes    the first ones, of n_classes
    """

    n_rows: int
    n_evaluated: int
    metrics: Sequence[MetricRow]
    note: str
    left_out: Sequence[str]
    classes: Sequence[ClassRow]
    n_classes: int
    confusion: Chart | None

    @property
    def has_validation(self) -> bool:
        return any(one.validation.value is not None for one in self.metrics)


def evaluation_view(answer: Mapping[str, Any], target: str) -> EvaluationView:
    """Return what is shown of an answer of EvaluatePredictions."""
    every = answer.get("Classes", [])
    is_of_values = not every
    return EvaluationView(
        answer["Rows"],
        answer["EvaluatedRows"],
        [_metric(one) for one in sorted(answer["Metrics"], key=_order)],
        f"RMSE and MAE are in the unit of {name(target, 60)}, MSE in its square."
        if is_of_values
        else "",
        [_sentence(one) for one in answer["LeftOut"]],
        [_class(one) for one in every[:MOST_CLASSES]],
        len(every),
        None if is_of_values else confusion_chart(_counts(answer)),
    )


def _order(one: Mapping[str, Any]) -> int:
    """Return the place of a metric; others stay in their order."""
    metric = one["MetricName"]
    if metric == "MSE":
        return len(_FIRST) + 1
    return _FIRST.index(metric) if metric in _FIRST else len(_FIRST)


def _metric(one: Mapping[str, Any]) -> MetricRow:
    here = format_score(one.get("Value"), one.get("StandardError"))
    validation = format_score(one.get("ValidationValue"), one.get("ValidationStandardError"))
    return MetricRow(
        one["MetricName"], here, validation, _difference(one["MetricName"], here, validation)
    )


def _difference(metric: str, here: FormattedScore, validation: FormattedScore) -> str:
    """
    >>> _difference("MAE", FormattedScore(2.0, "", "", 0.1), FormattedScore(1.0, "", "", 0.1))
    'clearly worse'
    """
    if here.value is None or validation.value is None or not (here.spread and validation.spread):
        return ""
    gain = here.value - validation.value
    noise = math.hypot(here.spread, validation.spread)
    if abs(gain) <= _CLEAR * noise:
        return "no clear difference"
    return "clearly better" if (gain < 0) is is_loss(metric) else "clearly worse"


def _sentence(one: Mapping[str, Any]) -> str:
    count = one["Rows"]
    rows = "1 row was" if count == 1 else f"{count:,} rows were"
    values = ", ".join(f"“{name(value, 40)}”" for value in one["Values"])
    why = _LEFT_OUT.get(one["Reason"], one["Reason"])
    places = ", ".join(f"{row:,}" for row in one["FirstRows"])
    places += ", …" if count > len(one["FirstRows"]) else "."
    told = f" ({values})" if values else ""
    return f"{rows} left out, {why}{told}: row{'s' if count > 1 else ''} {places}"


def _class(one: Mapping[str, Any]) -> ClassRow:
    figures = (one.get(figure) for figure in ("Precision", "Recall", "F1"))
    told = (NOTHING if value is None else f"{value:.3f}" for value in figures)
    return ClassRow(one["Label"], one["Rows"], *told)


def _counts(answer: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """actual -> predicted -> rows, with every class that has rows or is predicted."""
    matrix = answer["ConfusionMatrix"]
    seen = {label for one in matrix for label in (one["Actual"], one["Predicted"])}
    counts: dict[str, dict[str, int]] = {label: {} for label in _labels(answer) if label in seen}
    for one in matrix:
        counts[one["Actual"]][one["Predicted"]] = one["Rows"]
    return counts


def _labels(answer: Mapping[str, Any]) -> Iterator[str]:
    for one in answer["Classes"]:
        yield one["Label"]
