"""Describe and List of the training, processing and transform jobs behind candidates."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from api.records import DETAILS, JOB_ARN, step_record
from api.world import ACCOUNT, REGION, World, refusal

from windvane.domain.candidate import Metric, ProcessingJob, StepStatus, TrainingJob, TransformJob
from windvane.domain.problem import MetricName
from windvane.notes.note import said

PREFIX = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"


def ended(job: ProcessingJob, status: StepStatus, why: str = "") -> Any:
    return replace(
        job,
        status=status,
        started=job.created + timedelta(seconds=1),
        ended=job.created + timedelta(seconds=5),
        failure=said(why) if why else None,
    )


def described(world: World, word: str) -> dict[str, Any]:
    call = getattr(world.client(), f"describe_{word.lower()}_job")
    answer: dict[str, Any] = call(**{f"{word}JobName": "STEP-1"})
    del answer["ResponseMetadata"]
    return answer


KINDS = [(ProcessingJob, "Processing"), (TrainingJob, "Training"), (TransformJob, "Transform")]


@pytest.mark.parametrize(("kind", "word"), KINDS)
def test_a_step_job_in_progress_has_no_end(
    world: World, kind: type[ProcessingJob], word: str
) -> None:
    now = world.clock()
    world.insert(step_record(kind, now))
    answer = described(world, word)
    assert DETAILS[kind].items() <= answer.items()
    assert answer[f"{word}JobArn"] == f"{PREFIX}:{word.lower()}-job/step-1"
    assert answer["AutoMLJobArn"] == JOB_ARN
    assert answer[f"{word}JobStatus"] == "InProgress"
    assert answer["CreationTime"] == now
    assert not {f"{word}StartTime", f"{word}EndTime", "FailureReason"} & set(answer)


@pytest.mark.parametrize(("kind", "word"), KINDS)
def test_a_step_job_that_ended_tells_how_and_when(
    world: World, kind: type[ProcessingJob], word: str
) -> None:
    job = ended(step_record(kind, world.clock()), StepStatus.FAILED, "It broke.")
    world.insert(job)
    answer = described(world, word)
    assert answer[f"{word}JobStatus"] == "Failed"
    assert answer[f"{word}StartTime"] == job.started
    assert answer[f"{word}EndTime"] == job.ended
    assert answer["FailureReason"] == "It broke."


def test_a_training_job_tells_its_metrics_and_its_seconds(world: World) -> None:
    job = ended(step_record(TrainingJob, world.clock()), StepStatus.COMPLETED)
    world.insert(replace(job, metrics=(Metric(MetricName.F1, 0.5),)))
    answer = described(world, "Training")
    assert answer["SecondaryStatus"] == "Completed"
    assert answer["TrainingTimeInSeconds"] == 4
    assert answer["FinalMetricDataList"] == [
        {"MetricName": "validation:F1", "Value": 0.5, "Timestamp": job.ended}
    ]


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("Processing", "Could not find requested job with name: nope."),
        ("Training", "Requested resource not found: training job with name: nope."),
        ("Transform", "Could not find requested job with name: nope."),
    ],
)
def test_a_missing_step_job_is_named(client: Any, word: str, message: str) -> None:
    call = getattr(client, f"describe_{word.lower()}_job")
    assert refusal(call, **{f"{word}JobName": "nope"}) == ("ValidationException", message)


@pytest.mark.parametrize(
    ("kind", "word", "in_order"),
    [
        (ProcessingJob, "Processing", ["a", "b"]),
        (TrainingJob, "Training", ["a", "b"]),
        (TransformJob, "Transform", ["b", "a"]),
    ],
)
def test_step_jobs_are_listed_in_aws_default_order_and_picked_by_status(
    world: World, kind: type[ProcessingJob], word: str, in_order: list[str]
) -> None:
    first = step_record(kind, world.clock(), "a")
    second = step_record(kind, world.clock.advance(), "b")
    world.insert(first, ended(second, StepStatus.COMPLETED))
    call = getattr(world.client(), f"list_{word.lower()}_jobs")
    listed = call()[f"{word}JobSummaries"]
    assert [summary[f"{word}JobName"] for summary in listed] == in_order
    (completed,) = call(StatusEquals="Completed")[f"{word}JobSummaries"]
    assert completed[f"{word}JobName"] == "b"
    assert f"{word}EndTime" in completed


def test_a_filter_on_what_is_not_served_is_refused(client: Any) -> None:
    code, message = refusal(client.list_training_jobs, WarmPoolStatusEquals="InUse")
    assert code == "ValidationException"
    assert message.startswith("The member 'warmPoolStatusEquals' is not supported")


def test_a_training_job_tells_the_way_it_went(world: World) -> None:
    job = step_record(TrainingJob, world.clock())
    world.insert(job)
    [waiting] = described(world, "Training")["SecondaryStatusTransitions"]
    assert (waiting["Status"], waiting["StartTime"]) == ("Starting", job.created)
    assert "EndTime" not in waiting
    world.update(ended(job, StepStatus.FAILED, "It broke."))
    starting, training, failed = described(world, "Training")["SecondaryStatusTransitions"]
    assert starting["EndTime"] == training["StartTime"] == job.created + timedelta(seconds=1)
    assert training["Status"] == "Training"
    assert training["EndTime"] == failed["StartTime"] == job.created + timedelta(seconds=5)
    assert (failed["Status"], failed["StatusMessage"]) == ("Failed", "It broke.")


def test_a_step_whose_training_was_cut_short_says_so(world: World) -> None:
    now = world.clock()
    job = replace(step_record(TrainingJob, now), status=StepStatus.COMPLETED, cut_short=True)
    world.insert(replace(job, started=now, ended=now))
    *_, completed = described(world, "Training")["SecondaryStatusTransitions"]
    assert completed["StatusMessage"] == (
        "The training job is Completed. The time of its AutoML job cut its training short."
    )


def test_a_training_job_that_is_stopped_tells_it(world: World) -> None:
    job = step_record(TrainingJob, world.clock())
    world.insert(replace(job, status=StepStatus.STOPPING))
    told = described(world, "Training")["SecondaryStatusTransitions"]
    assert [one["Status"] for one in told] == ["Starting", "Stopping"]
