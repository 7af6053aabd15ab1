"""Step jobs through boto3: a dataset, transformers, candidates and an ensemble of them, served, explained and judged;
and what goes wrong."""

import json

import pytest
from botocore.exceptions import ClientError

from windvane.domain.images import image_uri
from windvane.names import Scope

ROWS = 1500
CLUSTER = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
WAIT = {"Delay": 1, "MaxAttempts": 120}
FORWARD = {"AUTOML_TRANSFORM_MODE": "feature-transform"}
BACKWARD = {
    "AUTOML_TRANSFORM_MODE": "inverse-label-transform",
    "SAGEMAKER_INFERENCE_INPUT": "predicted_label",
    "SAGEMAKER_INFERENCE_OUTPUT": "predicted_label",
}


def image(name):
    return image_uri(Scope("000000000000", "us-east-1"), name)


class Steps:
    """Creates step jobs below one prefix and waits for their ends."""

    def __init__(self, server):
        self.server = server
        self.sagemaker = server.client("sagemaker")
        self.root = f"s3://{server.env['WINDVANE_BUCKET']}/steps"
        self.dataset = f"{self.root}/dataset"

    def process(self, name, algorithm, inputs, outputs, **environment):
        self.sagemaker.create_processing_job(
            ProcessingJobName=name,
            AppSpecification={"ImageUri": image(algorithm)},
            RoleArn=self.server.env["WINDVANE_ROLE_ARN"],
            ProcessingInputs=[
                {
                    "InputName": one,
                    "S3Input": {
                        "S3Uri": uri,
                        "LocalPath": f"/opt/ml/processing/{one}",
                        "S3DataType": "S3Prefix",
                        "S3InputMode": "File",
                    },
                }
                for one, uri in inputs.items()
            ],
            ProcessingOutputConfig={
                "Outputs": [
                    {
                        "OutputName": one,
                        "S3Output": {
                            "S3Uri": uri,
                            "LocalPath": f"/opt/ml/processing/{one}",
                            "S3UploadMode": "EndOfJob",
                        },
                    }
                    for one, uri in outputs.items()
                ]
            },
            ProcessingResources={"ClusterConfig": CLUSTER},
            Environment=environment,
        )
        waiter = self.sagemaker.get_waiter("processing_job_completed_or_stopped")
        waiter.wait(ProcessingJobName=name, WaiterConfig=WAIT)
        return self.sagemaker.describe_processing_job(ProcessingJobName=name)

    def create(self, name, algorithm, hyperparameters, members=(), max_runtime_s=600):
        channels = {"dataset": self.dataset}
        channels |= {f"member-{n}": self.output(one) for n, one in enumerate(members, 1)}
        self.sagemaker.create_training_job(
            TrainingJobName=name,
            AlgorithmSpecification={
                "TrainingImage": image(algorithm),
                "TrainingInputMode": "File",
            },
            HyperParameters=hyperparameters,
            RoleArn=self.server.env["WINDVANE_ROLE_ARN"],
            InputDataConfig=[
                {
                    "ChannelName": one,
                    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}},
                }
                for one, uri in channels.items()
            ],
            OutputDataConfig={"S3OutputPath": f"{self.root}/models"},
            ResourceConfig=CLUSTER,
            StoppingCondition={"MaxRuntimeInSeconds": max_runtime_s},
        )

    def wait(self, name):
        waiter = self.sagemaker.get_waiter("training_job_completed_or_stopped")
        waiter.wait(TrainingJobName=name, WaiterConfig=WAIT)
        return self.sagemaker.describe_training_job(TrainingJobName=name)

    def train(self, name, algorithm, hyperparameters, members=()):
        self.create(name, algorithm, hyperparameters, members)
        return self.wait(name)

    def output(self, name):
        return f"{self.root}/models/{name}/output/"

    def keys_below(self, uri):
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        found = self.server.client("s3").list_objects_v2(Bucket=bucket, Prefix=key)
        return [one["Key"].removeprefix(key).lstrip("/") for one in found["Contents"]]

    def answer(self, name, containers, row):
        role = self.server.env["WINDVANE_ROLE_ARN"]
        self.sagemaker.create_model(ModelName=name, ExecutionRoleArn=role, Containers=containers)
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {
                    "VariantName": "all",
                    "ModelName": name,
                    "InitialInstanceCount": 1,
                    "InstanceType": "ml.m5.large",
                }
            ],
        )
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        self.sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig=WAIT)
        answer = self.server.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=name, ContentType="text/csv", Body=row
        )
        self.sagemaker.delete_endpoint(EndpointName=name)
        return answer["Body"].read().decode().strip()


def container(algorithm, uri, environment=None):
    return {"Image": image(algorithm), "ModelDataUrl": uri, "Environment": environment or {}}


def metrics(job):
    return {one["MetricName"]: one["Value"] for one in job["FinalMetricDataList"]}


@pytest.fixture(scope="module")
def steps(server, bank_train):
    made = Steps(server)
    lines = bank_train.splitlines(keepends=True)
    table = server.upload("steps/raw/train.csv", b"".join([lines[0], *lines[1 : ROWS + 1]]))
    outputs = {"dataset": made.dataset, "header": f"{made.root}/header"}
    job = made.process(
        "split",
        "sklearn-automl",
        {"table": table},
        outputs,
        TARGET_ATTRIBUTE_NAME="y",
        OBJECTIVE="AUC",
    )
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
    row = ",".join(rows.iloc[0])
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
        ("no-column", "lightgbm", {"_without": '["x"]'}, "names 'x'; the table has no such column"),
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
    endless = {"iterations": "1000000", "learning_rate": "0.000001"}
    steps.create("endless", "catboost", endless)
    steps.create("too-long", "catboost", endless, max_runtime_s=3)
    with pytest.raises(ClientError, match="Training job names must be unique"):
        steps.create("Endless", "catboost", endless)
    steps.sagemaker.stop_training_job(TrainingJobName="endless")
    job = steps.wait("endless")
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Stopped"
    job = steps.wait("too-long")
    assert job["TrainingJobStatus"] == "Stopped"
    assert job["SecondaryStatus"] == "MaxRuntimeExceeded"
