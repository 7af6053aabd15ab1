"""AutoML jobs: create, describe, list, stop; their candidates."""

from __future__ import annotations

from windvane.api.answers import listed
from windvane.api.automl_answers import description, description_v2, summary
from windvane.api.candidates import candidate_answer
from windvane.api.operation import Parts, Table, scope_of
from windvane.wire.call import Call, Result

OPERATIONS = Table("sagemaker")


@OPERATIONS.serves("CreateAutoMLJob")
def create_auto_ml_job(parts: Parts, call: Call) -> Result:
    return {"AutoMLJobArn": parts.jobs.create(call.caller, call.parameters).arn}


@OPERATIONS.serves("CreateAutoMLJobV2")
def create_auto_ml_job_v2(parts: Parts, call: Call) -> Result:
    return {"AutoMLJobArn": parts.jobs.create_v2(call.caller, call.parameters).arn}


@OPERATIONS.serves("DescribeAutoMLJob")
def describe_auto_ml_job(parts: Parts, call: Call) -> Result:
    return description(parts.jobs.describe(scope_of(call), call.parameters["AutoMLJobName"]))


@OPERATIONS.serves("DescribeAutoMLJobV2")
def describe_auto_ml_job_v2(parts: Parts, call: Call) -> Result:
    return description_v2(parts.jobs.describe_v2(scope_of(call), call.parameters["AutoMLJobName"]))


@OPERATIONS.serves("ListAutoMLJobs")
def list_auto_ml_jobs(parts: Parts, call: Call) -> Result:
    return listed("AutoMLJobSummaries", parts.jobs.list(scope_of(call), call.parameters), summary)


@OPERATIONS.serves("ListCandidatesForAutoMLJob")
def list_candidates_for_auto_ml_job(parts: Parts, call: Call) -> Result:
    view = parts.jobs.candidates(scope_of(call), call.parameters)
    return listed(
        "Candidates",
        view.candidates,
        lambda candidate: candidate_answer(candidate, view.job.objective),
    )


@OPERATIONS.serves("StopAutoMLJob")
def stop_auto_ml_job(parts: Parts, call: Call) -> Result:
    parts.jobs.stop(scope_of(call), call.parameters["AutoMLJobName"])
    return None
