"""Steps of candidates sent back, as CandidateEstimator of the SageMaker SDK sends them and as boto3 does."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from api.records import DETAILS, step_record
from api.steps import channel, put_inputs, split_request, step_input, training_request
from api.world import ROLE, SCOPE, World, refusal
from botocore.exceptions import ClientError

from windvane.domain.candidate import ProcessingJob, TrainingJob, TransformJob
from windvane.domain.images import image_uri, step_image_uri

OWN = {"eta": "0.1", "_recipe": "dpp0", "_seed": "5", "_folds": "5"}
ABOUT = {"_target": "y", "_problem_type": "BinaryClassification", "_objective": "F1"}


def step(world: World, name: str, algorithm: str, own: dict[str, str]) -> TrainingJob:
    record = step_record(TrainingJob, world.clock(), name)
    details = {
        **DETAILS[TrainingJob],
        "AlgorithmSpecification": {
            "TrainingImage": step_image_uri(SCOPE, algorithm, name),
            "TrainingInputMode": "File",
        },
        "EnableInterContainerTrafficEncryption": False,
        "InputDataConfig": [channel()],
        "HyperParameters": own,
    }
    return TrainingJob(**{**vars(record), "details": details})


@pytest.fixture(autouse=True)
def _steps(world: World) -> None:
    put_inputs(world)
    world.put("s3://data/auto-ml-input-data/train.csv")
    split = step_record(ProcessingJob, world.clock(), "split")
    environment = {
        "TARGET_ATTRIBUTE_NAME": "y",
        "PROBLEM_TYPE": "BinaryClassification",
        "OBJECTIVE": "F1",
    }
    world.insert(
        replace(split, details={**split.details, "Environment": environment}),
        step(world, "churn-001-a", "xgboost", OWN),
        step(world, "churn-002-b", "linear-learner", {"wd": "0.1", "_recipe": "dpp1"}),
        step(world, "fit-dpp0", "sklearn-automl", {"_recipe": "dpp0"}),
        step(
            world,
            "churn-003-c",
            "ensemble",
            {"_members": '{"churn-002-b": 0.4, "churn-001-a": 0.6}'},
        ),
    )


def sent(
    world: World, algorithm: str, name: str, again: str = "again", **changes: Any
) -> dict[str, Any]:
    """What Describe says of a job of the step's image."""
    image = step_image_uri(SCOPE, algorithm, name)
    specification = {"TrainingImage": image, "TrainingInputMode": "File"}
    request = training_request(again, AlgorithmSpecification=specification, **changes)
    world.client().create_training_job(**request)
    answer: dict[str, Any] = world.client().describe_training_job(TrainingJobName=again)
    return answer


def test_what_is_left_out_is_the_steps(world: World) -> None:
    table = [channel("train", "s3://data/auto-ml-input-data/train.csv")]
    again = sent(world, "xgboost", "churn-001-a", InputDataConfig=table)
    assert again["HyperParameters"] == {**ABOUT, **OWN}
    assert "AutoMLJobArn" not in again


def test_a_table_is_read_as_that_of_the_job_was(world: World) -> None:
    """By its feature specification, with the share that it held out unless there are rows to validate with."""
    world.put("s3://data/features.json")
    with world.store.transaction() as tx:
        split = tx.find(ProcessingJob, SCOPE, "split")
        assert split is not None
        environment = {**split.details["Environment"], "VALIDATION_FRACTION": "0.25"}
        inputs = [step_input("feature-specification", "s3://data/features.json")]
        told = {"Environment": environment, "ProcessingInputs": inputs}
        tx.update(replace(split, details={**split.details, **told}))
    table = channel("train", "s3://data/auto-ml-input-data/train.csv")
    features = channel("feature-specification", "s3://data/features.json")
    again = sent(world, "xgboost", "churn-001-a", InputDataConfig=[table])
    assert again["HyperParameters"] == {**ABOUT, **OWN, "_validation_fraction": "0.25"}
    assert again["InputDataConfig"] == [table, features]
    both = [table, channel("validation")]
    again = sent(world, "xgboost", "churn-001-a", "with-rows", InputDataConfig=both)
    assert again["HyperParameters"] == {**ABOUT, **OWN}
    assert again["InputDataConfig"] == [*both, features]
    again = sent(world, "xgboost", "churn-001-a", "of-dataset")
    assert (again["HyperParameters"], again["InputDataConfig"]) == (OWN, [channel()])


def test_a_dataset_says_itself_what_it_is(world: World) -> None:
    assert sent(world, "xgboost", "churn-001-a")["HyperParameters"] == OWN


def test_what_is_given_is_what_counts(world: World) -> None:
    table = [channel("train", ContentType="text/csv;header=present")]
    given = {"eta": "0.3", "_target": "z"}
    again = sent(world, "xgboost", "churn-001-a", InputDataConfig=table, HyperParameters=given)
    assert again["HyperParameters"] == {**ABOUT, **given}


def test_rows_without_a_header_have_no_target_by_name(world: World) -> None:
    table = [channel("train", ContentType="text/csv")]
    again = sent(world, "xgboost", "churn-001-a", InputDataConfig=table)
    assert again["HyperParameters"] == OWN


def test_an_ensemble_brings_its_members(world: World) -> None:
    again = sent(world, "ensemble", "churn-003-c", InputDataConfig=[channel("train")])
    told = again["HyperParameters"]
    assert {name: told[name] for name in ABOUT} == ABOUT
    assert list(json.loads(told["_members"])) == ["churn-002-b", "churn-001-a"]
    assert [json.loads(told[f"_member-{n}"])["algorithm"] for n in (1, 2)] == [
        "linear-learner",
        "xgboost",
    ]
    assert json.loads(told["_member-2"])["hyperparameters"] == OWN


def test_members_with_channels_are_not_described(world: World) -> None:
    members = [channel(f"member-{n}", f"s3://data/member-{n}") for n in (1, 2)]
    again = sent(world, "ensemble", "churn-003-c", InputDataConfig=[channel(), *members])
    assert set(again["HyperParameters"]) == {"_members"}


def test_the_image_of_no_step_is_refused(world: World) -> None:
    for algorithm, name in (("xgboost", "nothing"), ("lightgbm", "churn-001-a")):
        image = step_image_uri(SCOPE, algorithm, name)
        specification = {"TrainingImage": image, "TrainingInputMode": "File"}
        code, message = refusal(
            world.client().create_training_job,
            **training_request("no", AlgorithmSpecification=specification),
        )
        assert code == "ValidationException"
        assert f"names the step '{name}', and there is no such step" in message


def test_a_processing_job_is_no_step_that_trains(world: World) -> None:
    image = step_image_uri(SCOPE, "sklearn-automl", "fit-dpp0")
    code, message = refusal(
        world.client().create_processing_job,
        **split_request(AppSpecification={"ImageUri": image}),
    )
    assert code == "ValidationException"
    assert "names the step 'fit-dpp0', which only training jobs do" in message


def test_a_model_may_have_the_image_of_a_step(world: World) -> None:
    world.put("s3://data/model.tar.gz")
    container = {
        "Image": step_image_uri(SCOPE, "xgboost", "churn-001-a"),
        "ModelDataUrl": "s3://data/model.tar.gz",
    }
    world.client().create_model(ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer=container)


class Session:
    """What CandidateEstimator needs of a sagemaker Session: the requests are its own, the service is the real one."""

    def __init__(self, world: World) -> None:
        from sagemaker.session import Session as Real

        self._real = Real.__new__(Real)
        self.sagemaker_client = world.client()
        self._real.sagemaker_client = self.sagemaker_client
        self.sagemaker_config: dict[str, Any] = {}
        self.transforms: list[dict[str, Any]] = []
        self.trained: list[str] = []

    def train(self, **given: Any) -> None:
        request = self._real._get_train_request(**given)
        request = {name: value for name, value in request.items() if name != "Tags"}
        self.sagemaker_client.create_training_job(**request)
        self.trained.append(request["TrainingJobName"])

    def transform(self, **given: Any) -> None:
        self.transforms.append(given)


@pytest.mark.slow
def test_candidate_estimator_sends_the_steps_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAGEMAKER_SUPPRESS_V2_WARNING", "1")
    from sagemaker.automl.candidate_estimator import CandidateEstimator

    world.insert(step_record(TransformJob, world.clock(), "transformed"))
    steps = [
        ("ProcessingJob", "split"),
        ("TrainingJob", "fit-dpp0"),
        ("TransformJob", "transformed"),
        ("TrainingJob", "churn-001-a"),
    ]
    candidate = {
        "CandidateName": "churn-001-a",
        "InferenceContainers": [],
        "CandidateSteps": [
            {"CandidateStepType": f"AWS::SageMaker::{kind}", "CandidateStepName": name}
            for kind, name in steps
        ],
    }
    session = Session(world)
    estimator = CandidateEstimator(candidate, sagemaker_session=session)
    told = [one.description for one in estimator.get_steps()]
    assert len(told) == 3
    uri = "s3://data/auto-ml-input-data/train.csv"
    estimator.fit(uri, wait=False, logs=False)
    transformers, model = (
        world.client().describe_training_job(TrainingJobName=name) for name in session.trained
    )
    assert transformers["HyperParameters"] == {**ABOUT, "_recipe": "dpp0"}
    assert model["HyperParameters"] == {**ABOUT, **OWN}
    for job in (transformers, model):
        assert job["TrainingJobName"].startswith("sagemaker-automl-training-rerun")
        [one] = job["InputDataConfig"]
        assert one["ChannelName"] == "train"
        assert one["DataSource"]["S3DataSource"]["S3Uri"] == uri
    [transform] = session.transforms
    assert transform["input_config"]["DataSource"]["S3DataSource"]["S3Uri"] == uri
    assert transform["model_name"] == "m"
    assert transform["data_processing"] == {"JoinSource": "None"}


def test_the_plain_image_stands_for_no_step(world: World) -> None:
    specification = {"TrainingImage": image_uri(SCOPE, "xgboost"), "TrainingInputMode": "File"}
    world.client().create_training_job(
        **training_request("plain", AlgorithmSpecification=specification)
    )
    told = world.client().describe_training_job(TrainingJobName="plain")
    assert "HyperParameters" not in told


@pytest.mark.slow
@pytest.mark.parametrize("members", ["[1", "[1]", "5", "[" * 1200, '["x"]', '{"x": 1}', "null"])
def test_members_that_a_client_made_up_are_no_fault_of_the_server(
    world: World, members: str
) -> None:
    """A training job may have any hyperparameters, and another may name it as its step."""
    own = {
        "_members": members,
        "_member-1": json.dumps({"algorithm": "xgboost", "hyperparameters": {}}),
    }
    image = image_uri(SCOPE, "ensemble")
    first = training_request(
        TrainingJobName="made-up",
        AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"},
        HyperParameters=own,
    )
    world.client().create_training_job(**first)
    again = step_image_uri(SCOPE, "ensemble", "made-up")
    second = training_request(
        TrainingJobName="again",
        AlgorithmSpecification={"TrainingImage": again, "TrainingInputMode": "File"},
    )
    second.pop("HyperParameters", None)
    code = ""
    try:
        world.client().create_training_job(**second)
    except ClientError as error:
        code = error.response["Error"]["Code"]
    assert code in ("", "ValidationException")
