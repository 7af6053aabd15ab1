"""What can be downloaded of a candidate, and its full reports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from windvane.console.candidate.head import Answer, Shown
from windvane.console.request_context import CallerObjects
from windvane.console.scores import WQL
from windvane.errors import AccessDenied, DoesNotExist, NotFound

_MOST_FILES = 100
KINDS = {"quality": "ModelInsights", "explanation": "Explainability"}
"""Reports by the last part of their page, and the member that says where they are."""

MODEL, ONNX = "Model", "ONNX file"
"""Groups of files: the archives of the model, and what it was exported as."""


@dataclass(frozen=True)
class File:
    """One file of a candidate.

    what    in words;  size  in bytes
    """

    uri: str
    what: str
    size: int


@dataclass(frozen=True)
class Group:
    title: str
    files: Sequence[File]


@dataclass(frozen=True, kw_only=True)
class FilesView(Shown):
    """The tab "Files" of a candidate.

    has_archive  whether the model can be downloaded
    has_onnx whether the model was exported, or why it cannot be is told
    shown    the report in the frame: one of KINDS, "" if there is none
    reports  those there are: kind and title
    """

    groups: Sequence[Group]
    has_archive: bool
    has_onnx: bool
    shown: str
    reports: Sequence[tuple[str, str]]
    state: Any


def folder_of(answer: Answer, kind: str) -> str:
    """S3 URI of the folder with the candidate's report; "" if there is none."""
    prefix = answer.get(KINDS[kind], "")
    return f"{prefix}/{answer['Candidate']['CandidateName']}" if prefix else ""


def report_title(kind: str, *, is_forecast: bool) -> str:
    """Return what a report is called.

    kind    one of KINDS
    """
    if kind == "quality":
        return "Backtest report" if is_forecast else "Model insights report"
    return "Explainability report"


def _is_forecast(answer: Answer) -> bool:
    return WQL in answer["MetricNames"]


async def groups_of(objects: CallerObjects, answer: Answer, job: Mapping[str, Any]) -> list[Group]:
    """Return the groups of files that there are; a group without files is left out."""
    every = [
        Group(MODEL, await _there(objects, _model(answer))),
        Group(
            report_title("quality", is_forecast=_is_forecast(answer)),
            await _report(objects, folder_of(answer, "quality")),
        ),
        Group(
            report_title("explanation", is_forecast=False),
            await _report(objects, folder_of(answer, "explanation")),
        ),
        Group(ONNX, await _report(objects, _exports(answer, job))),
        Group("Backtest results", await _report(objects, _backtests(answer, job))),
        Group("Job notebooks", await _there(objects, _notebooks(job))),
    ]
    return [group for group in every if group.files]


async def has_model(objects: CallerObjects, answer: Answer) -> bool:
    """Return whether the candidate has a model that can be deployed and explained: the job keeps some, and its files may have
    been deleted since. Whoever may not look into S3 is not told that something is missing there."""
    urls = dict.fromkeys(one["ModelDataUrl"] for one in answer["InferenceContainers"])
    try:
        for url in urls:
            await objects.size(url)
    except (NotFound, DoesNotExist):
        return False
    except AccessDenied:
        return True
    return bool(urls)


async def _there(objects: CallerObjects, named: Iterator[tuple[str, str]]) -> list[File]:
    """Return those of them that there are.

    named    URI and what it is
    """
    found = []
    for uri, what in named:
        try:
            found.append(File(uri, what, await objects.size(uri)))
        except (NotFound, DoesNotExist):
            continue
    return found


def _model(answer: Answer) -> Iterator[tuple[str, str]]:
    containers = answer["InferenceContainers"]
    urls = list(dict.fromkeys(container["ModelDataUrl"] for container in containers))
    for url in urls:
        is_transformers = len(urls) > 1 and url == containers[0]["ModelDataUrl"]
        yield url, "transformers" if is_transformers else "model"
    if urls:
        beside = urls[-1].rpartition("/")[0]
        yield f"{beside}/output.tar.gz", "definition, metrics and predictions of held-out rows"


async def _report(objects: CallerObjects, folder: str) -> list[File]:
    if not folder:
        return []
    found = await objects.list(f"{folder}/", _MOST_FILES)
    return [File(uri, uri.removeprefix(f"{folder}/"), size) for uri, size in found]


def _backtests(answer: Answer, job: Mapping[str, Any]) -> str:
    """Return the folder with the backtests of a candidate of a forecasting job; "" for one of a table."""
    if not _is_forecast(answer):
        return ""
    return f"{_root(job)}/backtest-results/{answer['Candidate']['CandidateName']}"


def _exports(answer: Answer, job: Mapping[str, Any]) -> str:
    """Return the folder with the model of a candidate in other forms."""
    return f"{_root(job)}/exports/{answer['Candidate']['CandidateName']}"


def _root(job: Mapping[str, Any]) -> str:
    return f"{job['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{job['AutoMLJobName']}"


def _notebooks(job: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    artefacts = job.get("AutoMLJobArtifacts", {})
    for member, what in (
        ("CandidateDefinitionNotebookLocation", "candidate definitions"),
        ("DataExplorationNotebookLocation", "data exploration"),
    ):
        if uri := artefacts.get(member):
            yield uri, what
