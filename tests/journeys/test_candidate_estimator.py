"""CandidateEstimator of the SageMaker SDK 2.x, unmodified, trains a candidate's steps again; and another model in the
second container of a candidate."""

import pytest
from journeys.sdk import check_steps, told_by
from journeys.small import OF_CLASSES, table, trained
from journeys.stepping import Steps


@pytest.fixture(scope="module")
def job(server):
    return trained(server, OF_CLASSES)


@pytest.fixture(scope="module")
def estimated(job, server, tmp_path_factory):
    """What the SDK was told of the best candidate, and what it made of it."""
    home = tmp_path_factory.mktemp("home")
    file = home / "train.csv"
    file.write_bytes(table(True))
    _, told = told_by(server, home, "candidate_estimator.py", OF_CLASSES, file)
    return told


@pytest.mark.long
def test_its_steps_are_told(estimated):
    kinds = [kind for kind, _ in estimated["described"]]
    assert kinds == ["TrainingJob", "TransformJob", "TrainingJob"]


@pytest.mark.long
def test_on_the_same_file_all_steps_are_done_again_and_the_candidate_scores_as_it_did(
    job, estimated, server
):
    steps = [step["CandidateStepName"] for step in job["BestCandidate"]["CandidateSteps"]]
    check_steps(server.client("sagemaker"), estimated["again"], steps, estimated["metric"])


def test_another_model_in_the_second_container_answers(job, server):
    """As the sample ap-batch-transform does it."""
    sagemaker = server.client("sagemaker")
    for candidate in sagemaker.list_candidates_for_auto_ml_job(AutoMLJobName=OF_CLASSES)[
        "Candidates"
    ]:
        name = candidate["CandidateSteps"][-1]["CandidateStepName"]
        told = sagemaker.describe_training_job(TrainingJobName=name)
        if told["HyperParameters"].get("_recipe") == "dpp0":
            break
    steps = Steps(server)
    steps.dataset = told["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"]
    mine = {"_recipe": "dpp0", "num_round": "20", "max_depth": "3", "objective": "binary:logistic"}
    trained = steps.train("mine", "xgboost", mine)
    assert trained["TrainingJobStatus"] == "Completed", trained
    containers = candidate["InferenceContainers"]
    assert len(containers) == 3
    containers[1]["ModelDataUrl"] = trained["ModelArtifacts"]["S3ModelArtifacts"]
    for container in containers[1:]:
        container["Environment"]["SAGEMAKER_INFERENCE_OUTPUT"] = "predicted_label,probability"
    label, probability = steps.answer("with-mine", containers, "1.5,red,1.5,2024-02-02").split(",")
    assert label == "yes"
    assert 0.5 < float(probability) < 1
