"""Batch transform: through boto3, with joins, filters and a stop; through the SageMaker SDK's Transformer; and with a
recipe's transformers, as the steps of candidates are done again."""

import csv
import gzip
import io
import json
import subprocess
import sys
import time

import pytest
from journeys.small import table
from journeys.stepping import WAIT, Steps, image

FORWARD = {"AUTOML_TRANSFORM_MODE": "feature-transform"}
BACKWARD = {
    "AUTOML_TRANSFORM_MODE": "inverse-label-transform",
    "SAGEMAKER_INFERENCE_OUTPUT": "predicted_label,probability",
    "SAGEMAKER_INFERENCE_SUPPORTED": "predicted_label,probability,labels,probabilities",
}

SDK = """
import json, os, sys
import sagemaker
from sagemaker.model import Model
from sagemaker.pipeline import PipelineModel

session = sagemaker.Session(default_bucket=os.environ["WINDVANE_BUCKET"])
role = os.environ["WINDVANE_ROLE_ARN"]
containers, data, output = json.loads(sys.argv[1]), sys.argv[2], sys.argv[3]
models = [
    Model(image_uri=one["Image"], model_data=one["ModelDataUrl"], env=one["Environment"], role=role,
          sagemaker_session=session)
    for one in containers
]
model = PipelineModel(models, role, name="tf-sdk", sagemaker_session=session)
transformer = model.transformer(
    1, "ml.m5.large", strategy="MultiRecord", assemble_with="Line", output_path=output,
    accept="text/csv",
)
transformer.transform(
    data, content_type="text/csv", split_type="Line", join_source="Input", output_filter="$[0,-2]",
    wait=True, logs=False,
)
print("\\n" + json.dumps(session.describe_transform_job(transformer.latest_transform_job.name),
                        default=str))
"""


class Transforms(Steps):
    """A model of step jobs, and transform jobs of it."""

    def __init__(self, server):
        super().__init__(server)
        self.root = f"s3://{server.env['WINDVANE_BUCKET']}/transforms"
        self.dataset = f"{self.root}/dataset"
        uri = server.upload("transforms/raw/table.csv", table(of_classes=True))
        made = {"dataset": self.dataset}
        variables = {"TARGET_ATTRIBUTE_NAME": "y"}
        self.process("tf-split", "sklearn-automl", {"table": uri}, made, **variables)
        self.create("tf-fitted", "sklearn-automl", {"_recipe": "dpp0"})
        self.create("tf-boosted", "lightgbm", {"num_iterations": "20", "_folds": "2"})
        self.wait("tf-fitted")
        self.wait("tf-boosted")
        transformers = f"{self.output('tf-fitted')}model.tar.gz"
        boosted = f"{self.output('tf-boosted')}model.tar.gz"
        self.containers = [
            self.container("sklearn-automl", transformers, FORWARD),
            self.container("lightgbm", boosted, {}),
            self.container("sklearn-automl", transformers, BACKWARD),
        ]
        self.sagemaker.create_model(
            ModelName="tf-model",
            ExecutionRoleArn=server.env["WINDVANE_ROLE_ARN"],
            Containers=self.containers,
        )

    def container(self, algorithm, uri, environment):
        return {"Image": image(algorithm), "ModelDataUrl": uri, "Environment": environment}

    def start(self, name, key, *, model="tf-model", source=None, **changes):
        where = {"S3DataType": "S3Prefix", "S3Uri": f"{self.root}/{key}"}
        self.sagemaker.create_transform_job(
            TransformJobName=name,
            ModelName=model,
            TransformInput={
                "DataSource": {"S3DataSource": where},
                "ContentType": "text/csv",
                "SplitType": "Line",
                **(source or {}),
            },
            TransformOutput={"S3OutputPath": f"{self.root}/{name}/", "AssembleWith": "Line"},
            TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
            **changes,
        )

    def ended(self, name):
        waiter = self.sagemaker.get_waiter("transform_job_completed_or_stopped")
        waiter.wait(TransformJobName=name, WaiterConfig=WAIT)
        return self.sagemaker.describe_transform_job(TransformJobName=name)

    def text(self, key):
        bucket = self.server.env["WINDVANE_BUCKET"]
        body = self.server.client("s3").get_object(Bucket=bucket, Key=f"transforms/{key}")["Body"]
        return body.read().decode()


@pytest.fixture(scope="module")
def transforms(server):
    return Transforms(server)


def rows_with_id():
    """The table's rows without header and target, a number before each."""
    rows = list(csv.reader(io.StringIO(table(of_classes=True).decode())))[1:]
    return [[str(number), *row[:-1]] for number, row in enumerate(rows)]


def as_csv(rows):
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def test_two_objects_are_joined_and_filtered(transforms):
    rows = rows_with_id()
    transforms.server.upload("transforms/in/a.csv", as_csv(rows[:400]))
    transforms.server.upload("transforms/in/deep/b.csv", as_csv(rows[400:]))
    processing = {"InputFilter": "$[1:]", "OutputFilter": "$[0,-2,-1]", "JoinSource": "Input"}
    transforms.start("tf-two", "in/", DataProcessing=processing)
    job = transforms.ended("tf-two")
    assert job["TransformJobStatus"] == "Completed", job
    assert job["TransformStartTime"] <= job["TransformEndTime"]
    assert transforms.keys_below(f"{transforms.root}/tf-two/") == ["a.csv.out", "deep/b.csv.out"]
    text = transforms.text("tf-two/a.csv.out") + transforms.text("tf-two/deep/b.csv.out")
    answers = list(csv.reader(io.StringIO(text)))
    assert [answer[0] for answer in answers] == [row[0] for row in rows]
    assert {answer[1] for answer in answers} == {"yes", "no"}
    assert all(0 < float(answer[2]) < 1 for answer in answers)


def test_a_row_at_fault_fails_the_job_and_is_named(transforms):
    transforms.server.upload("transforms/bad/a.csv", b"1,red,2,2024-01-01\nx,red,2,2024-01-01\n")
    transforms.start("tf-bad", "bad/a.csv")
    with pytest.raises(Exception, match="failure state"):
        transforms.ended("tf-bad")
    job = transforms.sagemaker.describe_transform_job(TransformJobName="tf-bad")
    assert job["FailureReason"].startswith(
        f"ClientError: {transforms.root}/bad/a.csv: Row 2, column 'a': 'x' cannot be read"
    )


def test_a_job_is_stopped_while_it_works(transforms):
    row = b"0.5,red,0.1,2024-01-01\n"
    endless = gzip.compress(row * 500_000) * 400
    transforms.server.upload("transforms/endless/rows.gz", endless)
    transforms.start("tf-endless", "endless/rows.gz", source={"CompressionType": "Gzip"})
    describe = transforms.sagemaker.describe_transform_job
    while "TransformStartTime" not in (job := describe(TransformJobName="tf-endless")):
        assert job["TransformJobStatus"] == "InProgress", job
        time.sleep(0.2)
    transforms.sagemaker.stop_transform_job(TransformJobName="tf-endless")
    assert transforms.ended("tf-endless")["TransformJobStatus"] == "Stopped"


def test_transformers_stand_for_a_model(transforms):
    transforms.start("tf-typed", "dataset", model="tf-fitted")
    transforms.start("tf-raw", "raw/table.csv", model="tf-fitted")
    assert transforms.ended("tf-typed")["TransformJobStatus"] == "Completed"
    assert transforms.ended("tf-raw")["TransformJobStatus"] == "Completed"
    parts = [transforms.text(f"tf-typed/{part}/chunk_0.csv") for part in ("train", "validation")]
    of_table = transforms.text("tf-raw/table.csv.out").splitlines()
    assert sorted(of_table) == sorted("".join(parts).splitlines())


def test_the_sagemaker_sdk_transforms(transforms, tmp_path):
    data = transforms.server.upload(
        "transforms/sdk/rows.csv", as_csv(r[1:] for r in rows_with_id())
    )
    containers = json.dumps(transforms.containers)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SDK, containers, data, f"{transforms.root}/tf-sdk"],
        env=transforms.server.shell_env(HOME=str(tmp_path), SAGEMAKER_SUPPRESS_V2_WARNING="1"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    job = json.loads(done.stdout.strip().splitlines()[-1])
    assert job["TransformJobStatus"] == "Completed", job
    answers = list(csv.reader(io.StringIO(transforms.text("tf-sdk/rows.csv.out"))))
    assert [answer[0] for answer in answers] == [row[1] for row in rows_with_id()]
    assert {answer[1] for answer in answers} <= {"yes", "no"}
