"""The reports of a job without a service, made in children of this process: each is whole in time, or it is cut or
left out, and that is said.

The folder of a report:

    quality/       statistics.json constraints.json figures.json  report.html report.ipynb report.pdf
    explanation/   what engine/explain/documents.py lists, and the same three
    exploration/   the same three
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from windvane.automl.folders import Folders
from windvane.automl.history import ENSEMBLE
from windvane.automl.local.events import EventEmitter
from windvane.automl.local.report_request import Kind, Reported, ReportRequest, ReportStatus
from windvane.automl.package_inputs import PackageInputs
from windvane.engine import stages
from windvane.engine.data.dataset import read_analysis
from windvane.engine.explain.documents import documents
from windvane.engine.explain.report import explanation_report
from windvane.engine.explain.stage import MOST_ROWS, explain
from windvane.engine.exploration.report import explore
from windvane.engine.quality.assess import assess
from windvane.engine.quality.candidate import judged_candidate
from windvane.engine.quality.segments import segments_json
from windvane.engine.quality.segments_section import with_segments
from windvane.engine.quality.statistics import Times
from windvane.engine.reports.files import PAPER, each_file
from windvane.errors import OutOfTime
from windvane.executor.base import End, Ended, Executor, Say, Work
from windvane.executor.forking import ForkingExecutor
from windvane.titles import candidate_title
from windvane.wording import counted

_LEAST_S = 1.0
"""With less time left a report is not begun."""

_ROOM_S = 5.0
"""What judging and explaining, one after the other, take of a small table."""

_EXPLAINING_SHARE, _MOST_EXPLAINING_S = 0.25, 60.0
"""Of the time left for the values; drawing them, and the other reports, take the rest."""

_WAIT_S = 60.0
"""For news of a report, before it is asked again."""

_MAKE_ONE = "windvane.automl.local.reports:make_one"

_LIBRARIES = (
    "matplotlib.figure",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "reportlab.platypus",
)
"""What reports are drawn with: loaded once, before processes are forked that need them all."""

_FOLD_MODEL = (
    "The explained model is that of the first fold: this candidate was not refitted on all rows."
)

File = tuple[str, bytes]


def make_reports(
    request: ReportRequest, emitter: EventEmitter, make: str = _MAKE_ONE
) -> list[Reported]:
    """Make what is wanted, in a folder each; what stood there before goes. Tells a 'report' event of each.

    make    the function that an executor runs for each, "package.module:name"
    """
    for library in _LIBRARIES:
        import_module(library)
    request.into.mkdir(parents=True, exist_ok=True)
    made: list[Reported] = []
    waiting = _in_order(request)
    with tempfile.TemporaryDirectory(dir=request.into, prefix=".making-") as name:
        context, n_running = _ReportContext(request, Path(name)), 0
        executor = ForkingExecutor(context.scratch)
        try:
            while waiting or n_running:
                while waiting and n_running < request.threads:
                    kind = waiting.pop(0)
                    if request.ends - time.time() < _LEAST_S:
                        made.append(Reported(kind, ReportStatus.LEFT_OUT, _no_time(kind)))
                    else:
                        executor.submit(context.work(kind, make))
                        n_running += 1
                for ended in _ended(executor) if n_running else ():
                    made.append(context.kept(Kind(ended.key), ended))
                    n_running -= 1
        finally:
            executor.close()
    for one in made:
        emitter.tell("report", **one.to_event())
    return made


def make_one(payload: Mapping[str, Any], _: Say) -> dict[str, Any]:
    """Write the files of one report, each whole or not at all; in a process of its own."""
    request = ReportRequest.from_json(payload["request"])
    context, kind = _ReportContext(request, Path(payload["scratch"])), Kind(payload["kind"])
    write_files(_MAKERS[kind](context), context.scratch / kind)
    return {}


def write_files(files: Iterable[File], folder: Path) -> None:
    """Write files into a folder that is made, each whole or not at all."""
    for name, content in files:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f".{file.name}")
        part.write_bytes(content)
        part.rename(file)


def _ended(executor: Executor) -> list[Ended]:
    return [one for one in executor.poll(_WAIT_S) if isinstance(one, Ended)]


def _in_order(request: ReportRequest) -> list[Kind]:
    """Return the kinds in the order in which they are made: the long one first if there is a process for it and time
    for the others beside it."""
    left_s = request.ends - time.time()
    if request.threads < 2 or left_s < _ROOM_S:
        return list(request.kinds)
    return sorted(request.kinds, key=lambda kind: kind not in (Kind.EXPLORATION, Kind.SERIES))


def _no_time(kind: Kind) -> str:
    return f"The {kind.report} was skipped: there was not enough time."


@dataclass(frozen=True)
class _ReportContext:
    """The conditions under which the reports of one request are run.

    scratch    where reports are made before they are moved to their place
    """

    request: ReportRequest
    scratch: Path

    def work(self, kind: Kind, make: str) -> Work:
        """Return a report as an executor takes it."""
        request = self.request
        payload = {
            "request": request.to_json(),
            "kind": str(kind),
            "scratch": str(self.scratch),
        }
        each_mb = request.memory_mb // request.threads
        return Work(str(kind), make, payload, each_mb, request.ends)

    def kept(self, kind: Kind, ended: Ended) -> Reported:
        """Move what was made to its place."""
        made, place = self.scratch / kind, self.request.into / kind
        is_late = ended.end is End.OUT_OF_TIME or ended.is_a(OutOfTime)
        if ended.end is not End.FINISHED and not is_late:
            return Reported(
                kind, ReportStatus.FAILED, f"The {kind.report} could not be generated. {ended.text}"
            )
        for part in made.rglob(".*") if made.exists() else ():
            part.unlink()
        if not made.exists() or not any(made.rglob("*.*")):
            return Reported(kind, ReportStatus.LEFT_OUT, _no_time(kind))
        shutil.rmtree(place, ignore_errors=True)
        made.rename(place)
        if not (place / PAPER).exists():
            note = (
                f"The {kind.report} is incomplete: there was not enough time for all of its files."
            )
            return Reported(kind, ReportStatus.CUT, note)
        has_note = kind is Kind.EXPLANATION and self.request.is_of_table
        return Reported(kind, ReportStatus.WRITTEN, self._note(place) if has_note else "")

    def _note(self, place: Path) -> str:
        """Return what is to be told of the explanation of a table."""
        config = json.loads((place / "analysis_config.json").read_text())
        n_rows = int(config["methods"]["shap"]["rows"])
        notes = [] if self.is_of_all_rows else [_FOLD_MODEL]
        if n_rows < min(MOST_ROWS, read_analysis(self.dataset).n_rows):
            rows = counted(n_rows, "row")
            notes.append(f"The explanation covers only {rows}: there was not enough time for more.")
        return " ".join(notes)

    @property
    def dataset(self) -> Path:
        return Folders(self.request.job).dataset

    @property
    def name(self) -> str:
        """The short name of the candidate."""
        index = self.request.candidate
        plan = self.inputs.records[index].plan
        return candidate_title(ENSEMBLE if plan is None else plan.algorithm, index)

    @property
    def inputs(self) -> PackageInputs:
        """What the candidate is packed from: models of all rows where there are such."""
        refits = {int(folder.name) for folder in self.request.job.glob("refits/[0-9]*")}
        return PackageInputs(Folders(self.request.job), self.request.candidate, refits)

    @property
    def is_of_all_rows(self) -> bool:
        """Whether every model that answers was trained on all rows."""
        inputs = self.inputs
        return all(
            record.plan is None or not record.plan.recipe or index in inputs.refits
            for index, record in inputs.records.items()
        )


def _quality(context: _ReportContext) -> Iterator[File]:
    candidate = context.inputs.candidates[context.request.candidate]
    judged = judged_candidate(context.dataset, candidate, context.name)
    now = datetime.now(UTC)
    quality = assess(judged, Times(datetime.fromtimestamp(context.request.started, UTC), now, now))
    yield "statistics.json", _json(quality.statistics)
    yield "constraints.json", _json(quality.constraints)
    yield "figures.json", _json(quality.figures)
    segments = segments_json(context.dataset, judged)
    yield "segments.json", _json(segments)
    yield from each_file(with_segments(quality.report, segments))


def _explanation(context: _ReportContext) -> Iterator[File]:
    request, inputs = context.request, context.inputs
    left_s = request.ends - time.time()
    packages = context.scratch / "packages"
    stages.assemble(context.dataset, inputs.features, inputs.candidates, inputs.index, packages)
    found = explain(
        context.dataset,
        packages,
        budget_s=min(_EXPLAINING_SHARE * left_s, _MOST_EXPLAINING_S),
        seed=read_analysis(context.dataset).seed,
        threads=request.threads,
    )
    yield from documents(found).items()
    of_fold = "" if context.is_of_all_rows else " (as trained for the first fold)"
    yield from each_file(explanation_report(found, context.name + of_fold))


def _exploration(context: _ReportContext) -> Iterator[File]:
    yield from each_file(explore(context.dataset))


def _json(document: object) -> bytes:
    return json.dumps(document, allow_nan=False, indent=1).encode()


_MAKERS: dict[Kind, Callable[[_ReportContext], Iterator[File]]] = {
    Kind.QUALITY: _quality,
    Kind.EXPLANATION: _explanation,
    Kind.EXPLORATION: _exploration,
}
