"""CandidateEstimator of the SageMaker SDK 2.x, unmodified, trains a candidate's steps again; and another model in the
second container of a candidate."""

import json
import subprocess
import sys

import pytest
from journeys.running import limits
from journeys.small import table
from journeys.stepping import Steps

JOB = "estimated"

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
told = []
for candidate in automl.list_candidates():
    estimator = CandidateEstimator(candidate, sagemaker_session=session)
    described = [(step.type, step.name) for step in estimator.get_steps()]
    estimator.steps = [step for step in estimator.steps if step["type"] in kinds]
    estimator.fit(sys.argv[1])
    metric = candidate["FinalAutoMLJobObjectiveMetric"]
    told.append({
        "metric": metric["MetricName"],
        "value": metric["Value"],
        "described": described,
        "again": [(step["type"], step["name"]) for step in estimator.steps],
    })
print("\\n" + json.dumps(told))
"""


@pytest.fixture(scope="module")
def job(server):
    uri = server.upload(f"{JOB}/train.csv", table(True))
    server.create_job(JOB, uri, AutoMLJobConfig=limits(1, 120))
    ended = server.wait_for_job(JOB)
    assert ended["AutoMLJobStatus"] == "Completed", ended
    return ended


@pytest.fixture(scope="module")
def estimated(job, server, tmp_path_factory):
    """Of each candidate what the SDK was told and what it made of it."""
    home = tmp_path_factory.mktemp("home")
    file = home / "train.csv"
    file.write_bytes(table(True))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, str(file), ",".join(SENT_BACK), JOB],
        env=server.shell_env(HOME=str(home), SAGEMAKER_SUPPRESS_V2_WARNING="1"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_its_steps_are_told(estimated):
    assert len(estimated) == 1
    for candidate in estimated:
        kinds = [kind for kind, _ in candidate["described"]]
        assert kinds == ["TrainingJob", "TransformJob", "TrainingJob"]


def test_on_the_same_file_every_candidate_scores_as_it_did(estimated, server):
    sagemaker = server.client("sagemaker")
    for candidate in estimated:
        again = [
            sagemaker.describe_training_job(TrainingJobName=name)
            for kind, name in candidate["again"]
            if kind == "TrainingJob"
        ]
        assert [job["TrainingJobStatus"] for job in again] == ["Completed"] * 2, again
        transformers, model = again
        assert transformers["HyperParameters"]["_target"] == "y"
        metrics = {one["MetricName"]: one["Value"] for one in model["FinalMetricDataList"]}
        assert metrics[f"validation:{candidate['metric']}"] == candidate["value"]


def test_transform_jobs_are_sent_back_too(estimated, server):
    for candidate in estimated:
        for kind, name in candidate["again"]:
            if kind == "TransformJob":
                told = server.client("sagemaker").describe_transform_job(TransformJobName=name)
                assert told["TransformJobStatus"] == "Completed", told


def test_another_model_in_the_second_container_answers(job, server):
    """As the sample ap-batch-transform does it."""
    best = job["BestCandidate"]
    sagemaker = server.client("sagemaker")
    told = sagemaker.describe_training_job(
        TrainingJobName=best["CandidateSteps"][-1]["CandidateStepName"]
    )
    steps = Steps(server)
    steps.dataset = told["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"]
    recipe = told["HyperParameters"]["_recipe"]
    mine = {"_recipe": recipe, "num_round": "20", "max_depth": "3", "objective": "binary:logistic"}
    trained = steps.train("mine", "xgboost", mine)
    assert trained["TrainingJobStatus"] == "Completed", trained
    containers = best["InferenceContainers"]
    assert len(containers) == 3
    containers[1]["ModelDataUrl"] = trained["ModelArtifacts"]["S3ModelArtifacts"]
    for container in containers[1:]:
        container["Environment"]["SAGEMAKER_INFERENCE_OUTPUT"] = "predicted_label,probability"
    row = "1.5,red,1.5,2024-02-02"
    label, probability = steps.answer("with-mine", containers, row).split(",")
    assert label == "yes"
    assert 0.5 < float(probability) < 1
