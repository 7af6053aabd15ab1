"""AutoML jobs: create, describe, list, stop; their candidates."""

from __future__ import annotations

from windvane.api.answers import listed
from windvane.api.automl_answers import description, description_v2, summary
from windvane.api.automl_request.spec import new_job, new_job_v2
from windvane.api.candidates import candidate_answer
from windvane.api.operation import OperationTable, Services, scope_of
from windvane.domain.job import ApiVersion
from windvane.errors import InvalidRequest
from windvane.wire.call import Call, Result

OPERATIONS = OperationTable("sagemaker")


@OPERATIONS.serves("CreateAutoMLJob")
def create_auto_ml_job(parts: Services, call: Call) -> Result:
    asked = new_job(call.parameters, parts.jobs.networks)
    return {"AutoMLJobArn": parts.jobs.create(call.caller, asked).arn}


@OPERATIONS.serves("CreateAutoMLJobV2")
def create_auto_ml_job_v2(parts: Services, call: Call) -> Result:
    asked = new_job_v2(call.parameters, parts.jobs.networks)
    return {"AutoMLJobArn": parts.jobs.create(call.caller, asked).arn}


@OPERATIONS.serves("DescribeAutoMLJob")
def describe_auto_ml_job(parts: Services, call: Call) -> Result:
    view = parts.jobs.describe(scope_of(call), call.parameters["AutoMLJobName"])
    if view.job.echo.api is ApiVersion.V2:
        raise InvalidRequest(
            f"The AutoML job {view.job.name} was created by CreateAutoMLJobV2 and is not described by "
            "DescribeAutoMLJob. Use DescribeAutoMLJobV2."
        )
    return description(view)


@OPERATIONS.serves("DescribeAutoMLJobV2")
def describe_auto_ml_job_v2(parts: Services, call: Call) -> Result:
    return description_v2(parts.jobs.describe(scope_of(call), call.parameters["AutoMLJobName"]))


@OPERATIONS.serves("ListAutoMLJobs")
def list_auto_ml_jobs(parts: Services, call: Call) -> Result:
    return listed("AutoMLJobSummaries", parts.jobs.list(scope_of(call), call.parameters), summary)


@OPERATIONS.serves("ListCandidatesForAutoMLJob")
def list_candidates_for_auto_ml_job(parts: Services, call: Call) -> Result:
    name = call.parameters["AutoMLJobName"]
    view = parts.jobs.candidates(scope_of(call), name, call.parameters)
    return listed(
        "Candidates",
        view.candidates,
        lambda candidate: candidate_answer(candidate, view.job.objective),
    )


@OPERATIONS.serves("StopAutoMLJob")
def stop_auto_ml_job(parts: Services, call: Call) -> Result:
    parts.jobs.stop(scope_of(call), call.parameters["AutoMLJobName"])
    return None
