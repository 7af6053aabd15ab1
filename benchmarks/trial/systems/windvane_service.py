"""Windvane's service: a server in a folder of its own, a job through the API, an endpoint that answers. Options: mode, metric.

The budget is MaxAutoMLJobRuntimeInSeconds of a job without deployment, so `fit_s` is what a client waits from CreateAutoMLJob
on. `used_s` is from CreationTime to EndTime, as the job tells. The endpoint is made of the best candidate's containers when
the job is over.
"""

import csv
import io
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from systems.base import System

_PROBLEMS = {
    "binary": "BinaryClassification",
    "multiclass": "MulticlassClassification",
    "regression": "Regression",
}
_METRICS = {"binary": "AUC", "multiclass": "Accuracy", "regression": "RMSE"}
"""What AWS's API has of the library's objectives; it has no log loss. All learners and ensembles of classes are fitted to the
log loss whatever the objective is."""

_TARGET, _JOB, _REGION = "__target__", "trial", "us-east-1"
_READY = "windvane ready on "
_MOST_BYTES = 4_000_000
_PROGRESS_S, _STARTED_S, _LATE_S = 0.1, 120, 300


class Trial(System):
    packages = (
        "windvane", "lightgbm", "xgboost-cpu", "catboost", "scikit-learn", "numpy", "boto3",
    )  # fmt: skip

    def setup(self):
        import boto3
        from botocore.config import Config

        data = self.folder / "data"
        self.folder.mkdir(parents=True)
        command = [sys.executable, "-m", "windvane.cli.main"]
        self._log = (self.folder / "server.log").open("ab")
        self._server = subprocess.Popen(
            [*command, "serve", "--data-dir", str(data), "--port", "0"],
            stdout=subprocess.PIPE, stderr=self._log, text=True,
        )  # fmt: skip
        line = self._server.stdout.readline().strip()
        if not line.startswith(_READY):
            raise RuntimeError(f"the server did not start: {self._told()}")
        keys = json.loads((data / "keys.json").read_text())
        told = subprocess.run(
            [*command, "env", "--data-dir", str(data)], capture_output=True, text=True, check=True
        ).stdout
        told = dict(
            one.removeprefix("export ").split("=", 1) for one in told.splitlines() if "=" in one
        )
        self._bucket = told["WINDVANE_BUCKET"].strip("'")
        self._role = told["WINDVANE_ROLE_ARN"].strip("'")

        def client(service):
            return boto3.client(
                service,
                endpoint_url=line.removeprefix(_READY),
                aws_access_key_id=keys["access_key"],
                aws_secret_access_key=keys["secret_key"],
                region_name=_REGION,
                config=Config(retries={"total_max_attempts": 1}, read_timeout=120),
            )

        self._s3, self._sagemaker = client("s3"), client("sagemaker")
        self._runtime = client("sagemaker-runtime")

    def fit(self, X, y):
        table = X.assign(**{_TARGET: y}).to_csv(index=False).encode()
        self._s3.put_object(Bucket=self._bucket, Key="train/train.csv", Body=table)
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{self._bucket}/train/"}
        config = {
            "CompletionCriteria": {"MaxAutoMLJobRuntimeInSeconds": int(self.budget_s)},
        }
        if mode := self.options.get("mode"):
            config["Mode"] = mode
        self._sagemaker.create_auto_ml_job(
            AutoMLJobName=_JOB,
            InputDataConfig=[
                {"DataSource": {"S3DataSource": source}, "TargetAttributeName": _TARGET}
            ],
            OutputDataConfig={"S3OutputPath": f"s3://{self._bucket}/output"},
            ProblemType=_PROBLEMS[self.problem],
            AutoMLJobObjective={"MetricName": self.options.get("metric", _METRICS[self.problem])},
            AutoMLJobConfig=config,
            RoleArn=self._role,
        )
        self._job = self._until(
            lambda: self._sagemaker.describe_auto_ml_job(AutoMLJobName=_JOB),
            "AutoMLJobStatus",
            ("InProgress", "Stopping"),
            self.budget_s + _LATE_S,
        )
        if self._job["AutoMLJobStatus"] != "Completed":
            raise RuntimeError(f"the job ended as {self._job['AutoMLJobStatus']}: {self._told()}")

    def predict(self, X):
        self._deploy()
        rows = []
        for body in _bodies(X):
            answer = self._runtime.invoke_endpoint(
                EndpointName=_JOB, ContentType="text/csv", Accept="application/json", Body=body
            )
            rows += json.loads(answer["Body"].read())["predictions"]
        if self.problem == "regression":
            return np.array([row["score"] for row in rows])
        self.classes = [str(label) for label in rows[0]["labels"]]
        return np.array([row["probabilities"] for row in rows])

    def save(self, folder):
        """What answers, as it lies in S3."""
        for container in self._job["BestCandidate"]["InferenceContainers"]:
            bucket, _, key = container["ModelDataUrl"].removeprefix("s3://").partition("/")
            file = Path(folder) / key.replace("/", "-")
            self._s3.download_file(bucket, key, str(file))
        return folder

    def about(self):
        pages = self._sagemaker.get_paginator("list_candidates_for_auto_ml_job").paginate(
            AutoMLJobName=_JOB, StatusEquals="Completed"
        )
        found = [one for page in pages for one in page["Candidates"]]
        used = self._job["EndTime"] - self._job["CreationTime"]
        return {
            "n_candidates": len(found),
            "used_s": round(used.total_seconds(), 2),
            "ended_as": self._job["AutoMLJobSecondaryStatus"],
        }

    def close(self):
        self._server.terminate()
        self._server.wait(60)
        self._server.stdout.close()
        self._log.close()

    def _deploy(self):
        if hasattr(self, "_is_deployed"):
            return
        containers = self._job["BestCandidate"]["InferenceContainers"]
        if self.problem != "regression":
            _ask_for_probabilities(containers)
        self._sagemaker.create_model(
            ModelName=_JOB, Containers=containers, ExecutionRoleArn=self._role
        )
        variant = {
            "VariantName": "AllTraffic", "ModelName": _JOB,
            "InitialInstanceCount": 1, "InstanceType": "ml.m5.large",
        }  # fmt: skip
        self._sagemaker.create_endpoint_config(
            EndpointConfigName=_JOB, ProductionVariants=[variant]
        )
        self._sagemaker.create_endpoint(EndpointName=_JOB, EndpointConfigName=_JOB)
        ended = self._until(
            lambda: self._sagemaker.describe_endpoint(EndpointName=_JOB),
            "EndpointStatus", ("Creating",), _STARTED_S,
        )  # fmt: skip
        if ended["EndpointStatus"] != "InService":
            raise RuntimeError(f"the endpoint is {ended['EndpointStatus']}: {self._told()}")
        self._is_deployed = True

    def _until(self, describe, status, under_way, seconds):
        """What is described once its status is none of those; asked ten times a second, for there is nothing to wait on."""
        late = time.monotonic() + seconds
        while (found := describe())[status] in under_way:
            if time.monotonic() > late or self._server.poll() is not None:
                raise RuntimeError(f"it is still {found[status]}: {self._told()}")
            time.sleep(_PROGRESS_S)
        return found

    def _told(self):
        return (self.folder / "server.log").read_text(errors="replace")[-1500:]


def _ask_for_probabilities(containers):
    """Of the last container, and of the model before it what that needs."""
    wanted = "probabilities,labels"
    containers[-1]["Environment"]["SAGEMAKER_INFERENCE_OUTPUT"] = wanted
    if len(containers) == 3:
        containers[-1]["Environment"]["SAGEMAKER_INFERENCE_INPUT"] = "predicted_label,probabilities"
        containers[1]["Environment"]["SAGEMAKER_INFERENCE_OUTPUT"] = "predicted_label,probabilities"


def _bodies(X):
    """CSV without a header, each less than what a request may have."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in X.to_numpy(dtype=object):
        writer.writerow(["" if pd.isna(cell) else cell for cell in row])
        if text.tell() > _MOST_BYTES:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    if text.tell():
        yield text.getvalue().encode()
