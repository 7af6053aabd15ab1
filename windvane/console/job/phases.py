"""The phases of an AutoML job, on its timeline and in the bar of its time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from windvane.console.charts.time_plan import Part, time_plan
from windvane.console.notes import fruitless_phases
from windvane.console.wording import seconds

FINAL = frozenset({"Completed", "Failed", "Stopped"})

_EXPLANATION, _INSIGHTS = "GeneratingExplainabilityReport", "GeneratingModelInsightsReport"

_TITLES = {
    "Starting": "Starting",
    "AnalyzingData": "Analyzing data",
    "FeatureEngineering": "Feature engineering",
    "ModelTuning": "Model tuning",
    "TrainingModels": "Training models",
    _EXPLANATION: "Explainability report",
    _INSIGHTS: "Model insights report",
    "DeployingModel": "Deploying the model",
}

_ERRORS = {
    "ExplainabilityError": _EXPLANATION,
    "ModelInsightsError": _INSIGHTS,
    "ModelDeploymentError": "DeployingModel",
}

_NOTES = {
    "done": "",
    "skipped": "skipped",
    "unreached": "not reached",
    "failed": "failed",
    "stopped": "stopped",
}


@dataclass(frozen=True)
class Phase:
    """A phase of the job on its timeline.

    state     done, now, next, skipped (passed over), unreached (by a job that is over), failed or stopped
    took      how long it took, or has taken; "" if it has not begun
    """

    title: str
    state: str
    took: str
    note: str


def phases_of(progress: Mapping[str, Any]) -> Iterator[Phase]:
    """Yield the phases of a job in their order.

    progress    of DescribeAutoMLJobProgress: the model insights report may be there before its phase could begin
    """
    found, missing = progress["Phases"], _missing(progress)
    last = max(place for place, phase in enumerate(found) if "StartTime" in phase)
    for place, phase in enumerate(found):
        state = _state(progress, phase, place, last)
        state = "failed" if phase["SecondaryStatus"] in missing else state
        if (
            state == "skipped"
            and "ModelInsights" in progress
            and phase["SecondaryStatus"] == _INSIGHTS
        ):
            state = "done"
        began, ended = phase.get("StartTime"), phase.get("EndTime")
        took_s = ((ended or progress["Now"]) - began).total_seconds() if began else None
        until_s = (phase["PlannedEndTime"] - progress["CreationTime"]).total_seconds()
        yield Phase(
            _TITLES.get(phase["SecondaryStatus"], phase["SecondaryStatus"]),
            state,
            "" if took_s is None else seconds(max(0.0, took_s)),
            "in parallel" if state == "done" and not began else _note(state, until_s),
        )


def _note(state: str, until_s: float) -> str:
    return f"ends by {seconds(until_s)}" if state in ("now", "next") else _NOTES[state]


def _missing(progress: Mapping[str, Any]) -> frozenset[str]:
    """Phases that began and brought nothing: the job's secondary status names one of them at most. Both reports are begun
    at once, so that the second may have failed before its phase could begin."""
    named = fruitless_phases(progress["PartialFailures"])
    begun = {one["SecondaryStatus"] for one in progress["Phases"] if "StartTime" in one}
    if _EXPLANATION in begun:
        begun.add(_INSIGHTS)
    shown = _ERRORS.get(progress["AutoMLJobSecondaryStatus"], "")
    return frozenset({shown, *(named & begun)})


def _state(progress: Mapping[str, Any], phase: Mapping[str, Any], place: int, last: int) -> str:
    status = progress["AutoMLJobStatus"]
    if "StartTime" not in phase:
        is_passed = place < last or status == "Completed"
        return "skipped" if is_passed else "unreached" if status in FINAL else "next"
    if place < last or status == "Completed":
        return "done"
    return {"Failed": "failed", "Stopped": "stopped"}.get(status, "now")


def plan_of(progress: Mapping[str, Any], elapsed_s: float, budget_s: float) -> Markup:
    """Return the bar of a job's time."""
    created = progress["CreationTime"]
    parts, planned = [], []
    for phase in progress["Phases"]:
        if "StartTime" in phase:
            end_s = (
                (phase["EndTime"] - created).total_seconds() if "EndTime" in phase else elapsed_s
            )
            start_s = (phase["StartTime"] - created).total_seconds()
            title = _TITLES.get(phase["SecondaryStatus"], phase["SecondaryStatus"])
            parts.append(Part(title, start_s, end_s))
        planned.append((phase["PlannedEndTime"] - created).total_seconds())
    ends = sorted({end_s for end_s in planned if elapsed_s < end_s < budget_s * 0.999})
    text = f"{seconds(elapsed_s)} of at most {seconds(budget_s)}"
    is_over = "EndTime" in progress
    return time_plan(parts, [] if is_over else ends, max(budget_s, elapsed_s), text)
