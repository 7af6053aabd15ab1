"""Reports on any candidate: operations of our own, described in wire/data/windvane."""

from __future__ import annotations

from typing import Any

from windvane.api.answers import present, reason
from windvane.api.operation import OperationTable, Services, scope_of
from windvane.control.reports import ReportsView
from windvane.wire.call import Call, Result

OPERATIONS = OperationTable("windvane")


@OPERATIONS.serves("StartCandidateReports")
def start_candidate_reports(parts: Services, call: Call) -> Result:
    again = call.parameters.get("Again", False)
    return _answer(parts.reports.start(call.caller, *_names(call), again=again))


@OPERATIONS.serves("DescribeCandidateReports")
def describe_candidate_reports(parts: Services, call: Call) -> Result:
    return _answer(parts.reports.describe(scope_of(call), *_names(call)))


def _names(call: Call) -> tuple[str, str]:
    return call.parameters["AutoMLJobName"], call.parameters["CandidateName"]


def _answer(view: ReportsView) -> dict[str, Any]:
    """Return the reports as they are answered, without a processing job if the AutoML job has made them."""
    job = view.made_by
    told = {} if job is None else {"ProcessingJobArn": job.arn, "ProcessingJobName": job.name}
    return {
        **told,
        "Status": view.status.value,
        **present(FailureReason=reason(job.failure) if job is not None else ""),
        "Explainability": view.explainability,
        "ModelInsights": view.model_insights,
    }
