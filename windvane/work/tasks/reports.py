"""The reports on a candidate, as files by name, for AutoML jobs and step jobs alike."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from windvane.engine.explain.documents import documents
from windvane.engine.explain.explanation import Explanation
from windvane.engine.explain.report import explanation_report
from windvane.engine.quality.assess import assess
from windvane.engine.quality.judged import Judged
from windvane.engine.quality.segments import segments_json
from windvane.engine.quality.segments_section import with_segments
from windvane.engine.quality.statistics import Times
from windvane.engine.reports.files import files_of

_LOADED_AND_DRAWN_SHARE, _LOADED_AND_DRAWN_S = 0.5, 6.0
"""Of the time for an explanation, at most so many seconds: for loading the model, drawing what was found and bringing it to S3."""

_MOST_EXPLAINING_S = 60.0


def explaining_s(time_s: float) -> float:
    """Return how much of the time for an explanation is for finding it."""
    rest_s = min(_LOADED_AND_DRAWN_SHARE * time_s, _LOADED_AND_DRAWN_S)
    return min(time_s - rest_s, _MOST_EXPLAINING_S)


def explanation_files(found: Explanation, title: str, name: str) -> dict[str, bytes]:
    """Return why a candidate answers as it does.

    title    of the candidate, for people;  name  the one that the API has for it
    """
    return {**documents(found), **files_of(explanation_report(found, title, name))}


def insight_files(dataset: Path, judged: Judged, started: datetime) -> dict[str, bytes]:
    """Return how good a candidate is on rows of the dataset that it had not seen; `started` is when its job began."""
    now = datetime.now(UTC)
    quality = assess(judged, Times(started, now, now))
    segments = segments_json(dataset, judged)
    return {
        "statistics.json": _json(quality.statistics),
        "constraints.json": _json(quality.constraints),
        "figures.json": _json(quality.figures),
        "segments.json": _json(segments),
        **files_of(with_segments(quality.report, segments)),
    }


def _json(document: Any) -> bytes:
    return json.dumps(document, allow_nan=False, indent=1).encode()
