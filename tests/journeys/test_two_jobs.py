"""Two jobs at once on one server."""

import time

import pytest
from journeys.running import limits
from journeys.small import table


@pytest.mark.long
def test_two_jobs_at_once_both_finish_within_their_budgets(server, bank_train):
    uri = server.upload("two/train.csv", bank_train)
    for name in ("two-a", "two-b"):
        server.create_job(name, uri, AutoMLJobConfig=limits(100, 45))
    for name in ("two-a", "two-b"):
        job = server.wait_for_job(name)
        assert job["AutoMLJobStatus"] == "Completed", job
        assert job["AutoMLJobSecondaryStatus"] == "MaxAutoMLJobRuntimeReached"
        assert (job["EndTime"] - job["CreationTime"]).total_seconds() <= 45 + 5
        assert job["BestCandidate"]["FinalAutoMLJobObjectiveMetric"]["Value"] > 0.5


def test_a_stopped_job_keeps_its_best_candidate_and_leaves_no_child(server):
    uri = server.upload("stop/train.csv", table(of_classes=True))
    server.create_job("to-stop", uri, AutoMLJobConfig=limits(100, 300))
    sagemaker = server.client("sagemaker")
    while "BestCandidate" not in sagemaker.describe_auto_ml_job(AutoMLJobName="to-stop"):
        assert server.process.poll() is None
        time.sleep(0.1)
    sagemaker.stop_auto_ml_job(AutoMLJobName="to-stop")
    job = server.wait_for_job("to-stop")
    assert (job["AutoMLJobStatus"], job["AutoMLJobSecondaryStatus"]) == ("Stopped", "Stopped")
    assert job["BestCandidate"]["CandidateStatus"] == "Completed"
    running = sagemaker.list_candidates_for_auto_ml_job(
        AutoMLJobName="to-stop", StatusEquals="InProgress"
    )
    assert running["Candidates"] == []
