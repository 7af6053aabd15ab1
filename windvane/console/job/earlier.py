"""The job that a job is based on, and how the two compare: scores, data and the settings that differ."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import hypot
from typing import Any

from windvane.console.job_form.again import draft_of
from windvane.console.job_form.draft import Draft
from windvane.console.request_context import RequestContext
from windvane.console.scores import FormattedScore, format_score
from windvane.console.wording import spoken
from windvane.errors import CallerFault, NotFound

_CLEAR = 2.0
"""Standard errors of a difference from which on it is clear."""

_UNKNOWN = format_score(None)

_SETTINGS = {
    "uri": "Data",
    "target": "Column to predict",
    "content": "Column of texts",
    "timestamp": "Column of times",
    "item": "Column of items",
    "frequency": "Frequency",
    "horizon": "Horizon",
    "quantiles": "Quantiles",
    "problem_type": "Problem type",
    "objective": "Objective",
    "time_limit": "Time limit",
    "candidates": "Maximum candidates",
    "mode": "Mode",
    "role": "Role",
}
"""Titles of the fields of a form that make a difference to the result."""


@dataclass(frozen=True)
class Setting:
    """A setting that two jobs do not share; "" where it is left to the server."""

    title: str
    before: str
    now: str


@dataclass(frozen=True)
class Earlier:
    """The job that a job is based on.

    why        it cannot be compared; "" if it can
    settings   that differ
    is_other_data  whether the two were trained on different locations, so that their scores are of different rows
    """

    name: str
    why: str = ""
    status: str = ""
    objective: str = ""
    is_minimized: bool = False
    score: FormattedScore = _UNKNOWN
    best: str = ""
    n_rows: int | None = None
    n_columns: int | None = None
    n_done: int = 0
    took_s: float | None = None
    settings: tuple[Setting, ...] = ()

    @property
    def is_other_data(self) -> bool:
        return any(one.title == _SETTINGS["uri"] for one in self.settings)

    def verdict(self, objective: str, score: FormattedScore) -> str:
        """Return how a score compares with this job's best; "" if the two cannot be compared."""
        if score.value is None or self.score.value is None or objective != self.objective:
            return ""
        change = score.value - self.score.value
        if self.score.spread and score.spread:
            if abs(change) < _CLEAR * hypot(self.score.spread, score.spread):
                return "no clear difference"
        elif change == 0:
            return "the same"
        is_better = change < 0 if self.is_minimized else change > 0
        return f"{'better' if is_better else 'worse'} by {score.beside(abs(change))}"


async def earlier_of(context: RequestContext, job: Mapping[str, Any], name: str) -> Earlier | None:
    """Return the job that a job says it is based on; None if it says none.

    job     of DescribeAutoMLJobV2
    name    of the one that it is based on; "" for none
    """
    if not name:
        return None
    asked = {"AutoMLJobName": name}
    try:
        progress, described = await asyncio.gather(
            context.ask("windvane", "DescribeAutoMLJobProgress", asked),
            context.ask("sagemaker", "DescribeAutoMLJobV2", asked),
        )
    except NotFound:
        return Earlier(name, "It does not exist any more.")
    except CallerFault as fault:
        return Earlier(name, str(fault))
    return _earlier(progress, described, job)


def _earlier(
    progress: Mapping[str, Any], described: Mapping[str, Any], job: Mapping[str, Any]
) -> Earlier:
    scores: Sequence[Mapping[str, Any]] = progress["Scores"]
    best = min(scores, key=lambda one: int(one["Rank"])) if scores else {}
    counts = progress["CandidateCounts"]
    end = progress.get("EndTime") or progress["Now"]
    return Earlier(
        progress["AutoMLJobName"],
        "",
        progress["AutoMLJobStatus"],
        progress.get("Objective", ""),
        progress.get("ObjectiveIsMinimized", False),
        format_score(best.get("Score"), best.get("StandardError")),
        spoken(best["Algorithm"], best["CandidateNumber"]) if best else "",
        progress.get("RowCount"),
        progress.get("ColumnCount"),
        counts["Completed"] + counts["Failed"] + counts["Stopped"],
        (end - progress["CreationTime"]).total_seconds(),
        tuple(_changed(draft_of(described), draft_of(job))),
    )


def _changed(before: Draft, now: Draft) -> Iterator[Setting]:
    for name, title in _SETTINGS.items():
        old, new = getattr(before, name), getattr(now, name)
        if old != new:
            yield Setting(title, old, new)
