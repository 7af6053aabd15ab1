"""CreateAutoMLJobV2: an ensembling job from a CSV to a prediction, and a tuning job beside it."""

import time

import pytest
from journeys.running import FINAL
from journeys.small import table

from windvane.domain.problem import Mode
from windvane.work.layout import LAYOUT

ENSEMBLING, TUNING = "V2-Ensembling", "v2-tuning"


def tabular(mode, max_candidates, **members):
    return {
        "TargetAttributeName": "y",
        "Mode": mode,
        "ProblemType": "BinaryClassification",
        "CompletionCriteria": {
            "MaxCandidates": max_candidates,
            "MaxAutoMLJobRuntimeInSeconds": 240,
        },
        **members,
    }


SENT = {
    ENSEMBLING: tabular(
        "ENSEMBLING",
        3,
        CandidateGenerationConfig={
            "AlgorithmsConfig": [{"AutoMLAlgorithms": ["lightgbm", "xgboost"]}]
        },
    ),
    TUNING: tabular("HYPERPARAMETER_TUNING", 2),
}


def wait_for(server, name):
    """The job at its end, and the secondary statuses that were seen on the way."""
    sagemaker, seen = server.client("sagemaker"), []
    give_up = time.monotonic() + 270
    while True:
        job = sagemaker.describe_auto_ml_job_v2(AutoMLJobName=name)
        seen.append(job["AutoMLJobSecondaryStatus"])
        if job["AutoMLJobStatus"] in FINAL:
            return job, list(dict.fromkeys(seen))
        assert time.monotonic() < give_up, (job, server.log()[-5000:])
        time.sleep(0.2)


@pytest.fixture(scope="module")
def jobs(server):
    """Both jobs at their ends, which go on side by side."""
    uri = server.upload("v2/train.csv", table(of_classes=True))
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}
    for name, config in SENT.items():
        deploys = name == ENSEMBLING
        server.client("sagemaker").create_auto_ml_job_v2(
            AutoMLJobName=name,
            AutoMLJobInputDataConfig=[{"ChannelType": "training", "DataSource": source}],
            OutputDataConfig={"S3OutputPath": f"s3://{server.env['WINDVANE_BUCKET']}/output"},
            RoleArn=server.env["WINDVANE_ROLE_ARN"],
            AutoMLProblemTypeConfig={"TabularJobConfig": config},
            AutoMLJobObjective={"MetricName": "AUC"},
            **({"ModelDeployConfig": {"EndpointName": "v2"}} if deploys else {}),
        )
    return {name: wait_for(server, name) for name in SENT}


def candidates(server, name):
    listed = server.client("sagemaker").list_candidates_for_auto_ml_job(
        AutoMLJobName=name, SortBy="CreationTime", SortOrder="Ascending"
    )
    return listed["Candidates"]


@pytest.mark.parametrize("name", SENT)
def test_both_complete_and_are_described_as_they_were_sent(jobs, name):
    job, _ = jobs[name]
    assert job["AutoMLJobStatus"] == "Completed", job
    assert job["AutoMLJobSecondaryStatus"] == "MaxCandidatesReached"
    assert job["AutoMLProblemTypeConfig"] == {"TabularJobConfig": SENT[name]}
    assert "PartialFailureReasons" not in job


def test_an_ensembling_job_trains_models_and_an_ensemble_of_one_container_each(jobs, server):
    _, seen = jobs[ENSEMBLING]
    assert not {"FeatureEngineering", "ModelTuning"} & set(seen)
    found = candidates(server, ENSEMBLING)
    assert [one["CandidateName"].rsplit("-", 2)[0] for one in found] == [
        f"{ENSEMBLING}-t{number}" for number in (1, 2, 3)
    ]
    images = [[box["Image"] for box in one["InferenceContainers"]] for one in found]
    assert [len(boxes) for boxes in images] == [1, 1, 1]
    algorithms = ("lightgbm", "xgboost", "ensemble")
    assert all(name in image for name, [image] in zip(algorithms, images, strict=True))


def test_the_endpoint_of_an_ensembling_job_answers(jobs, server):
    job, _ = jobs[ENSEMBLING]
    assert job["ModelDeployResult"] == {"EndpointName": "v2"}
    answer = server.client("sagemaker-runtime").invoke_endpoint(
        EndpointName="v2", ContentType="text/csv", Body="3,red,3,2024-01-01\n-3,green,3,2024-05-05"
    )
    assert answer["Body"].read() == b"yes\nno\n"


def test_all_that_an_ensembling_job_leaves_is_listed(jobs, server):
    root = f"output/{ENSEMBLING}/"
    pages = (
        server.client("s3")
        .get_paginator("list_objects_v2")
        .paginate(Bucket=server.env["WINDVANE_BUCKET"], Prefix=root)
    )
    paths = [one["Key"].removeprefix(root) for page in pages for one in page["Contents"]]
    places = [[one.path for one in LAYOUT if one.matches(path)] for path in paths]
    assert all(len(one) == 1 for one in places), paths
    expected = {one.path for one in LAYOUT if Mode.ENSEMBLING in one.modes}
    assert {place for [place] in places} == expected


def test_a_tuning_job_has_pipelines_alone_and_stops_a_poor_one_early(jobs, server):
    job, seen = jobs[TUNING]
    assert "TrainingModels" not in seen
    first, second = candidates(server, TUNING)
    assert len(first["InferenceContainers"]) == 3
    assert job["BestCandidate"]["CandidateName"] == first["CandidateName"]
    # A straight line learns a product of two columns badly: the first of its folds says so.
    assert second["CandidateStatus"] == "Stopped"
    assert second["FailureReason"].startswith("Stopped early, because it was clearly worse than ")
    step = server.client("sagemaker").describe_training_job(TrainingJobName=second["CandidateName"])
    assert step["TrainingJobStatus"] == "Stopped"


def test_the_first_api_lists_both_and_describes_neither(jobs, server):
    sagemaker = server.client("sagemaker")
    listed = sagemaker.list_auto_ml_jobs(NameContains="v2-")["AutoMLJobSummaries"]
    assert set(SENT) <= {job["AutoMLJobName"] for job in listed}
    with pytest.raises(sagemaker.exceptions.ClientError, match="Use DescribeAutoMLJobV2"):
        sagemaker.describe_auto_ml_job(AutoMLJobName=TUNING)
