"""The steps of a candidate: when each ran, and what it wrote into its log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from windvane.console.candidate.head import Answer, Shown
from windvane.console.charts.base import Chart
from windvane.console.charts.gantt import Span, gantt_chart
from windvane.console.comparing.lines import step_titles
from windvane.console.request_context import RequestContext
from windvane.errors import NotFound

_MOST_LINES = 500


@dataclass(frozen=True)
class StepRow:
    title: str
    kind: str
    name: str
    status: str
    reason: str
    started: datetime | None
    ended: datetime | None
    took_s: float | None
    is_shown: bool


@dataclass(frozen=True)
class LogLine:
    time: datetime
    text: str


@dataclass(frozen=True, kw_only=True)
class StepsView(Shown):
    """The tab "Steps" of a candidate.

    lines    of the log of the step that is shown, oldest first;  log  its place
    """

    steps: Sequence[StepRow]
    chart: Chart | None
    log: str
    lines: Sequence[LogLine]


def rows_of(answer: Answer, shown: str) -> list[StepRow]:
    return [
        _row(title, step, shown)
        for title, step in zip(step_titles(answer), answer["Steps"], strict=False)
    ]


def _row(title: str, step: Answer, shown: str) -> StepRow:
    started, ended = step.get("StartTime"), step.get("EndTime")
    took = (ended - started).total_seconds() if started and ended else None
    name = step["CandidateStepName"]
    kind = step["CandidateStepType"].rpartition("::")[2]
    status, reason = step.get("Status", ""), step.get("FailureReason", "")
    return StepRow(title, kind, name, status, reason, started, ended, took, name == shown)


def chart_of(rows: Sequence[StepRow]) -> Chart | None:
    """Return the chart of the steps; None until two steps have ended."""
    spans = [(row.title, row.started, row.ended) for row in rows]
    known = [(title, start, end) for title, start, end in spans if start and end]
    if len(known) < 2:
        return None
    first = min(start for _, start, _ in known)
    return gantt_chart(
        "Steps over time",
        [
            Span(title, (start - first).total_seconds(), (end - first).total_seconds())
            for title, start, end in known
        ],
    )


async def lines_of(context: RequestContext, step: Answer) -> list[LogLine]:
    """Return the newest lines of a step's log; none if it has not begun."""
    if "LogGroupName" not in step:
        return []
    asked = {
        "logGroupName": step["LogGroupName"],
        "logStreamName": step["LogStreamName"],
        "limit": _MOST_LINES,
        "startFromHead": False,
    }
    try:
        found: dict[str, Any] = await context.ask("logs", "GetLogEvents", asked)
    except NotFound:
        return []
    return [
        LogLine(datetime.fromtimestamp(one["timestamp"] / 1000, UTC), one["message"])
        for one in found["events"]
    ]
