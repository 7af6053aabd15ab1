"""How good a candidate is, from statistics.json and figures.json of its model insights report."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from windvane.console.candidate.forecast import KIND as FORECAST
from windvane.console.candidate.forecast import ForecastQuality, forecast_quality_of
from windvane.console.candidate.groups import AskedGroups, Groups, groups_by
from windvane.console.candidate.head import Shown
from windvane.console.candidate.reading import as_the_report_has_it, read_json
from windvane.console.candidate.segments import Segments, segments_of
from windvane.console.candidate.thresholds import Choice, Thresholds, threshold_chart
from windvane.console.charts.bands import Band, band_chart
from windvane.console.charts.base import Chart
from windvane.console.charts.confusion import confusion_chart
from windvane.console.charts.curve import Curve, curve_chart
from windvane.console.charts.histogram import histogram_chart
from windvane.console.charts.predicted_actual import predicted_actual_chart
from windvane.console.charts.reliability import Bin, reliability_chart
from windvane.console.charts.residuals import residual_chart
from windvane.console.request_context import CallerObjects
from windvane.console.scores import FormattedScore, format_score
from windvane.console.wording import number, percent
from windvane.errors import InvalidRequest

Document = Mapping[str, Any]

_TITLES = {
    "accuracy": "Accuracy",
    "f1": "F1",
    "precision": "Precision",
    "recall": "Recall",
    "f0_5": "F0.5 (weights precision more)",
    "f2": "F2 (weights recall more)",
    "auc": "Area under the ROC curve",
    "au_prc": "Area under the precision-recall curve",
    "true_positive_rate": "True positive rate",
    "true_negative_rate": "True negative rate",
    "false_positive_rate": "False positive rate",
    "false_negative_rate": "False negative rate",
    "weighted_precision": "Precision, weighted by class",
    "weighted_recall": "Recall, weighted by class",
    "weighted_f0_5": "F0.5, weighted by class",
    "weighted_f1": "F1, weighted by class",
    "weighted_f2": "F2, weighted by class",
    "mae": "Mean absolute error",
    "mse": "Mean squared error",
    "rmse": "Root mean squared error",
    "r2": "R²",
}
"""Of figures in statistics.json, in the order of the page."""

_CONSTANT = "_best_constant_classifier"
_CONSTANT_VALUE = "_best_constant_prediction"
"""What the names of figures end in that the same prediction for every row reaches, of classes and of values."""

_MOST_CLASSES = 1_000
_MOST_INTERVALS = 100
_DIAGONAL = ((0.0, 0.0), (1.0, 1.0))


@dataclass(frozen=True)
class Measure:
    """One metric of the report; the error of its figure is a standard deviation across folds.

    constant    what always giving the best single answer would reach; "" where that means nothing
    """

    title: str
    figure: FormattedScore
    constant: str


@dataclass(frozen=True)
class ClassRow:
    label: str
    support: int
    precision: FormattedScore
    recall: FormattedScore
    f1: FormattedScore


@dataclass(frozen=True)
class ThresholdView:
    """The slider for the decision threshold, with its chart.

    own    the model's threshold;  chosen  what the asked one does
    """

    positive: str
    negative: str
    own: float
    chosen: Choice
    data: dict[str, Any]
    chart: Chart


@dataclass(frozen=True)
class Interval:
    level: str
    held: str
    width: str


@dataclass(frozen=True)
class Quality:
    """The content of the tab "Quality": a model insights report.

    rows    which were judged, in words;  sentences  that stand above the charts
    """

    n_rows: int
    rows: str
    measures: Sequence[Measure]
    confusion: Chart | None
    classes: Sequence[ClassRow]
    curves: Sequence[Chart]
    calibration: Chart | None
    calibration_error: str
    threshold: ThresholdView | None
    regression: Sequence[Chart]
    intervals: Sequence[Interval]
    has_figures: bool
    segments: Segments | None = None
    groups: Groups | None = None

    @property
    def has_baseline(self) -> bool:
        """Return whether a metric has a baseline: reports on regressions of earlier versions have none."""
        return any(one.constant for one in self.measures)


@dataclass(frozen=True, kw_only=True)
class QualityView(Shown):
    """The tab "Quality" of a candidate.

    quality    None while there is no report, and of forecasts;  forecast  of forecasts alone
    reports    of what is being made, None if nothing is
    """

    quality: Quality | None
    forecast: ForecastQuality | None
    reports: Any


@dataclass(frozen=True)
class Asked:
    """The part of a report that a reader asks for.

    threshold    asked about; None for the model's own
    segment      column to show errors by; "" for the one that tells most
    groups       what is asked about groups
    first        of forecasts: place of the first series that is listed
    series       of forecasts: place of the series that is pictured; None for the worst ones
    """

    threshold: float | None = None
    segment: str = ""
    first: int = 0
    series: int | None = None
    groups: AskedGroups = field(default_factory=AskedGroups)


async def read_quality(
    objects: CallerObjects, folder: str, asked: Asked
) -> Quality | ForecastQuality | None:
    """Read the quality report; None if there is none.

    folder    S3 URI of the candidate's model insights report
    """
    async with objects.large():
        statistics, figures, segments = await asyncio.gather(
            read_json(objects, f"{folder}/statistics.json"),
            read_json(objects, f"{folder}/figures.json"),
            read_json(objects, f"{folder}/segments.json"),
        )
        if figures is not None and figures.get("kind") == FORECAST:
            return await objects.in_thread(_forecast_quality, figures, folder, asked)
        if statistics is None:
            return None
        return await objects.in_thread(_table_quality, statistics, figures, segments, folder, asked)


def _table_quality(
    statistics: Document,
    figures: Document | None,
    segments: Document | None,
    folder: str,
    asked: Asked,
) -> Quality:
    with as_the_report_has_it(f"{folder}/statistics.json"):
        found = quality_of(statistics, figures, asked.threshold)
    with as_the_report_has_it(f"{folder}/segments.json"):
        return replace(
            found,
            segments=segments_of(segments, asked.segment),
            groups=groups_by(segments, asked.groups),
        )


def _forecast_quality(figures: Document, folder: str, asked: Asked) -> ForecastQuality:
    with as_the_report_has_it(f"{folder}/figures.json"):
        return forecast_quality_of(figures, asked.first, asked.series)


def quality_of(statistics: Document, figures: Document | None, threshold: float | None) -> Quality:
    """Return what is shown of a model insights report.

    figures    None for a report of a version that wrote none
    """
    dataset = statistics["dataset"]
    metrics = next((value for key, value in statistics.items() if key.endswith("_metrics")), None)
    if metrics is None:
        raise InvalidRequest("The report's statistics.json contains no metrics.")
    drawn = figures or {}
    calibration = drawn.get("calibration")
    matrix = metrics.get("confusion_matrix")
    thresholds = _threshold(drawn, threshold)
    return Quality(
        dataset["item_count"],
        dataset.get("rows", "rows"),
        list(_measures(metrics)),
        confusion_chart(matrix) if matrix else None,
        [_class_row(*one) for one in islice(metrics.get("per_class", {}).items(), _MOST_CLASSES)],
        list(_curves(metrics, thresholds.chosen if thresholds else None)),
        _calibration(calibration, n_labels=len(drawn["labels"])) if calibration else None,
        percent(calibration["expected_error"]) if calibration else "",
        thresholds,
        list(_regression(drawn)),
        list(_held(drawn)),
        figures is not None,
    )


def _measures(metrics: Document) -> Iterator[Measure]:
    for key, title in _TITLES.items():
        if key in metrics:
            found = metrics.get(f"{key}{_CONSTANT}", metrics.get(f"{key}{_CONSTANT_VALUE}", {}))
            figure, constant = _formatted(metrics[key]), found.get("value")
            yield Measure(title, figure, "" if constant is None else figure.beside(constant))


def _formatted(figure: Document) -> FormattedScore:
    return format_score(figure.get("value"), figure.get("standard_deviation"))


def _class_row(label: str, row: Document) -> ClassRow:
    of = {name: _formatted(row.get(name, {})) for name in ("precision", "recall", "f1")}
    return ClassRow(label, row["support"], **of)


def _curves(metrics: Document, chosen: Choice | None) -> Iterator[Chart]:
    """Draw the curves with marks of the chosen threshold; of a report without thresholds, of the model's own."""
    if (roc := metrics.get("receiver_operating_characteristic_curve")) is not None:
        x, y = "false positive rate", "true positive rate"
        points = _pairs(roc, "false_positive_rates", "true_positive_rates")
        of = "false_positive_rate", "recall"
        here = _rates(metrics, x.replace(" ", "_"), y.replace(" ", "_"))
        if chosen is not None:
            here = chosen.false_positive_rate, chosen.recall
        yield curve_chart(Curve("ROC curve", x, y, points, _DIAGONAL, here, of))
    if (found := metrics.get("precision_recall_curve")) is not None:
        points = _pairs(found, "recalls", "precisions")
        share = metrics.get(f"precision{_CONSTANT}", {}).get("value", 0.0)
        chance, here = [(0.0, share), (1.0, share)], _rates(metrics, "recall", "precision")
        title, of = "Precision-recall curve", ("recall", "precision")
        if chosen is not None:
            here = chosen.recall, 1.0 if chosen.precision is None else chosen.precision
        yield curve_chart(Curve(title, *of, points, chance, here, of))
    if (gain := metrics.get("gain_curve")) is not None:
        x, y = "share of rows, highest probability first", "share of positives found"
        points = [(0.0, 0.0), *_tenths(gain, "gain_value")]
        yield curve_chart(Curve("Cumulative gains", x, y, points, _DIAGONAL))


def _pairs(curve: Document, x: str, y: str) -> list[tuple[float, float]]:
    return list(zip(curve[x], curve[y], strict=True))


def _rates(metrics: Document, x: str, y: str) -> tuple[float, float] | None:
    """Return where the model decides; None if a rate is not known."""
    if x not in metrics or y not in metrics:
        return None
    return metrics[x]["value"], metrics[y]["value"]


def _tenths(curve: Document, values: str) -> list[tuple[float, float]]:
    shares = [one / 100 for one in curve["percentage_of_sample"]]
    return list(zip(shares, curve[values], strict=True))


def _calibration(found: Document, *, n_labels: int) -> Chart:
    columns = (found[name] for name in ("rows", "predicted", "observed", "low", "high"))
    bins = [Bin(*row) for row in zip(*columns, strict=True)]
    if n_labels == 2:
        return reliability_chart(
            bins, "probability of the positive class", "observed share of positives"
        )
    return reliability_chart(bins, "probability of the predicted class", "observed accuracy")


def _threshold(figures: Document, asked: float | None) -> ThresholdView | None:
    if "thresholds" not in figures:
        return None
    found = Thresholds.of(figures["thresholds"])
    negative, positive = figures["labels"]
    chosen = found.at(found.own if asked is None else min(max(asked, 0.0), 1.0))
    return ThresholdView(
        positive, negative, found.own, chosen, found.data, threshold_chart(found, chosen.threshold)
    )


def _regression(figures: Document) -> Iterator[Chart]:
    if (points := figures.get("points")) is not None:
        yield predicted_actual_chart(points["predicted"], points["actual"])
        yield residual_chart(points["predicted"], points["actual"])
    if (found := figures.get("residuals")) is not None:
        beyond = found["below"] + found["above"]
        caption = f"{beyond:,} rows lie outside the range shown." if beyond else ""
        title = "actual minus predicted"
        yield histogram_chart("Residuals", found["counts"], found["edges"], title, caption)
    if (made := figures.get("intervals")) is not None:
        columns = (made[name] for name in ("rows", "centres", "low", "high"))
        yield band_chart([Band(*row) for row in zip(*columns, strict=True)], made["levels"])


def _held(figures: Document) -> Iterator[Interval]:
    made = figures.get("intervals", {})
    if "held" in made:
        rows = zip(made["levels"], made["held"], made["width"], strict=True)
        for level, held, width in islice(rows, _MOST_INTERVALS):
            yield Interval(percent(level), percent(held), number(width))
