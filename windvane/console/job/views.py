"""What the page of an AutoML job shows, made of the answers of operations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from markupsafe import Markup

from windvane.console.charts.base import Chart
from windvane.console.charts.best_so_far import NARROW, WIDE, Mark, best_so_far, n_outside
from windvane.console.job.earlier import Earlier
from windvane.console.job.phases import FINAL, Phase, phases_of, plan_of
from windvane.console.job.tags import ARCHIVED, PROJECT, sensitive_columns
from windvane.console.notes import MISSING_REPORTS, remedy_anchor
from windvane.console.scores import FormattedScore, format_score, looks_misplaced
from windvane.console.wording import spoken
from windvane.notes.log import DESCRIBED, WITHHELD

_BOARD_ROWS = 10
FORECAST = "TimeSeriesForecasting"
"""source    the name of the problem type in SageMaker's API reference"""

_ALL_CANDIDATES = "MaxCandidatesReached"

TASK_WORDS = {
    "analyze": "Reading the data and detecting column types",
    "split": "Writing the split data",
    "explore": "Generating the data exploration report",
    "features": "Fitting a feature recipe",
    "transform": "Writing transformed data",
    "fewer-rows": "Training the first candidate on fewer rows",
    "ensemble": "Combining the best candidates",
    "refit": "Training a candidate on all rows",
    "pack": "Packaging the best candidate",
    "baseline": "Training a baseline",
    "explain": "Explaining the best candidate",
    "insights": "Evaluating the best candidate",
    "retain": "Deleting models that are not kept",
}


@dataclass(frozen=True)
class Running:
    """A candidate that is being trained.

    memory    bytes
    """

    title: str
    recipe: str
    age_s: float
    left_s: float
    memory: int | None


@dataclass(frozen=True)
class Ranked:
    """A candidate on the board; `spoken` is its name as people say it."""

    rank: int
    name: str
    spoken: str
    algorithm: str
    recipe: str
    score: FormattedScore
    took_s: float | None
    ended: datetime


@dataclass(frozen=True)
class Curve:
    """The best score so far, for wide and for narrow screens.

    n_outside    scores that are too bad to be seen in it
    """

    wide: Chart
    narrow: Chart
    n_outside: int


@dataclass(frozen=True)
class LogLine:
    time: datetime
    text: str


@dataclass(frozen=True)
class Lack:
    """A result that is missing though the job went on.

    anchor    where the documentation says what to do (docs/errors.md)
    """

    message: str
    anchor: str


@dataclass(frozen=True)
class File:
    """Something that the job left in S3 and that can be fetched."""

    title: str
    uri: str


@dataclass(frozen=True)
class Report:
    """A report on the best candidate; `tab` of the candidate's page shows it, or makes it if it is not there."""

    title: str
    tab: str
    is_there: bool


@dataclass(frozen=True)
class ForecastAsked:
    """The request of a forecasting job."""

    horizon: int
    frequency: str


@dataclass(frozen=True)
class JobView:
    """A job at one moment.

    elapsed_s, budget_s, left_s   seconds: since its creation or of its whole life, that it may take, that remain
    plan                          the bar of its time
    n_done                        candidates that are over, however they ended
    waiting                       candidates that no worker has begun
    found_s                       seconds after which the best score was reached; None while there is none
    reports                       on the best candidate, whether they are there or not; () while there is no such
    best                          the first of the board
    forecast                      of a forecasting job alone
    earlier                       the job that it is based on, if it says one
    project                       "" if it is in none;  is_archived  lists leave it out
    sensitive                     columns by whose groups the quality page judges a candidate first
    endpoint_name                 of an endpoint that is there; planned_endpoint is its name in any case
    has_files                     False once the job is over and nothing of what it wrote to S3 is there any more
    deleted                       files of the job that the form that led here has deleted
    typed_project                 what was typed as the project and refused for project_fault; "" unless that was tried
    """

    job_name: str
    tab: str
    status: str
    secondary: str
    created: datetime
    ended: datetime | None
    elapsed_s: float
    budget_s: float
    left_s: float
    phases: tuple[Phase, ...]
    plan: Markup
    objective: str
    is_minimized: bool
    problem_type: str
    n_rows: int | None
    n_columns: int | None
    counts: Mapping[str, int]
    n_done: int
    max_candidates: int
    waiting: int
    found_s: float | None
    curve: Curve
    running: tuple[Running, ...]
    board: tuple[Ranked, ...]
    log: tuple[LogLine, ...]
    failure: str
    partial_failures: tuple[Lack, ...]
    files: tuple[File, ...]
    best_candidate: str
    reports: tuple[Report, ...]
    endpoint_name: str
    planned_endpoint: str
    forecast: ForecastAsked | None = None
    earlier: Earlier | None = None
    arn: str = ""
    project: str = ""
    is_archived: bool = False
    sensitive: tuple[str, ...] = ()
    has_files: bool = True
    deleted: int = 0
    typed_project: str = ""
    project_fault: str = ""

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    @property
    def n_kept_free(self) -> int:
        """Return how many of the maximum number of candidates a job that reached it has kept for ensembles and not made."""
        is_reached = self.secondary == _ALL_CANDIDATES
        return max(0, self.max_candidates - self.n_done) if is_reached else 0

    @property
    def best(self) -> Ranked | None:
        return self.board[0] if self.board else None

    @property
    def has_ensemble_above_better(self) -> bool:
        """Return whether the first of the board is an ensemble that shows a worse score than another candidate."""
        best, scores = self.best, [one.score for one in self.board]
        return best is not None and looks_misplaced(
            best.algorithm, best.score, scores, self.is_minimized
        )

    @property
    def best_spoken(self) -> str:
        """The best candidate as people say it; its name if it is not on the board."""
        named = (one.spoken for one in self.board if one.name == self.best_candidate)
        return next(named, self.best_candidate)

    @property
    def says(self) -> str:
        """What is worth telling to somebody who listens: it changes seldom."""
        now = next((phase.title for phase in self.phases if phase.state == "now"), "")
        doing = f"{now}. " if now and not self.is_final else f"The job is {self.status}. "
        best, which = self.best, "Best candidate" if self.is_final else "Best so far"
        return doing + (f"{which}: {best.spoken}." if best is not None else "")


def job_view(
    progress: Mapping[str, Any],
    job: Mapping[str, Any],
    events: Sequence[Mapping[str, Any]],
    earlier: Earlier | None,
    tags: Mapping[str, str],
) -> JobView:
    """Return what the page of a job shows.

    progress    of DescribeAutoMLJobProgress
    job         of DescribeAutoMLJobV2
    events      of GetLogEvents, oldest first
    earlier     the job that it is based on
    tags        of the job
    """
    created, ended = progress["CreationTime"], progress.get("EndTime")
    elapsed_s = max(0.0, ((ended or progress["Now"]) - created).total_seconds())
    budget_s = (progress["Deadline"] - created).total_seconds()
    counts = progress["CandidateCounts"]
    best = job.get("BestCandidate", {})
    forecast = _forecast(job)
    return JobView(
        job_name=progress["AutoMLJobName"],
        tab="overview",
        status=progress["AutoMLJobStatus"],
        secondary=progress["AutoMLJobSecondaryStatus"],
        created=created,
        ended=ended,
        elapsed_s=elapsed_s,
        budget_s=budget_s,
        left_s=max(0.0, budget_s - elapsed_s),
        phases=tuple(phases_of(progress)),
        plan=plan_of(progress, elapsed_s, budget_s),
        objective=progress.get("Objective", ""),
        is_minimized=progress.get("ObjectiveIsMinimized", False),
        problem_type=progress.get("ProblemType", "") or (FORECAST if forecast else ""),
        n_rows=progress.get("RowCount"),
        n_columns=progress.get("ColumnCount"),
        counts=counts,
        n_done=counts["Completed"] + counts["Failed"] + counts["Stopped"],
        max_candidates=progress["MaxCandidates"],
        waiting=_waiting(progress),
        found_s=_found_s(progress),
        curve=_charts(progress, elapsed_s if ended else max(budget_s, elapsed_s)),
        running=tuple(_running(progress)),
        board=tuple(_board(progress)),
        log=tuple(_line(event, progress.get("FailureReason", "")) for event in reversed(events)),
        failure=progress.get("FailureReason", ""),
        partial_failures=tuple(_lacks(progress)),
        files=tuple(_files(job)),
        best_candidate=best.get("CandidateName", ""),
        reports=tuple(_reports(progress)) if best else (),
        endpoint_name=job.get("ModelDeployResult", {}).get("EndpointName", ""),
        planned_endpoint=progress.get("EndpointName", ""),
        forecast=forecast,
        earlier=earlier,
        arn=job["AutoMLJobArn"],
        project=tags.get(PROJECT, ""),
        is_archived=ARCHIVED in tags,
        sensitive=sensitive_columns(tags),
    )


def _forecast(job: Mapping[str, Any]) -> ForecastAsked | None:
    config = job["AutoMLProblemTypeConfig"].get(f"{FORECAST}JobConfig")
    if config is None:
        return None
    return ForecastAsked(config["ForecastHorizon"], config["ForecastFrequency"])


# candidates


def _charts(progress: Mapping[str, Any], until_s: float) -> Curve:
    created = progress["CreationTime"]
    marks = tuple(
        Mark(
            spoken(one["Algorithm"], one["CandidateNumber"]),
            max(0.0, (one["EndTime"] - created).total_seconds()),
            one["Score"],
            one["IsBestSoFar"],
        )
        for one in progress["Scores"]
    )
    objective = progress.get("Objective", "Score")
    return _curve(marks, objective, progress.get("ObjectiveIsMinimized", False), until_s)


@lru_cache(maxsize=64)
def _curve(marks: tuple[Mark, ...], objective: str, is_minimized: bool, until_s: float) -> Curve:
    """Drawn once, however many watch it."""
    wide, narrow = (
        best_so_far(marks, objective, is_minimized, until_s, size) for size in (WIDE, NARROW)
    )
    return Curve(wide, narrow, n_outside(marks, is_minimized))


def _found_s(progress: Mapping[str, Any]) -> float | None:
    ends = [one["EndTime"] for one in progress["Scores"] if one["IsBestSoFar"]]
    if not ends:
        return None
    found_s: float = (ends[-1] - progress["CreationTime"]).total_seconds()
    return max(0.0, found_s)


def _board(progress: Mapping[str, Any]) -> Iterator[Ranked]:
    ranked = sorted(progress["Scores"], key=lambda one: int(one["Rank"]))
    for one in ranked[:_BOARD_ROWS]:
        yield Ranked(
            one["Rank"],
            one["CandidateName"],
            spoken(one["Algorithm"], one["CandidateNumber"]),
            one["Algorithm"],
            one.get("Recipe", ""),
            format_score(one["Score"], one.get("StandardError")),
            one.get("TrainingTimeInSeconds"),
            one["EndTime"],
        )


def _running(progress: Mapping[str, Any]) -> Iterator[Running]:
    """Yield what runs: candidates first, the oldest first."""
    tasks = sorted(progress["Running"], key=lambda one: (one["Task"] != "train", one["StartTime"]))
    for one in tasks:
        left_s = (one["LatestEndTime"] - progress["Now"]).total_seconds()
        yield Running(
            TASK_WORDS.get(one["Task"]) or _trained(one),
            one.get("Recipe", ""),
            one["AgeSeconds"],
            max(0.0, left_s),
            one.get("MemoryInBytes"),
        )


def _trained(one: Mapping[str, Any]) -> str:
    """Return what is being trained, as people say it."""
    algorithm: str = one.get("Algorithm", "")
    if algorithm and "CandidateNumber" in one:
        return spoken(algorithm, one["CandidateNumber"])
    return algorithm or str(one["Task"])


def _waiting(progress: Mapping[str, Any]) -> int:
    trained = len([one for one in progress["Running"] if one["Task"] == "train"])
    in_progress: int = progress["CandidateCounts"]["InProgress"]
    return max(0, in_progress - trained)


# what is left behind


_REPORTS = (("Quality", "ModelInsights"), ("Explanation", "Explainability"))
"""Titles, and the members of DescribeAutoMLJobProgress that say where they are."""


def _reports(progress: Mapping[str, Any]) -> Iterator[Report]:
    for title, member in _REPORTS:
        yield Report(title, title.lower(), member in progress)


def _lacks(progress: Mapping[str, Any]) -> Iterator[Lack]:
    """Yield what is missing: no report that was made after the job."""
    made = frozenset(member for _, member in _REPORTS if member in progress)
    for one in progress["PartialFailures"]:
        if MISSING_REPORTS.get(one["Code"]) not in made:
            yield Lack(one["Message"], remedy_anchor(one["Code"]))


def _files(job: Mapping[str, Any]) -> Iterator[File]:
    artifacts = job.get("AutoMLJobArtifacts", {})
    for title, key in (
        ("Data exploration notebook", "DataExplorationNotebookLocation"),
        ("Candidate definition notebook", "CandidateDefinitionNotebookLocation"),
    ):
        if uri := artifacts.get(key):
            yield File(title, uri)


def _line(event: Mapping[str, Any], failure: str) -> LogLine:
    """Return a line of the log, with the reason why the job failed where the log only says who gives it: it may contain
    data, which readers of the log may not see, but those of this page may."""
    text = event["message"]
    if failure:
        text = text.replace(WITHHELD, failure).replace(f" {DESCRIBED}", "")
    return LogLine(datetime.fromtimestamp(event["timestamp"] / 1000, UTC), text)
