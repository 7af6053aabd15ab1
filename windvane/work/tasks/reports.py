"""The reports on a candidate, as files by name, for AutoML jobs and step jobs alike."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from windvane.engine.explain.documents import documents
from windvane.engine.explain.explanation import Explanation
from windvane.engine.explain.report import explanation_report
from windvane.engine.quality.assess import assess
from windvane.engine.quality.judged import Judged
from windvane.engine.quality.statistics import Times
from windvane.engine.reports.files import files_of

EXPLAINING_SHARE = 0.5
"""Of the time for the explanation: the rest is for drawing it and for bringing it to S3."""


def explanation_files(found: Explanation, name: str) -> dict[str, bytes]:
    """Why a candidate, called `name`, answers as it does."""
    return {**documents(found), **files_of(explanation_report(found, name))}


def insight_files(judged: Judged, started: datetime) -> dict[str, bytes]:
    """How good a candidate is on rows it had not seen; `started` is when its job began."""
    now = datetime.now(UTC)
    quality = assess(judged, Times(started, now, now))
    return {
        "statistics.json": _json(quality.statistics),
        "constraints.json": _json(quality.constraints),
        "figures.json": _json(quality.figures),
        **files_of(quality.report),
    }


def _json(document: Any) -> bytes:
    return json.dumps(document, allow_nan=False, indent=1).encode()
