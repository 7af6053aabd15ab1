"""AutoMLV2 of the SageMaker Python SDK 2.x, unmodified, with AutoMLTabularConfig: what AutoML does, on an ensembling
job."""

import pytest
from journeys.sdk import PACES, Flow


@pytest.fixture(scope="module", params=PACES)
def flow(request, server, tmp_path_factory):
    return Flow(server, tmp_path_factory.mktemp("sdk-v2"), "AutoMLV2", request.param)


def test_the_configuration_arrives_and_the_best_candidate_is_found_again_by_attach(flow):
    assert len(flow.told["listed"]) == 2
    assert flow.told["best"] in flow.told["listed"]
    assert flow.told["attached"] == flow.told["top"] == flow.told["best"]
    job = flow.sagemaker.describe_auto_ml_job_v2(AutoMLJobName=flow.name)
    tabular = job["AutoMLProblemTypeConfig"]["TabularJobConfig"]
    assert (tabular["TargetAttributeName"], tabular["Mode"]) == ("y", "ENSEMBLING")
    algorithms = tabular["CandidateGenerationConfig"]["AlgorithmsConfig"]
    assert algorithms == [{"AutoMLAlgorithms": ["lightgbm", "xgboost"]}]
    assert job["AutoMLJobObjective"] == {"MetricName": "AUC"}
    assert [channel["ChannelType"] for channel in job["AutoMLJobInputDataConfig"]] == ["training"]


def test_batch_transform_and_endpoint_answer_alike_with_every_key(flow):
    flow.check_answers()
    for _, probability, probabilities, _ in flow.answers():
        assert probability == max(probabilities), "that of the predicted label"


def test_nothing_is_left_of_what_was_deleted(flow):
    flow.check_that_nothing_is_left()


def test_every_step_of_the_candidate_is_done_again(flow):
    flow.check_that_steps_were_done_again()


def test_the_logs_of_each_kind_of_step_are_shown(flow):
    flow.check_logs()
