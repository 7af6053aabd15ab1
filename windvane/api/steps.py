"""Processing, training and transform jobs: create, describe, list, stop."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from windvane.api.answers import listed, present, reason
from windvane.api.operation import OperationTable, Services, scope_of
from windvane.api.secondary_statuses import transitions
from windvane.control.steps import PROCESSING_JOBS, TRAINING_JOBS, TRANSFORM_JOBS
from windvane.control.transforms import NO_PROCESSING
from windvane.domain.candidate import ProcessingJob, TrainingJob, TransformJob
from windvane.wire.call import Call, Result

OPERATIONS = OperationTable("sagemaker")


@OPERATIONS.serves("CreateTrainingJob")
def create_training_job(parts: Services, call: Call) -> Result:
    job = parts.steps.create_training_job(call.caller, call.parameters)
    return {"TrainingJobArn": job.arn}


@OPERATIONS.serves("CreateProcessingJob")
def create_processing_job(parts: Services, call: Call) -> Result:
    job = parts.steps.create_processing_job(call.caller, call.parameters)
    return {"ProcessingJobArn": job.arn}


@OPERATIONS.serves("StopTrainingJob")
def stop_training_job(parts: Services, call: Call) -> Result:
    parts.steps.stop(TrainingJob, scope_of(call), call.parameters["TrainingJobName"])
    return None


@OPERATIONS.serves("StopProcessingJob")
def stop_processing_job(parts: Services, call: Call) -> Result:
    parts.steps.stop(ProcessingJob, scope_of(call), call.parameters["ProcessingJobName"])
    return None


@OPERATIONS.serves("DescribeProcessingJob")
def describe_processing_job(parts: Services, call: Call) -> Result:
    name = call.parameters["ProcessingJobName"]
    return _description(parts.steps.describe(ProcessingJob, scope_of(call), name), "Processing")


@OPERATIONS.serves("DescribeTransformJob")
def describe_transform_job(parts: Services, call: Call) -> Result:
    name = call.parameters["TransformJobName"]
    answer = _description(parts.steps.describe(TransformJob, scope_of(call), name), "Transform")
    del answer["LastModifiedTime"]
    return {"DataProcessing": NO_PROCESSING, **answer}


@OPERATIONS.serves("DescribeTrainingJob")
def describe_training_job(parts: Services, call: Call) -> Result:
    name = call.parameters["TrainingJobName"]
    job = parts.steps.describe(TrainingJob, scope_of(call), name)
    return {
        **_description(job, "Training"),
        "SecondaryStatus": job.secondary,
        **present(
            TrainingTimeInSeconds=_seconds(job.started, job.ended),
            FinalMetricDataList=_final_metrics(job),
            SecondaryStatusTransitions=transitions(job),
        ),
    }


@OPERATIONS.serves("ListProcessingJobs")
def list_processing_jobs(parts: Services, call: Call) -> Result:
    page = parts.steps.list(PROCESSING_JOBS, scope_of(call), call.parameters)
    return listed("ProcessingJobSummaries", page, lambda job: _summary(job, "Processing"))


@OPERATIONS.serves("ListTransformJobs")
def list_transform_jobs(parts: Services, call: Call) -> Result:
    page = parts.steps.list(TRANSFORM_JOBS, scope_of(call), call.parameters)
    return listed("TransformJobSummaries", page, lambda job: _summary(job, "Transform"))


@OPERATIONS.serves("ListTrainingJobs")
def list_training_jobs(parts: Services, call: Call) -> Result:
    page = parts.steps.list(TRAINING_JOBS, scope_of(call), call.parameters)
    return listed("TrainingJobSummaries", page, _training_summary)


def _description(job: ProcessingJob, word: str) -> dict[str, Any]:
    return {
        **job.details,
        **_summary(job, word),
        **present(
            AutoMLJobArn=job.parent,
            **{f"{word}StartTime": job.started},
        ),
    }


def _summary(job: ProcessingJob, word: str) -> dict[str, Any]:
    """Return what the three kinds say alike, each in its own word."""
    return {
        f"{word}JobName": job.name,
        f"{word}JobArn": job.arn,
        f"{word}JobStatus": job.status.value,
        "CreationTime": job.created,
        "LastModifiedTime": job.modified,
        **present(**{f"{word}EndTime": job.ended}, FailureReason=reason(job.failure)),
    }


def _training_summary(job: TrainingJob) -> dict[str, Any]:
    summary = _summary(job, "Training")
    summary.pop("FailureReason", None)
    return {**summary, "SecondaryStatus": job.secondary}


def _seconds(started: datetime | None, ended: datetime | None) -> int | None:
    """Return the duration in seconds, at least 1, as the service model wants it."""
    if started is None or ended is None:
        return None
    return max(1, round((ended - started).total_seconds()))


def _final_metrics(job: TrainingJob) -> list[dict[str, Any]]:
    return [
        {
            "MetricName": f"{metric.split.lower()}:{metric.name.value}",
            "Value": metric.value,
            "Timestamp": job.ended or job.modified,
        }
        for metric in job.metrics
    ]
