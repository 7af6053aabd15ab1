"""An ensembling job of networks that PyTorch trains, and a step of it sent back."""

import pytest
from journeys.running import limits
from journeys.small import table
from journeys.test_again import finished, last_step, objective, sent_back

NAMED = ["nn-torch", "fastai"]


@pytest.mark.long
def test_a_job_of_networks_completes_and_a_step_sent_back_has_its_score(server):
    uri = server.upload("torch/train.csv", table(of_classes=True))
    generation = {"AlgorithmsConfig": [{"AutoMLAlgorithms": NAMED}]}
    config = {
        **limits(2, 200),
        "Mode": "ENSEMBLING",
        "CandidateGenerationConfig": generation,
        "DataSplitConfig": {"ValidationFraction": 0.3},
    }
    server.create_job("torch", uri, AutoMLJobConfig=config)
    job = server.wait_for_job("torch", 250)
    assert (job["AutoMLJobStatus"], job["AutoMLJobSecondaryStatus"]) == (
        "Completed",
        "MaxCandidatesReached",
    )
    sagemaker = server.client("sagemaker")
    listed = sagemaker.list_candidates_for_auto_ml_job(
        AutoMLJobName="torch", SortBy="CreationTime", SortOrder="Ascending"
    )["Candidates"]
    steps = [sagemaker.describe_training_job(TrainingJobName=last_step(one)) for one in listed]
    images = [one["AlgorithmSpecification"]["TrainingImage"] for one in steps]
    assert all(f"windvane-{name}:" in image for name, image in zip(NAMED, images, strict=True))
    told = listed[1]["FinalAutoMLJobObjectiveMetric"]
    again = finished(sagemaker, sent_back(sagemaker, last_step(listed[1])))
    assert objective(again, told["MetricName"]) == told["Value"]
