"""Why a job has no ensemble among its candidates."""

from __future__ import annotations

from collections.abc import Sequence

from windvane.domain.candidate import Candidate, CandidateStatus
from windvane.domain.images import ENSEMBLE
from windvane.domain.job import AutoMLJob, JobStatus
from windvane.domain.problem import FEWEST_WITH_ENSEMBLE, Mode
from windvane.domain.task import Task, TaskKind, TaskStatus
from windvane.notes.codes import NoEnsemble, NoteCode
from windvane.notes.note import Note

_SMALLEST = 2


def why_no_ensemble(
    job: AutoMLJob, candidates: Sequence[Candidate], tasks: Sequence[Task]
) -> Note | None:
    """Return why a completed job has no ensemble; None if it has one, if its failure is told among the job's partial failures, and
    of forecasts.
    """
    finished = [one for one in candidates if one.status is CandidateStatus.COMPLETED]
    if job.status is not JobStatus.COMPLETED or job.is_forecast or job.definitions_only:
        return None
    if any(one.algorithm == ENSEMBLE for one in finished):
        return None
    if any(one.has(NoteCode.ENSEMBLE_FAILED) for one in job.partial_failures):
        return None
    most = job.spec.limits.max_candidates
    built = [one for one in tasks if one.kind is TaskKind.ENSEMBLE]
    if job.mode is Mode.TUNING:
        return _note(NoEnsemble.MODE)
    if most is not None and most < FEWEST_WITH_ENSEMBLE:
        return _note(NoEnsemble.MAX_CANDIDATES)
    if len(finished) < _SMALLEST:
        return _note(NoEnsemble.TOO_FEW)
    if any(one.status is TaskStatus.DONE for one in built):
        return _note(NoEnsemble.NO_GAIN)
    return _note(NoEnsemble.TIME)


def _note(why: NoEnsemble) -> Note:
    return Note(NoteCode.NO_ENSEMBLE, {"obstacle": why.value})
