"""StopAutoMLJob."""

from __future__ import annotations

from typing import Any

import pytest
from api.records import job_record
from api.world import World, refusal

from windvane.domain.job import JobStatus


def test_a_job_in_progress_is_stopping_from_then_on_and_may_be_stopped_again(world: World) -> None:
    world.create_job()
    later = world.clock.advance()
    for _ in range(2):
        world.client().stop_auto_ml_job(AutoMLJobName="Churn")
        answer = world.client().describe_auto_ml_job(AutoMLJobName="churn")
        assert answer["AutoMLJobStatus"] == answer["AutoMLJobSecondaryStatus"] == "Stopping"
        assert answer["LastModifiedTime"] == later
        assert "EndTime" not in answer
        world.clock.advance()


@pytest.mark.parametrize("status", [JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.STOPPED])
def test_a_job_that_has_ended_cannot_be_stopped(world: World, status: JobStatus) -> None:
    world.insert(job_record(world.clock(), status=status))
    assert refusal(world.client().stop_auto_ml_job, AutoMLJobName="churn") == (
        "ValidationException",
        (
            f"The request was rejected because the AutoML job is in status {status}. Only a job that is "
            "in status InProgress can be stopped."
        ),
    )


def test_a_missing_job_is_told_in_aws_own_words(client: Any) -> None:
    assert refusal(client.stop_auto_ml_job, AutoMLJobName="nope") == (
        "ResourceNotFound",
        "Amazon SageMaker can't find an AutoML job called nope.",
    )
