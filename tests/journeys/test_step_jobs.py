"""Step jobs through boto3: a dataset, transformers, candidates and an ensemble of them, served, explained and judged;
and what goes wrong."""

import io
import json

import pandas as pd
import pytest
from botocore.exceptions import ClientError
from journeys.stepping import Steps, image

ROWS = 1500
FEATURES = ["age", "job", "duration", "campaign", "euribor3m"]
"""Of the bundled data: an explanation of an ensemble takes as many predictions as there are columns, over and over."""

FORWARD = {"AUTOML_TRANSFORM_MODE": "feature-transform"}
BACKWARD = {
    "AUTOML_TRANSFORM_MODE": "inverse-label-transform",
    "SAGEMAKER_INFERENCE_INPUT": "predicted_label",
    "SAGEMAKER_INFERENCE_OUTPUT": "predicted_label",
}


def container(algorithm, uri, environment=None):
    return {"Image": image(algorithm), "ModelDataUrl": uri, "Environment": environment or {}}


def metrics(job):
    return {one["MetricName"]: one["Value"] for one in job["FinalMetricDataList"]}


@pytest.fixture(scope="module")
def steps(server, bank_train):
    made = Steps(server)
    rows = pd.read_csv(io.BytesIO(bank_train), usecols=[*FEATURES, "y"], nrows=ROWS)
    job = made.read(server.upload("steps/raw/train.csv", rows.to_csv(index=False).encode()))
    assert job["ProcessingJobStatus"] == "Completed", job
    return made


@pytest.fixture(scope="module")
def trained(steps):
    """Names of finished training jobs."""
    fitted = steps.train("fitted", "sklearn-automl", {"_recipe": "dpp0"})
    assert fitted["TrainingJobStatus"] == "Completed", fitted
    assert "FinalMetricDataList" not in fitted
    hyperparameters = {"num_iterations": "60", "_folds": "2", "_seed": "5"}
    boosted = steps.train("boosted", "lightgbm", hyperparameters)
    linear = steps.train("linear", "linear-learner", {"_folds": "2"})
    weights = json.dumps({"boosted": 0.75, "linear": 0.25})
    together = steps.train("together", "ensemble", {"_members": weights}, ["boosted", "linear"])
    return {"boosted": boosted, "linear": linear, "together": together}


def test_the_dataset_and_its_header_lie_where_they_were_asked_for(steps):
    files = steps.keys_below(f"{steps.dataset}/")
    assert {"analysis.json", "y.npy", "folds.npy", "columns/0.npy"} <= set(files)
    assert steps.keys_below(f"{steps.root}/header/") == ["headers.csv"]


def test_training_jobs_complete_with_every_metric(trained):
    for job in trained.values():
        assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Completed", job
        assert set(metrics(job)) == {
            f"validation:{name}"
            for name in (
                "F1",
                "AUC",
                "Accuracy",
                "BalancedAccuracy",
                "Precision",
                "Recall",
                "LogLoss",
            )
        }
        assert 0.6 < metrics(job)["validation:AUC"] < 1


def test_the_same_job_again_has_the_same_metrics(steps, trained):
    told = trained["boosted"]
    again = steps.train("boosted-again", "lightgbm", told["HyperParameters"])
    assert metrics(again) == metrics(told)


def test_a_model_of_step_jobs_answers(steps, trained, bank_test):
    rows, _ = bank_test
    row = ",".join(rows[FEATURES].iloc[0])
    transformers = f"{steps.output('fitted')}model.tar.gz"
    containers = [
        container("sklearn-automl", transformers, FORWARD),
        container("lightgbm", f"{steps.output('boosted')}model.tar.gz"),
        container("sklearn-automl", transformers, BACKWARD),
    ]
    assert steps.answer("of-steps", containers, row) in ("yes", "no")
    both = f"{steps.output('together')}model.tar.gz"
    outputs = {"SAGEMAKER_INFERENCE_OUTPUT": "predicted_label,probability"}
    label, probability = steps.answer(
        "of-ensemble", [container("ensemble", both, outputs)], row
    ).split(",")
    assert label in ("yes", "no")
    assert 0 < float(probability) < 1


def test_csv_and_the_names_of_a_builtin_algorithm_are_enough(steps, bank_train, bank_test):
    lines = bank_train.decode().splitlines()[1:]
    moved = [",".join([line.rpartition(",")[2], line.rpartition(",")[0]]) for line in lines]
    for channel, some in {"train": moved[:1000], "validation": moved[1000:1500]}.items():
        steps.server.upload(f"steps/plain/{channel}/rows.csv", "\n".join(some).encode())
    given = {
        "num_round": "40",
        "eta": "0.2",
        "objective": "binary:logistic",
        "eval_metric": "auc",
        "early_stopping_rounds": "10",
    }
    steps.create_on_rows("plain", "xgboost", given, f"{steps.root}/plain", "text/csv")
    job = steps.wait("plain")
    assert job["TrainingJobStatus"] == "Completed", job
    assert 0.6 < metrics(job)["validation:AUC"] < 1
    assert [one["Status"] for one in job["SecondaryStatusTransitions"]] == [
        "Starting",
        "Training",
        "Completed",
    ]
    rows, _ = bank_test
    uri = job["ModelArtifacts"]["S3ModelArtifacts"]
    answer = steps.answer("of-csv", [container("xgboost", uri)], ",".join(rows.iloc[0]))
    assert answer in ("yes", "no")


def test_a_candidate_is_explained_and_judged_on_demand(steps, trained):
    inputs = {
        "dataset": steps.dataset,
        "model": f"{steps.output('boosted')}model.tar.gz",
        "transformers": f"{steps.output('fitted')}model.tar.gz",
        "output": f"{steps.output('boosted')}output.tar.gz",
    }
    outputs = {name: f"{steps.root}/reports/{name}" for name in ("explanation", "insights")}
    job = steps.process("why", "explainer", inputs, outputs, CANDIDATE_NAME="boosted")
    assert job["ProcessingJobStatus"] == "Completed", job
    explained = steps.keys_below(f"{outputs['explanation']}/")
    assert {"boosted/analysis.json", "boosted/report.html"} <= set(explained)
    judged = steps.keys_below(f"{outputs['insights']}/")
    assert {"boosted/statistics.json", "boosted/report.html"} <= set(judged)


def test_an_ensemble_holds_all_that_its_explanation_needs(steps, trained):
    inputs = {"dataset": steps.dataset, "model": f"{steps.output('together')}model.tar.gz"}
    outputs = {"explanation": f"{steps.root}/reports/ensembles"}
    job = steps.process("why-together", "explainer", inputs, outputs, CANDIDATE_NAME="together")
    assert job["ProcessingJobStatus"] == "Completed", job
    assert "together/report.pdf" in steps.keys_below(f"{outputs['explanation']}/")


@pytest.mark.parametrize(
    ("name", "algorithm", "hyperparameters", "told"),
    [
        ("unknown", "lightgbm", {"leaves": "3"}, "'leaves' is not known to lightgbm"),
        ("wrong", "xgboost", {"eta": "slow"}, "'eta' is 'slow'; it must be a number"),
        ("no-recipe", "sklearn-automl", {"_recipe": "dpp9"}, "it must be one of: dpp0, dpp1"),
        ("fit", "sklearn-automl", {"eta": "1"}, "'eta' is not known to sklearn-automl"),
        ("no-column", "lightgbm", {"_without": '["x"]'}, "names 'x', which is not a column"),
    ],
)
def test_a_hyperparameter_that_cannot_be_ends_the_job_and_is_named(
    name, algorithm, hyperparameters, told, steps
):
    steps.create(f"bad-{name}", algorithm, hyperparameters)
    with pytest.raises(Exception, match="failure state"):
        steps.wait(f"bad-{name}")
    job = steps.sagemaker.describe_training_job(TrainingJobName=f"bad-{name}")
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Failed"
    assert told in job["FailureReason"]


def test_an_ensemble_of_what_does_not_fit_says_so(steps, trained):
    steps.create("bad-ensemble", "ensemble", {"_members": '{"boosted": 1}'}, ["boosted", "linear"])
    with pytest.raises(Exception, match="failure state"):
        steps.wait("bad-ensemble")
    job = steps.sagemaker.describe_training_job(TrainingJobName="bad-ensemble")
    assert "names 1 members, and there are 2 channels" in job["FailureReason"]


def test_a_folder_without_a_dataset_is_named(steps):
    steps.create("lost", "lightgbm", {})
    other = Steps(steps.server)
    other.dataset = f"{steps.root}/raw"
    other.create("no-dataset", "lightgbm", {})
    with pytest.raises(Exception, match="failure state"):
        other.wait("no-dataset")
    job = steps.sagemaker.describe_training_job(TrainingJobName="no-dataset")
    assert job["FailureReason"].startswith(f"There is no dataset under {steps.root}/raw")
    steps.wait("lost")


def test_a_job_is_stopped_and_another_ends_with_its_time(steps):
    endless = {"n_estimators": "1000000"}
    steps.create("endless", "randomforest", endless)
    steps.create("too-long", "randomforest", endless, max_runtime_s=3)
    with pytest.raises(ClientError, match="Training job names must be unique"):
        steps.create("Endless", "randomforest", endless)
    steps.sagemaker.stop_training_job(TrainingJobName="endless")
    job = steps.wait("endless")
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Stopped"
    job = steps.wait("too-long")
    assert job["TrainingJobStatus"] == "Stopped"
    assert job["SecondaryStatus"] == "MaxRuntimeExceeded"
