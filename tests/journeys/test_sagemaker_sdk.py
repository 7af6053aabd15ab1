"""AutoML of the SageMaker Python SDK 2.x, unmodified: `fit` of a local file with its defaults, batch transform, an
endpoint with every inference response key, the candidate's steps again, and the logs of each kind of step."""

import pytest
from journeys.sdk import PACES, Flow
from journeys.small import table


@pytest.fixture(scope="module", params=PACES)
def flow(request, server, tmp_path_factory):
    return Flow(server, tmp_path_factory.mktemp("sdk"), "AutoML", request.param)


def test_the_best_of_two_candidates_is_found_again_by_attach(flow):
    assert len(flow.told["listed"]) == 2
    assert flow.told["best"] in flow.told["listed"]
    assert flow.told["attached"] == flow.told["top"] == flow.told["best"]
    job = flow.sagemaker.describe_auto_ml_job(AutoMLJobName=flow.name)
    assert job["AutoMLJobConfig"]["CompletionCriteria"]["MaxCandidates"] == 2
    [channel] = job["InputDataConfig"]
    assert channel["DataSource"]["S3DataSource"]["S3Uri"].endswith("/auto-ml-input-data/train.csv")


def test_batch_transform_and_endpoint_answer_alike_with_every_key(flow):
    flow.check_answers()
    for _, probability, probabilities, _ in flow.answers():
        assert probability == probabilities[1], "the second label is the positive one"


def test_nothing_is_left_of_what_was_deleted(flow):
    flow.check_that_nothing_is_left()


def test_every_step_of_the_candidate_is_done_again(flow):
    flow.check_that_steps_were_done_again()


def test_the_logs_of_each_kind_of_step_are_shown(flow):
    flow.check_logs()


def test_a_local_file_is_uploaded_as_it_is(flow):
    bucket = flow.server.env["WINDVANE_BUCKET"]
    sent = flow.server.client("s3").get_object(Bucket=bucket, Key="auto-ml-input-data/train.csv")
    assert sent["Body"].read() == table(of_classes=True)
