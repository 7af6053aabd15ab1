"""The reports on a candidate, as files by name: from folders to bytes, for AutoML jobs and step jobs alike."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from windvane.engine.data.dataset import read_analysis
from windvane.engine.explain.documents import documents
from windvane.engine.explain.report import explanation_report
from windvane.engine.explain.stage import explain
from windvane.engine.quality.assess import assess
from windvane.engine.quality.candidate import judged_candidate
from windvane.engine.quality.statistics import Times
from windvane.engine.reports.files import files_of

_EXPLAINING_SHARE = 0.4
"""Of the time for the explanation: the rest is for drawing it and for bringing it to S3."""


def explanation_files(
    dataset: Path, packages: Path, name: str, time_s: float, threads: int
) -> dict[str, bytes]:
    """Why the candidate answers as it does.

    packages    the folder that engine.stages.assemble wrote
    name        the candidate's
    time_s      for everything, S3 included
    raises      OutOfTime, CorruptArtifact
    """
    found = explain(
        dataset,
        packages,
        budget_s=_EXPLAINING_SHARE * time_s,
        seed=read_analysis(dataset).seed,
        threads=threads,
    )
    return {**documents(found), **files_of(explanation_report(found, name))}


def insight_files(dataset: Path, candidate: Path, name: str, started: datetime) -> dict[str, bytes]:
    """How good the candidate is on rows it had not seen.

    candidate   its folder (engine/outcomes.py); a model is not needed
    started     when the job began
    raises      CorruptArtifact
    """
    now = datetime.now(UTC)
    quality = assess(judged_candidate(dataset, candidate, name), Times(started, now, now))
    return {
        "statistics.json": _json(quality.statistics),
        "constraints.json": _json(quality.constraints),
        **files_of(quality.report),
    }


def _json(document: Any) -> bytes:
    return json.dumps(document, allow_nan=False, indent=1).encode()
