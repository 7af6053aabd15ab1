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
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from windvane.automl.local.commission import Commission, Fate, Kind, Reported
from windvane.automl.local.crew import Crew
from windvane.automl.local.events import Teller
from windvane.engine import stages
from windvane.engine.data.dataset import read_analysis
from windvane.engine.explain.documents import documents
from windvane.engine.explain.report import explanation_report
from windvane.engine.explain.stage import MOST_ROWS, explain
from windvane.engine.exploration.report import explore
from windvane.engine.outcomes import read_candidate
from windvane.engine.quality.assess import assess
from windvane.engine.quality.candidate import judged_candidate
from windvane.engine.quality.statistics import Times
from windvane.engine.reports.files import PAPER, each_file
from windvane.engine.wording import counted
from windvane.errors import OutOfTime
from windvane.process.child import Ending, Exit

_LEAST_S = 1.0
"""With less time left a report is not begun."""

_ROOM_S = 5.0
"""What judging and explaining, one after the other, take of a small table."""

_EXPLAINING_SHARE, _MOST_EXPLAINING_S = 0.25, 60.0
"""Of the time left for the values; drawing them, and the other reports, take the rest."""

_LIBRARIES = (
    "matplotlib.figure",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "nbformat.v4",
    "reportlab.platypus",
)
"""What reports are drawn with: loaded once, before processes are forked that need them all."""

_FOLD_MODEL = (
    "The explained model is that of the first fold: this candidate was not refitted on all rows."
)

File = tuple[str, bytes]


def make_reports(commission: Commission, teller: Teller) -> list[Reported]:
    """Make what is wanted, in a folder each; what stood there before goes. Tells a 'report' event of each."""
    for library in _LIBRARIES:
        import_module(library)
    crew: Crew[Kind] = Crew(commission.threads, commission.memory_mb // commission.threads)
    commission.into.mkdir(parents=True, exist_ok=True)
    made: list[Reported] = []
    waiting = _in_order(commission)
    with tempfile.TemporaryDirectory(dir=commission.into, prefix=".making-") as name:
        bench = _Bench(commission, Path(name))
        try:
            while waiting or not crew.is_idle:
                while waiting and crew.has_room:
                    kind = waiting.pop(0)
                    if commission.ends - time.time() < _LEAST_S:
                        made.append(Reported(kind, Fate.LEFT_OUT, _no_time(kind)))
                    else:
                        crew.start(kind, bench.work(kind), commission.ends)
                if not crew.is_idle:
                    kind, ended = crew.next_ended()
                    made.append(bench.kept(kind, ended))
        finally:
            crew.stop()
    for one in made:
        teller.tell("report", **one.to_event())
    return made


def _in_order(commission: Commission) -> list[Kind]:
    """The long one first if there is a process for it and time for the others beside it."""
    left_s = commission.ends - time.time()
    if commission.threads < 2 or left_s < _ROOM_S:
        return list(commission.kinds)
    return sorted(commission.kinds, key=lambda kind: kind is not Kind.EXPLORATION)


def _no_time(kind: Kind) -> str:
    return f"The {kind.report} was skipped: there was not enough time."


@dataclass(frozen=True)
class _Bench:
    """scratch    where reports are made before they are moved to their place"""

    commission: Commission
    scratch: Path

    def work(self, kind: Kind) -> Callable[[], None]:
        """Writes the report's files, each whole or not at all."""

        def write() -> None:
            for name, content in _MAKERS[kind](self):
                file = self.scratch / kind / name
                file.parent.mkdir(parents=True, exist_ok=True)
                part = file.with_name(f".{file.name}")
                part.write_bytes(content)
                part.rename(file)

        return write

    def kept(self, kind: Kind, ended: Exit) -> Reported:
        """Move what was made to its place."""
        made, place = self.scratch / kind, self.commission.into / kind
        is_late = ended.ending is Ending.KILLED_TIME or ended.is_a(OutOfTime)
        if ended.ending is not Ending.FINISHED and not is_late:
            return Reported(
                kind, Fate.FAILED, f"The {kind.report} could not be generated. {ended.text}"
            )
        for part in made.rglob(".*") if made.exists() else ():
            part.unlink()
        if not made.exists() or not any(made.rglob("*.*")):
            return Reported(kind, Fate.LEFT_OUT, _no_time(kind))
        shutil.rmtree(place, ignore_errors=True)
        made.rename(place)
        if not (place / PAPER).exists():
            note = (
                f"The {kind.report} is incomplete: there was not enough time for all of its files."
            )
            return Reported(kind, Fate.CUT, note)
        return Reported(kind, Fate.WRITTEN, self._note(place) if kind is Kind.EXPLANATION else "")

    def _note(self, place: Path) -> str:
        """What is to be told of an explanation."""
        config = json.loads((place / "analysis_config.json").read_text())
        n_rows = int(config["methods"]["shap"]["rows"])
        notes = [] if self.is_of_all_rows else [_FOLD_MODEL]
        if n_rows < min(MOST_ROWS, read_analysis(self.dataset).n_rows):
            rows = counted(n_rows, "row")
            notes.append(f"The explanation covers only {rows}: there was not enough time for more.")
        return " ".join(notes)

    @property
    def dataset(self) -> Path:
        return self.commission.job / "dataset"

    @property
    def name(self) -> str:
        return f"candidate {self.commission.candidate}"

    def folder_of(self, index: int) -> Path:
        """Of a candidate; that with the model of all rows if there is one."""
        refit = self.commission.job / "refits" / str(index)
        return refit if refit.exists() else self.commission.job / "candidates" / str(index)

    @property
    def members(self) -> dict[int, Path]:
        """Folders of the candidate itself and, of an ensemble, its members."""
        own = self.folder_of(self.commission.candidate)
        others = read_candidate(own).outcome.members
        return {
            self.commission.candidate: own,
            **{index: self.folder_of(index) for index in others},
        }

    @property
    def is_of_all_rows(self) -> bool:
        """Whether every model that answers was trained on all rows."""
        records = [(read_candidate(folder), folder) for folder in self.members.values()]
        return all(
            record.plan is None or not record.plan.recipe or folder.parent.name == "refits"
            for record, folder in records
        )


def _quality(bench: _Bench) -> Iterator[File]:
    candidate = bench.folder_of(bench.commission.candidate)
    judged = judged_candidate(bench.dataset, candidate, bench.name)
    now = datetime.now(UTC)
    quality = assess(judged, Times(datetime.fromtimestamp(bench.commission.started, UTC), now, now))
    yield "statistics.json", _json(quality.statistics)
    yield "constraints.json", _json(quality.constraints)
    yield "figures.json", _json(quality.figures)
    yield from each_file(quality.report)


def _explanation(bench: _Bench) -> Iterator[File]:
    commission = bench.commission
    left_s = commission.ends - time.time()
    packages = bench.scratch / "packages"
    features = {folder.name: folder for folder in (commission.job / "features").glob("*")}
    stages.assemble(bench.dataset, features, bench.members, commission.candidate, packages)
    found = explain(
        bench.dataset,
        packages,
        budget_s=min(_EXPLAINING_SHARE * left_s, _MOST_EXPLAINING_S),
        seed=read_analysis(bench.dataset).seed,
        threads=commission.threads,
    )
    yield from documents(found).items()
    of_fold = "" if bench.is_of_all_rows else " (as trained for the first fold)"
    yield from each_file(explanation_report(found, bench.name + of_fold))


def _exploration(bench: _Bench) -> Iterator[File]:
    yield from each_file(explore(bench.dataset))


def _json(document: object) -> bytes:
    return json.dumps(document, allow_nan=False, indent=1).encode()


_MAKERS: dict[Kind, Callable[[_Bench], Iterator[File]]] = {
    Kind.QUALITY: _quality,
    Kind.EXPLANATION: _explanation,
    Kind.EXPLORATION: _exploration,
}
