"""CandidateEstimator of the SageMaker SDK 2.x, unmodified, trains a candidate's steps again; and another model in the
second container of a candidate."""

import json
import subprocess
import sys

import pytest
from journeys.small import OF_CLASSES, table, trained
from journeys.stepping import Steps

SENT_BACK = ("TrainingJob",)
"""Kinds of steps that `fit` sends back: TransformJob as well, once the service takes one."""

SCRIPT = """
import json, os, sys
import sagemaker
from sagemaker.automl.automl import AutoML
from sagemaker.automl.candidate_estimator import CandidateEstimator

kinds = sys.argv[2].split(",")
session = sagemaker.Session(default_bucket=os.environ["WINDVANE_BUCKET"])
automl = AutoML.attach(sys.argv[3], sagemaker_session=session)
candidate = automl.best_candidate()
estimator = CandidateEstimator(candidate, sagemaker_session=session)
described = [(step.type, step.name) for step in estimator.get_steps()]
estimator.steps = [step for step in estimator.steps if step["type"] in kinds]
estimator.fit(sys.argv[1])
metric = candidate["FinalAutoMLJobObjectiveMetric"]
print("\\n" + json.dumps({
    "metric": metric["MetricName"],
    "value": metric["Value"],
    "described": described,
    "again": [(step["type"], step["name"]) for step in estimator.steps],
}))
"""


@pytest.fixture(scope="module")
def job(server):
    return trained(server, OF_CLASSES)


@pytest.fixture(scope="module")
def estimated(job, server, tmp_path_factory):
    """What the SDK was told of the best candidate, and what it made of it."""
    home = tmp_path_factory.mktemp("home")
    file = home / "train.csv"
    file.write_bytes(table(True))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, str(file), ",".join(SENT_BACK), OF_CLASSES],
        env=server.shell_env(HOME=str(home), SAGEMAKER_SUPPRESS_V2_WARNING="1"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_its_steps_are_told(estimated):
    kinds = [kind for kind, _ in estimated["described"]]
    assert kinds == ["TrainingJob", "TransformJob", "TrainingJob"]


def test_on_the_same_file_the_candidate_scores_as_it_did(estimated, server):
    sagemaker = server.client("sagemaker")
    again = [
        sagemaker.describe_training_job(TrainingJobName=name)
        for kind, name in estimated["again"]
        if kind == "TrainingJob"
    ]
    assert [job["TrainingJobStatus"] for job in again] == ["Completed"] * 2, again
    transformers, model = again
    assert transformers["HyperParameters"]["_target"] == "y"
    metrics = {one["MetricName"]: one["Value"] for one in model["FinalMetricDataList"]}
    assert metrics[f"validation:{estimated['metric']}"] == estimated["value"]


def test_transform_jobs_are_sent_back_too(estimated, server):
    for kind, name in estimated["again"]:
        if kind == "TransformJob":
            told = server.client("sagemaker").describe_transform_job(TransformJobName=name)
            assert told["TransformJobStatus"] == "Completed", told


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
