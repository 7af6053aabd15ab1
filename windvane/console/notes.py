"""What the pages make of the codes of notes (windvane/notes), which operations of our own give with their messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_PHASES = {
    "explainability-missing": "GeneratingExplainabilityReport",
    "insights-missing": "GeneratingModelInsightsReport",
}

MISSING_REPORTS = {
    "explainability-missing": "Explainability",
    "insights-missing": "ModelInsights",
}
"""Codes of notes on reports that a job has not made, and the members that say where a report is."""

_UNEXPLAINED = frozenset({"said", "raised"})
"""Codes of notes that are only a text."""

_OF_EXPLORATION = frozenset({"exploration-missing", "notebooks-missing"})


def fruitless_phases(failures: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Return the secondary statuses of a job's phases that brought nothing.

    failures    PartialFailures of DescribeAutoMLJobProgress
    """
    return frozenset(_PHASES[one["Code"]] for one in failures if one["Code"] in _PHASES)


def remedy_anchor(code: str) -> str:
    """Return the anchor in docs/errors.md where it stands what to do about something that a finished job lacks."""
    return "what-a-finished-job-lacks" if code in _UNEXPLAINED else code


def why_unexplored(failures: Sequence[Mapping[str, Any]]) -> str:
    """Return why the data exploration report is missing, in words; "" if nothing is known of it."""
    found = (one["Message"] for one in failures if one["Code"] in _OF_EXPLORATION)
    return next(found, "")
