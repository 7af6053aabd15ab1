"""Why a candidate answers as it does, from analysis.json and the values of each row."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import sqrt
from statistics import stdev
from typing import Any

from windvane.console.candidate.forecast_explanation import (
    KIND,
    ForecastExplanation,
    forecast_explanation_of,
)
from windvane.console.candidate.head import Shown
from windvane.console.candidate.reading import as_the_report_has_it, read_bytes, read_json
from windvane.console.charts.bars import bar_chart
from windvane.console.charts.base import Chart
from windvane.console.charts.dependence import (
    MOST_LINES,
    Answers,
    Dependence,
    common_range,
    dependence_chart,
)
from windvane.console.charts.swarm import Strip, swarm_chart
from windvane.console.request_context import CallerObjects
from windvane.errors import InvalidRequest

Document = Mapping[str, Any]
Table = Mapping[str, Sequence[str]]

_MOST_BARS, _MOST_STRIPS = 25, 12
_MOST_OUTPUTS, _MOST_DEPENDENCES = 1_000, 100
_MOST_ROWS = 300
"""Of a row-by-row picture."""

_MOST_CELLS = 3_000_000
"""Of a table: one of MOST_BYTES with the shortest numbers has about so many."""

_MOST_ROWS_READ = 10_000
"""Of a table: hundreds are explained. What is worked out of each row is not let go of in between."""

_SAMPLE = "preprocessed-data/explainability_samples/sample.csv"
_BELOW_ROOT = "/documentation/explainability/output"


_FEW_ROWS = 100
"""Below this, a mean of values that vary as much as it is large has a standard error above a tenth of it."""


_MANY_ROWS = 300
"""Fewer are explained for want of time, or because the table has no more."""


@dataclass(frozen=True)
class Explanation:
    """The content of the tab "Explanation": an explainability report, for one output of the model.

    outputs    names that a class can be chosen by; () where there is one thing to explain
    output     the one that is shown
    scale      what contributions are measured in
    n_rows, n_explained
               rows that are drawn, of those that importances rest on
    """

    importance: Chart
    swarm: Chart | None
    dependences: Sequence[Chart]
    outputs: Sequence[str]
    output: int
    scale: str
    n_rows: int
    n_explained: int

    @property
    def is_rough(self) -> bool:
        return self.n_explained < _FEW_ROWS

    @property
    def is_small(self) -> bool:
        """Return whether a report with more time may explain more rows."""
        return self.n_explained < _MANY_ROWS


@dataclass(frozen=True, kw_only=True)
class ExplanationView(Shown):
    """The tab "Explanation" of a candidate.

    explanation    None while there is no report, and for a forecast
    forecast       what forecasts are made of; None while there is no report, and for a table
    reports        state of the reports
    """

    explanation: Explanation | None
    reports: Any
    forecast: ForecastExplanation | None = None


@dataclass(frozen=True)
class Place:
    """The place of the files.

    explanations    S3 prefix of all explanations of the job
    candidate       its name
    labels          of classes, () for regression or if they are not known
    has_sample      whether the rows that were explained are kept: those of the best candidate
    """

    explanations: str
    candidate: str
    labels: Sequence[str]
    has_sample: bool

    @property
    def folder(self) -> str:
        return f"{self.explanations}/{self.candidate}"

    @property
    def sample(self) -> str:
        return f"{self.explanations.removesuffix(_BELOW_ROOT)}/{_SAMPLE}"


async def read_explanation(
    objects: CallerObjects, place: Place, target: str, output: int
) -> Explanation | None:
    """Read an explanation; None if there is no analysis.json.

    output    of the classes, the one that is asked about
    """
    async with objects.large():
        analysis, values, sample = await asyncio.gather(
            read_json(objects, f"{place.folder}/analysis.json"),
            read_bytes(objects, f"{place.folder}/explanations_shap/out.csv"),
            read_bytes(objects, place.sample) if place.has_sample else _nothing(),
        )
        if analysis is None:
            return None
        return await objects.in_thread(_explained, analysis, values, sample, place, target, output)


async def read_forecast_explanation(
    objects: CallerObjects, folder: str, chosen: int | None
) -> ForecastExplanation | None:
    """Read what forecasts are made of; None if there is no such report.

    folder    S3 URI of the report
    chosen    place of the series to picture; None for the first
    """
    async with objects.large():
        figures = await read_json(objects, f"{folder}/figures.json")
        if figures is None:
            return None
        if figures.get("kind") != KIND:
            raise InvalidRequest(f"{folder}/figures.json explains no forecasts.")
        return await objects.in_thread(_forecast_explanation, figures, folder, chosen)


def _forecast_explanation(
    figures: Document, folder: str, chosen: int | None
) -> ForecastExplanation:
    with as_the_report_has_it(f"{folder}/figures.json"):
        return forecast_explanation_of(figures, chosen)


def _explained(
    analysis: Document,
    values: bytes | None,
    sample: bytes | None,
    place: Place,
    target: str,
    output: int,
) -> Explanation:
    """Return what is shown, worked out beside the event loop: there may be much of it."""
    rows, cells = _table(values), _table(sample)
    with as_the_report_has_it(f"{place.folder}/analysis.json"):
        return explanation_of(analysis, rows, cells, place.labels, target, output)


async def _nothing() -> None:
    return None


def explanation_of(
    analysis: Document,
    values: Table,
    cells: Table,
    labels: Sequence[str],
    target: str,
    output: int,
) -> Explanation:
    """Return what is shown of a report for one output of the model.

    values    columns of explanations_shap/out.csv;  cells  of the rows explained; empty if they are not known
    """
    explanations = analysis["explanations"]
    by_label = explanations["kernel_shap"]
    outputs = _outputs(by_label, labels)
    chosen = output if 0 <= output < len(outputs) else 0
    scale = _scale(by_label, labels, target, outputs, chosen)
    strips = _strips(values, cells, chosen)
    n_rows = len(strips[0].values) if strips else 0
    errors = _errors(values, len(by_label))
    return Explanation(
        _importance(by_label, errors),
        swarm_chart(strips, scale) if strips else None,
        _dependences(explanations.get("pdp", ()), labels, target),
        outputs,
        chosen,
        scale,
        n_rows,
        max(map(len, values.values()), default=0),
    )


def _outputs(by_label: Document, labels: Sequence[str]) -> list[str]:
    """Return those that can be chosen between: the classes if there are three and more."""
    if len(by_label) < 3:
        return []
    known = len(labels) == len(by_label)
    names = labels if known else [f"class {label}" for label in by_label]
    return list(names[:_MOST_OUTPUTS])


def _scale(
    by_label: Document, labels: Sequence[str], target: str, outputs: Sequence[str], chosen: int
) -> str:
    if len(by_label) == 1:
        return f"value of {target}"
    if outputs:
        return f"log-probability of {outputs[chosen]} relative to the mean over the classes"
    return f"log-odds of {labels[1] if len(labels) == 2 else 'the positive class'}"


def _errors(values: Table, n_outputs: int) -> dict[str, float]:
    """Return the standard error of each column's importance, that of explaining these rows in place of all; {} of less
    than two rows."""
    counted = range(n_outputs) if n_outputs > 2 else range(1)
    sizes: dict[str, list[float]] = {}
    for output in counted:
        suffix = f"_label{output}"
        for name, column in values.items():
            if name.endswith(suffix):
                told = [abs(float(text)) for text in column]
                known = sizes.get(name.removesuffix(suffix), [0.0] * len(told))
                sizes[name.removesuffix(suffix)] = [a + b for a, b in zip(known, told, strict=True)]
    return {name: stdev(each) / sqrt(len(each)) for name, each in sizes.items() if len(each) > 1}


def _importance(by_label: Document, errors: Mapping[str, float]) -> Chart:
    """Return the chart of importances with their standard errors. Of three classes and more their sum; two have the same."""
    every = list(by_label.values())
    counted = every if len(every) > 2 else every[-1:]
    sums: dict[str, float] = {}
    for one in counted:
        for name, value in one["global_shap_values"].items():
            sums[name] = sums.get(name, 0.0) + value
    bars = sorted(sums.items(), key=lambda bar: -bar[1])
    title = "Feature importance"
    if len(bars) > _MOST_BARS:
        title += f": {_MOST_BARS} of {len(bars)} columns"
    return bar_chart(title, bars[:_MOST_BARS], "column", "mean absolute SHAP value", errors=errors)


def _strips(values: Table, cells: Table, output: int) -> list[Strip]:
    suffix = f"_label{output}"
    found = {
        name.removesuffix(suffix): [float(text) for text in column]
        for name, column in values.items()
        if name.endswith(suffix)
    }
    ranked = sorted(found, key=lambda name: -sum(map(abs, found[name])))[:_MOST_STRIPS]
    n_rows = max((len(column) for column in found.values()), default=0)
    if not n_rows:
        return []
    step = -(-n_rows // _MOST_ROWS)
    return [
        Strip(name, found[name][::step], _standing(cells.get(name, ()), n_rows)[::step])
        for name in ranked
    ]


def _standing(cells: Sequence[str], n_rows: int) -> list[float | None]:
    """Return where each value stands by rank among the numbers of the column; None for words, for what is missing, and
    if cells are not known."""
    if len(cells) != n_rows:
        return [None] * n_rows
    numbers = [_number(cell) for cell in cells]
    if any(one is None and cell for one, cell in zip(numbers, cells, strict=True)):
        return [None] * n_rows
    order = {value: i for i, value in enumerate(sorted({n for n in numbers if n is not None}))}
    last = max(1, len(order) - 1)
    return [None if one is None else order[one] / last for one in numbers]


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _dependences(pdp: Sequence[Document], labels: Sequence[str], target: str) -> list[Chart]:
    if not pdp:
        return []
    kept = _most_moved(pdp)
    every = [_dependence(one, kept, labels, target) for one in pdp[:_MOST_DEPENDENCES]]
    reach = common_range(every)
    y_title = f"mean prediction of {target}"
    if _is_classes(every, labels):
        y_title = f"mean probability of {labels[1]}" if len(labels) == 2 else "mean probability"
    return [dependence_chart(one, y_title, reach) for one in every]


def _is_classes(every: Sequence[Dependence], labels: Sequence[str]) -> bool:
    return bool(labels) or len(every[0].outputs) > 1


def _most_moved(pdp: Sequence[Document]) -> list[int]:
    """Return places of the outputs that change most; the same for all columns, so that a class keeps its colour."""
    moved = [0.0] * len(pdp[0]["model_predictions"])
    for one in pdp:
        for place, values in enumerate(one["model_predictions"]):
            moved[place] += max(values) - min(values)
    return sorted(sorted(range(len(moved)), key=lambda place: -moved[place])[:MOST_LINES])


def _dependence(
    one: Document, outputs: Sequence[int], labels: Sequence[str], target: str
) -> Dependence:
    answers = one["model_predictions"]
    names = list(_output_names(len(answers), labels, target))
    kept = [Answers(names[place], answers[place]) for place in outputs]
    return Dependence(one["feature_name"], one["feature_values"], one["data_distribution"], kept)


def _output_names(n_outputs: int, labels: Sequence[str], target: str) -> Iterator[str]:
    if n_outputs == 1:
        yield labels[1] if len(labels) == 2 else target
        return
    for place in range(n_outputs):
        yield labels[place] if len(labels) == n_outputs else f"class {place}"


def _table(data: bytes | None) -> Table:
    """Return columns of a CSV file by name."""
    if data is None:
        return {}
    if (n_cells := data.count(b",") + data.count(b"\n")) > _MOST_CELLS:
        raise InvalidRequest(
            f"A table of the explanation has {n_cells:,} values; at most {_MOST_CELLS:,} are shown."
        )
    lines = csv.reader(io.StringIO(data.decode("utf-8", "replace")))
    head, *rows = islice(lines, _MOST_ROWS_READ + 2)
    if len(rows) > _MOST_ROWS_READ:
        raise InvalidRequest(
            f"A table of the explanation has more than {_MOST_ROWS_READ:,} rows, the most that are shown."
        )
    return dict(zip(head, zip(*rows, strict=True), strict=True)) if rows else {}
