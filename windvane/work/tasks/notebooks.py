"""The two notebooks of a job: what there is to see in its data, and what it tries on them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from windvane.artifacts.base import Artifacts
from windvane.domain.job import AutoMLJob
from windvane.engine.definitions.define import NOTEBOOK, define
from windvane.engine.definitions.record import DefinedJob, Served
from windvane.engine.exploration.report import explore
from windvane.engine.reports.files import files_of
from windvane.errors import WindvaneError
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note, note_to_json, raised
from windvane.work.jobs.workflow import strategy_of
from windvane.work.workspace import EXPLORATION, Keys

_OUTPUT = "notebook-runs"

Writer = Callable[[AutoMLJob, Path, Artifacts], str]


def write_notebooks(job: AutoMLJob, dataset: Path, artifacts: Artifacts) -> dict[str, Any]:
    """Publish both; each is there though the other fails, and what is missing is told.

    dataset    the dataset folder
    returns    the S3 URIs of those that are there, and `failures`, a note of each that is not
    raises     what went wrong last if both fail
    """
    made: dict[str, Any] = {"failures": []}
    for key, missing, write in _NOTEBOOKS:
        try:
            made[key] = write(job, dataset, artifacts)
        except Exception as error:
            cause = error.note if isinstance(error, WindvaneError) else raised(error)
            made["failures"].append(note_to_json(Note(missing, because=cause)))
            if len(made["failures"]) == len(_NOTEBOOKS):
                raise
    return made


def defined_job(job: AutoMLJob) -> DefinedJob:
    """Return what the definitions must know of the job."""
    keys, limits = Keys(job), job.limits
    served = Served(
        scope=job.scope,
        role=job.spec.role,
        dataset=str(keys.dataset),
        modules=str(keys.generated_module),
        output=str(keys.root / _OUTPUT),
    )
    return DefinedJob(
        name=job.name,
        max_candidates=limits.max_candidates,
        max_runtime_s=limits.max_runtime_s,
        max_candidate_s=limits.max_candidate_runtime_s,
        served=served,
        strategy=strategy_of(job),
    )


def _define(job: AutoMLJob, dataset: Path, artifacts: Artifacts) -> str:
    folder = Keys(job).definitions
    for path, content in define(dataset, defined_job(job)).items():
        artifacts.write(folder / path, content)
    return str(folder / NOTEBOOK)


def _explore(job: AutoMLJob, dataset: Path, artifacts: Artifacts) -> str:
    folder = Keys(job).notebooks
    for name, content in files_of(explore(dataset)).items():
        artifacts.write(folder / (EXPLORATION + Path(name).suffix), content)
    return str(folder / f"{EXPLORATION}.ipynb")


_NOTEBOOKS: tuple[tuple[str, NoteCode, Writer], ...] = (
    ("definitions", NoteCode.DEFINITIONS_MISSING, _define),
    ("notebook", NoteCode.EXPLORATION_MISSING, _explore),
)
"""Keys of the result, what is noted if they are missing, and who writes them: the quicker one first."""
