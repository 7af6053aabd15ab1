"""What the reports on several candidates say, drawn side by side or over one another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from windvane.console.candidate.reading import read_json
from windvane.console.charts.bars import bar_chart
from windvane.console.charts.base import Chart
from windvane.console.charts.overlay import Points, overlay_chart
from windvane.console.charts.predicted_actual import predicted_actual_chart
from windvane.console.comparing.paired import Paired, paired_of
from windvane.console.request_context import CallerObjects
from windvane.console.wording import percent
from windvane.errors import CallerFault

Document = Mapping[str, Any]

_MOST_POINTS, _MOST_BARS = 300, 12
_MOST_COLUMNS = 20_000
_MOST_VALUES = 60_000
"""Of one document: there are three of each candidate."""

_DIAGONAL = ((0.0, 0.0), (1.0, 1.0))


@dataclass(frozen=True)
class CandidateReports:
    """The documents of one candidate's reports, {} where there is none.

    trouble    why they cannot be read; "" if they can, or there are none
    """

    name: str
    statistics: Document
    figures: Document
    importance: Document
    trouble: str = ""

    @property
    def metrics(self) -> Document:
        found = (value for key, value in self.statistics.items() if key.endswith("_metrics"))
        return next(found, {})


@dataclass(frozen=True)
class Overlaid:
    """The charts of several candidates.

    predictions    of a regression, for each candidate;  importances  likewise, the same columns in the same order
    troubles       candidates whose reports cannot be read, and why
    """

    curves: Sequence[Chart]
    predictions: Sequence[tuple[str, Chart]]
    importances: Sequence[tuple[str, Chart]]
    paired: Paired | None
    troubles: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class ReportPlaces:
    """S3 URIs of the folders with a candidate's reports; "" where there is none."""

    name: str
    insights: str
    explanations: str


async def read_overlaid(
    objects: CallerObjects, places: Sequence[ReportPlaces], best: str
) -> Overlaid:
    """Read the reports of candidates and draw them; at most so many bytes of one candidate are in memory besides.

    best    the candidate that the others are tested against
    """
    async with objects.large():
        reports = [await _read_reports(objects, one) for one in places]
        return await objects.in_thread(overlaid, reports, best)


async def _read_reports(objects: CallerObjects, place: ReportPlaces) -> CandidateReports:
    async def read(folder: str, file: str) -> Document:
        found = await read_json(objects, f"{folder}/{file}", _MOST_VALUES) if folder else None
        return found or {}

    try:
        return CandidateReports(
            place.name,
            await read(place.insights, "statistics.json"),
            await read(place.insights, "figures.json"),
            await read(place.explanations, "feature_importance.json"),
        )
    except CallerFault as error:
        return CandidateReports(place.name, {}, {}, {}, str(error))


def overlaid(reports: Sequence[CandidateReports], best: str) -> Overlaid:
    """Draw what there is.

    best    the candidate that the others are tested against
    """
    told = [one for one in reports if one.figures or one.statistics]
    return Overlaid(
        list(_curves(told)),
        [(one.name, chart) for one in told if (chart := _predictions(one.figures)) is not None],
        _importances([one for one in reports if one.importance.get("importance")]),
        paired_of({one.name: one.figures for one in told}, best) if len(told) > 1 else None,
        [(one.name, one.trouble) for one in reports if one.trouble],
    )


def _curves(reports: Sequence[CandidateReports]) -> Iterator[Chart]:
    def of(points: Callable[[CandidateReports], Points | None]) -> list[tuple[str, Points]]:
        found = ((one.name, points(one)) for one in reports)
        return [(name, drawn) for name, drawn in found if drawn]

    roc = of(_pairs("receiver_operating_characteristic_curve", "false_positive_rates", "true_positive_rates"))  # fmt: skip
    if roc:
        titles = "false positive rate", "true positive rate"
        yield overlay_chart("ROC curves", roc, *titles, chance=("random", _DIAGONAL), say=percent)
    if found := of(_pairs("precision_recall_curve", "recalls", "precisions")):
        yield overlay_chart("Precision-recall curves", found, "recall", "precision", say=percent)
    share = "share of rows, highest probability first"
    if found := of(_gains):
        chance, y_title = ("random", _DIAGONAL), "share of positives found"
        yield overlay_chart("Cumulative gains", found, share, y_title, chance=chance, say=percent)
    if found := of(_pairs("lift_curve", "percentage_of_sample", "lift_value", 100)):
        chance = "random", ((0.1, 1.0), (1.0, 1.0))
        yield overlay_chart("Lift", found, share, "times random", chance=chance, is_share=False)
    if found := of(_calibration):
        chance, titles = ("perfect calibration", _DIAGONAL), ("probability", "observed share")
        yield overlay_chart("Calibration", found, *titles, chance=chance, say=percent)
    if found := of(_residuals):
        titles = "actual minus predicted", "share of rows per unit"
        yield overlay_chart("Residuals", found, *titles, is_share=False)


def _pairs(
    curve: str, x: str, y: str, x_unit: float = 1.0
) -> Callable[[CandidateReports], Points | None]:
    def found(one: CandidateReports) -> Points | None:
        drawn = one.metrics.get(curve)
        if drawn is None:
            return None
        return [(a / x_unit, b) for a, b in zip(drawn[x], drawn[y], strict=True)]

    return found


def _gains(one: CandidateReports) -> Points | None:
    drawn = _pairs("gain_curve", "percentage_of_sample", "gain_value", 100)(one)
    return [(0.0, 0.0), *drawn] if drawn else None


def _calibration(one: CandidateReports) -> Points | None:
    found = one.figures.get("calibration")
    return None if found is None else list(zip(found["predicted"], found["observed"], strict=True))


def _residuals(one: CandidateReports) -> Points | None:
    """Return the density of residuals at the middle of each bin: bins differ from candidate to candidate."""
    found = one.figures.get("residuals")
    if found is None:
        return None
    counts, edges = found["counts"], found["edges"]
    n_rows = max(1, sum(counts) + found["below"] + found["above"])
    return [
        ((low + high) / 2, count / n_rows / (high - low))
        for count, low, high in zip(counts, edges[:-1], edges[1:], strict=True)
        if high > low
    ]


def _predictions(figures: Document) -> Chart | None:
    found = figures.get("points")
    if found is None:
        return None
    step = max(1, -(-len(found["actual"]) // _MOST_POINTS))
    return predicted_actual_chart(found["predicted"][::step], found["actual"][::step])


def _importances(reports: Sequence[CandidateReports]) -> list[tuple[str, Chart]]:
    """Return the share of each column in the importance of all: sizes differ between scales of models, shares do not."""
    shares = {one.name: _shares(one.importance["importance"]) for one in reports}
    mean: dict[str, float] = {}
    for of_columns in shares.values():
        for column, share in of_columns.items():
            mean[column] = mean.get(column, 0.0) + share
    first = sorted(mean, key=lambda column: -mean[column])[:_MOST_BARS]
    return [
        (
            name,
            bar_chart(
                f"Importance in {name}",
                [(column, of_columns.get(column, 0.0)) for column in first],
                "column",
                "share of all columns' importance",
                percent,
            ),
        )
        for name, of_columns in shares.items()
    ]


def _shares(importance: Document) -> dict[str, float]:
    found = {name: abs(float(size)) for name, size in islice(importance.items(), _MOST_COLUMNS)}
    whole = sum(found.values())
    return {name: size / whole for name, size in found.items()} if whole else {}
