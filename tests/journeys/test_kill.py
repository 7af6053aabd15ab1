"""kill -9 of the server: what was acknowledged is there, what was under way goes on, nothing is left behind."""

import random
import time

import pytest
from journeys.running import RunningServer, limits
from journeys.small import table
from journeys.stepping import Steps


@pytest.fixture
def own_server(tmp_path):
    running = RunningServer(tmp_path / "data")
    yield running
    running.stop()


def wait_until(condition, timeout_s=240):
    give_up = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.05)


@pytest.fixture
def few_rows(bank_train):
    """Some five thousand rows."""
    return bank_train[: bank_train.index(b"\n", 600_000) + 1]


def candidates_of(server, job):
    pages = server.client("sagemaker").get_paginator("list_candidates_for_auto_ml_job")
    return {
        candidate["CandidateName"]: candidate
        for page in pages.paginate(AutoMLJobName=job)
        for candidate in page["Candidates"]
    }


def finished(candidates):
    return {
        name: candidate["FinalAutoMLJobObjectiveMetric"]["Value"]
        for name, candidate in candidates.items()
        if candidate["CandidateStatus"] == "Completed"
    }


def test_a_killed_server_leaves_no_child_and_its_job_and_endpoint_come_back(own_server):
    server = own_server
    uri = server.upload("kill/train.csv", table(of_classes=True))
    server.create_job(
        "killed",
        uri,
        AutoMLJobConfig=limits(2, 120),
        ModelDeployConfig={"AutoGenerateEndpointName": False, "EndpointName": "killed"},
    )
    wait_until(lambda: finished(candidates_of(server, "killed")))
    before = finished(candidates_of(server, "killed"))
    server.kill()
    wait_until(lambda: not server.children())
    server.start()
    job = server.wait_for_job("killed", 150)
    assert job["AutoMLJobStatus"] == "Completed"
    after = finished(candidates_of(server, "killed"))
    assert before.items() <= after.items()
    assert len(candidates_of(server, "killed")) <= 2
    server.kill()
    server.start()
    answer = server.client("sagemaker-runtime").invoke_endpoint(
        EndpointName="killed", ContentType="text/csv", Body="1.5,red,0.5,2024-01-01"
    )
    assert answer["Body"].read().decode().strip() in ("yes", "no")


@pytest.mark.long
def test_a_training_job_that_was_acknowledged_outlives_its_server(own_server, few_rows):
    server = own_server
    steps = Steps(server)
    steps.read(server.upload("kill/train.csv", few_rows))
    steps.create("under-way", "catboost", {"iterations": "400", "_folds": "2"})
    started = "TrainingStartTime"
    wait_until(lambda: started in steps.described("under-way"))
    steps.create("waiting", "linear-learner", {"_folds": "2"})
    server.kill()
    server.start()
    steps = Steps(server)
    for name in ("under-way", "waiting"):
        job = steps.wait(name)
        assert job["TrainingJobStatus"] == "Completed", job
        assert job["FinalMetricDataList"]
    assert len(steps.sagemaker.list_training_jobs()["TrainingJobSummaries"]) == 2


@pytest.mark.long
def test_ten_kills_at_random_points_lose_and_duplicate_nothing(own_server, bank_train):
    server, dice = own_server, random.Random(20211)
    uri = server.upload("kill/train.csv", bank_train)
    server.create_job(
        "kill-ten",
        uri,
        AutoMLJobConfig=limits(12, 600),
        ModelDeployConfig={"AutoGenerateEndpointName": True},
    )
    seen = {}
    for _ in range(10):
        time.sleep(dice.uniform(0.2, 9))
        seen |= finished(candidates_of(server, "kill-ten"))
        server.kill()
        wait_until(lambda: not server.children())
        server.start()
    job = server.wait_for_job("kill-ten", 600)
    assert job["AutoMLJobStatus"] == "Completed"
    assert job["AutoMLJobSecondaryStatus"] == "MaxCandidatesReached"
    after = candidates_of(server, "kill-ten")
    assert seen.items() <= finished(after).items()
    assert len(after) <= 12
    assert all(candidate["CandidateStatus"] != "InProgress" for candidate in after.values())
    assert "EndpointName" in job["ModelDeployResult"]
    server.stop()
    assert not server.children()
    server.start()
