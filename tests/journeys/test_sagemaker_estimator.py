"""The SageMaker SDK 2.x, unmodified: its Estimator trains one of this server's images on CSV, and deploys what came of it."""

import pytest
from journeys.sdk import told_by
from journeys.small import table

from windvane.domain.images import image_uri
from windvane.names import Scope


def with_the_target_first(text):
    """Rows without a header, as SageMaker's built-in algorithms read them."""
    rows = (line.rpartition(",") for line in text.splitlines()[1:])
    return "\n".join(f"{target},{features}" for features, _, target in rows)


@pytest.fixture(scope="module")
def estimated(server, tmp_path_factory):
    rows = with_the_target_first(table(of_classes=True).decode())
    uri = server.upload("estimated/train/rows.csv", rows.encode())
    account = server.env["WINDVANE_ROLE_ARN"].split(":")[4]
    image = image_uri(Scope(account, "us-east-1"), "xgboost")
    home = tmp_path_factory.mktemp("home")
    return told_by(server, home, "sdk_estimator.py", image, uri, "1.5,red,1.5,2024-02-02")


def test_its_training_job_is_waited_for_with_its_log_and_its_model_answers(estimated, server):
    said, told = estimated
    assert told["answer"] == [["yes"]]
    assert f"The training job {told['job']} is Completed" in said
    job = server.client("sagemaker").describe_training_job(TrainingJobName=told["job"])
    assert job["HyperParameters"]["num_round"] == "30"
    assert {one["MetricName"]: one["Value"] for one in job["FinalMetricDataList"]}[
        "validation:AUC"
    ] > 0.6


def test_a_place_for_hooks_and_profiles_is_repeated_and_nothing_is_written_there(estimated, server):
    job = server.client("sagemaker").describe_training_job(TrainingJobName=estimated[1]["job"])
    place = job["DebugHookConfig"]["S3OutputPath"]
    assert job["ProfilerConfig"]["S3OutputPath"] == place
    assert job["ProfilingStatus"] == "Disabled"
    written = server.client("s3").list_objects_v2(
        Bucket=server.env["WINDVANE_BUCKET"], Prefix="estimated/"
    )["Contents"]
    assert {one["Key"].split("/")[2] for one in written} == {"output", "rows.csv"}
