"""The data of a job: findings first, then the columns, and the whole exploration report in a frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from windvane.console.candidate.reading import read_json
from windvane.console.charts.bars import bar_chart
from windvane.console.charts.base import Chart
from windvane.console.draw import draw
from windvane.console.job.files import has_files
from windvane.console.job.views import FORECAST
from windvane.console.notes import why_unexplored
from windvane.console.report_frame import report_in_frame
from windvane.console.request_context import RequestContext, context_of
from windvane.console.stream import END, stream_fragments
from windvane.console.wording import NOTHING, number, percent
from windvane.errors import NotFound

Document = Mapping[str, Any]

_ANALYSIS = "preprocessed-data/dataset/analysis.json"
_FINDINGS = "preprocessed-data/series/findings.json"
_MOST_COLUMNS, _MOST_CLASSES, _MOST_FINDINGS = 500, 25, 500
_MOST_VALUES = 2_000_000
"""Of the analysis of the widest table; of all of them few are drawn."""

_UNKNOWN_POWER = -1.0
_LEAST_SHARE = 0.001
_FINAL = ("Completed", "Failed", "Stopped")


@dataclass(frozen=True)
class Finding:
    """A finding of the data checks.

    severity    high, medium or low
    """

    severity: str
    title: str
    columns: Sequence[str]
    message: str
    action: str
    consequence: str


@dataclass(frozen=True)
class Column:
    """A column of the table, as its analysis describes it.

    power      how well it alone foretells the target, from 0 to 1; None if that was not measured
    missing    share of its cells, or their number if there are very few
    """

    name: str
    type: str
    reason: str
    power: float | None
    missing: str
    distinct: int | None


@dataclass(frozen=True)
class Table:
    """The table that analysis.json describes."""

    target: str
    problem_type: str
    problem_reason: str
    n_rows: int
    n_rows_read: int
    n_columns: int
    n_features: int
    n_folds: int
    findings: Sequence[Finding]
    columns: Sequence[Column]
    classes: Chart | None


@dataclass(frozen=True)
class Series:
    """The series of a forecasting job, as findings.json describes them."""

    target: str
    n_series: int
    n_values: int
    frequency: str
    horizon: int
    findings: Sequence[Finding]


@dataclass(frozen=True)
class DataView:
    """The page of a job's data.

    table      None until the data are read and written, and of a forecasting job
    series     of a forecasting job alone
    report     URL of the page for the frame, "" while there is none;  files  what it is called and its URI
    why        the report is missing, in words; "" if nobody said
    is_deleted what the job wrote to S3 was there once, and is not any more
    """

    job_name: str
    tab: str
    status: str
    secondary: str
    failure: str
    table: Table | None
    series: Series | None
    report: str
    files: Sequence[tuple[str, str]]
    why: str
    endpoint_name: str
    is_deleted: bool

    @property
    def is_over(self) -> bool:
        return self.status in _FINAL

    @property
    def is_whole(self) -> bool:
        """Return whether everything is there, so that the page need not wait."""
        return self.is_over or bool(self.report and (self.table or self.series))

    @property
    def stage(self) -> str:
        """Return the stage of the job that this page shows; the page is loaded again when it changes."""
        return _stage(self.status, self.secondary, has_report=bool(self.report))


async def data(request: Request) -> Response:
    context, job = context_of(request), await _job(request)
    name = job["AutoMLJobName"]
    root = f"{job['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{name}"
    config = job["AutoMLProblemTypeConfig"].get(f"{FORECAST}JobConfig")
    series = None if config is None else await _series(context, config, root)
    async with context.objects.large():
        analysis = await read_json(context.objects, f"{root}/{_ANALYSIS}", _MOST_VALUES)
        table = None if analysis is None else await context.in_thread(table_of, analysis)
        del analysis
    notebook = _notebook(job)
    is_deleted = bool(notebook) and not await has_files(context, job)
    notebook = "" if is_deleted else notebook
    view = DataView(
        name,
        "data",
        job["AutoMLJobStatus"],
        job["AutoMLJobSecondaryStatus"],
        job.get("FailureReason", ""),
        table,
        series,
        f"/console/jobs/{quote(name, safe='')}/data/report" if notebook else "",
        [
            (title, f"{notebook}{ending}")
            for title, ending in (("HTML", ".html"), ("Notebook", ".ipynb"), ("PDF", ".pdf"))
            if notebook
        ],
        "" if notebook or is_deleted else await _why(context, job),
        job.get("ModelDeployResult", {}).get("EndpointName", ""),
        is_deleted,
    )
    return await context.in_thread(draw, request, "data.html", view)


async def watch(request: Request) -> Response:
    """Stream nothing until there is more to show than at the stage that the page was drawn at, and then its end."""
    await _job(request)  # a job that does not exist has no stream
    drawn_at = request.query_params.get("stage", "")

    async def render() -> Mapping[str, str]:
        job = await _job(request)
        status, secondary = job["AutoMLJobStatus"], job["AutoMLJobSecondaryStatus"]
        stage = _stage(status, secondary, has_report=bool(_notebook(job)))
        return {} if stage == drawn_at else {END: stage}

    return stream_fragments(request, render)


async def report(request: Request) -> Response:
    """Return the page that the engine wrote, for a frame that may do nothing."""
    job = await _job(request)
    notebook = _notebook(job)
    if not notebook:
        raise NotFound(f"There is no data exploration report of {job['AutoMLJobName']}.")
    return await report_in_frame(request, f"{notebook}.html")


def table_of(analysis: Document) -> Table:
    """Return columns in the order of what they say about the target."""
    statistics = analysis["statistics"]
    n_rows = analysis["n_rows"]
    columns = [_column(one, statistics.get(one["name"], {}), n_rows) for one in analysis["columns"]]
    columns.sort(key=lambda one: -(_UNKNOWN_POWER if one.power is None else one.power))
    left_out = ("identifier", "constant", "unused")
    return Table(
        analysis["target"],
        analysis["problem_type"],
        analysis["problem_reason"],
        n_rows,
        analysis["n_rows_read"],
        len(columns),
        sum(one.type not in left_out for one in columns),
        analysis["n_folds"],
        [_finding(one) for one in analysis["findings"][:_MOST_FINDINGS]],
        columns[:_MOST_COLUMNS],
        _classes(analysis),
    )


async def _series(context: RequestContext, config: Document, root: str) -> Series | None:
    """Return what was found in the series of a forecasting job; None until they are read."""
    async with context.objects.large():
        found = await read_json(context.objects, f"{root}/{_FINDINGS}")
    if found is None:
        return None
    return Series(
        config["TimeSeriesConfig"]["TargetAttributeName"],
        found.get("n_series", 0),
        found.get("n_values", 0),
        found.get("frequency", ""),
        config["ForecastHorizon"],
        [_finding(one) for one in found["findings"][:_MOST_FINDINGS]],
    )


def _stage(status: str, secondary: str, *, has_report: bool) -> str:
    return f"{status}-{secondary}{'-explored' if has_report else ''}"


async def _job(request: Request) -> dict[str, Any]:
    names = {"AutoMLJobName": request.path_params["name"]}
    return await context_of(request).ask("sagemaker", "DescribeAutoMLJobV2", names)


def _notebook(job: Document) -> str:
    """Return its S3 URI without the ending, which page and paper share; "" while there is none."""
    uri: str = job.get("AutoMLJobArtifacts", {}).get("DataExplorationNotebookLocation", "")
    return uri.removesuffix(".ipynb")


async def _why(context: RequestContext, job: Document) -> str:
    """Return why there is no report, as far as the job says."""
    if not job.get("PartialFailureReasons"):
        return ""
    named = {"AutoMLJobName": job["AutoMLJobName"]}
    progress = await context.ask("windvane", "DescribeAutoMLJobProgress", named)
    return why_unexplored(progress["PartialFailures"])


def _finding(one: Document) -> Finding:
    title = one["code"].replace("-", " ")
    return Finding(
        one["severity"],
        title[:1].upper() + title[1:],
        one["columns"][:_MOST_COLUMNS],
        one["message"],
        one["action"],
        one.get("consequence", ""),
    )


def _column(one: Document, statistics: Document, n_rows: int) -> Column:
    power = statistics.get("prediction_power", _UNKNOWN_POWER)
    known = None if power < 0 else power
    missing = _missing(statistics.get("missing"), n_rows)
    return Column(
        one["name"], one["type"], one["reason"], known, missing, statistics.get("distinct")
    )


def _missing(n_cells: int | None, n_rows: int) -> str:
    """Return a share; of very few cells their number."""
    if n_cells is None:
        return NOTHING
    is_few = n_cells < _LEAST_SHARE * n_rows
    return number(n_cells) if is_few else percent(n_cells / n_rows)


def _classes(analysis: Document) -> Chart | None:
    """Return the chart of classes in the order that they have everywhere; of very many the most frequent ones."""
    bars = list(zip(analysis["labels"], analysis["class_counts"], strict=True))
    if not bars:
        return None
    title, kept = "Class distribution", bars
    if len(bars) > _MOST_CLASSES:
        title += f": the {_MOST_CLASSES} most frequent of {len(bars)}"
        frequent = set(sorted(range(len(bars)), key=lambda i: -bars[i][1])[:_MOST_CLASSES])
        kept = [bar for i, bar in enumerate(bars) if i in frequent]
    return bar_chart(title, kept, "class", "rows", lambda n: f"{n:,.0f}")


ROUTES = (
    Route("/console/jobs/{name}/data", data, methods=["GET"]),
    Route("/console/jobs/{name}/data/watch", watch, methods=["GET"]),
    Route("/console/jobs/{name}/data/report", report, methods=["GET"]),
)
