"""Quotas that hold for an account as a whole, whatever the kind and the region of its jobs."""

from __future__ import annotations

import pytest
from api.steps import put_inputs, training_request
from api.world import OTHER_ACCOUNT, build_world, close, job_request, refusal


@pytest.fixture
def world(tmp_path):
    built = build_world(tmp_path, jobs_in_flight=2)
    put_inputs(built)
    yield built
    close(built)


def test_jobs_in_flight_are_bounded_over_kinds_and_regions(world):
    world.create_job("first")
    world.client().create_training_job(**training_request("second"))
    for client in (world.client(), world.client(region="eu-west-1")):
        code, text = refusal(client.create_auto_ml_job, **job_request("third"))
        assert code == "ResourceLimitExceeded"
        assert "'jobs in flight' is 2 Jobs, with current utilization of 2 Jobs" in text
        code, _ = refusal(client.create_training_job, **training_request("third"))
        assert code == "ResourceLimitExceeded"
        assert client.list_auto_ml_jobs(NameContains="third")["AutoMLJobSummaries"] == []
    assert world.client(OTHER_ACCOUNT).list_auto_ml_jobs()["AutoMLJobSummaries"] == []
