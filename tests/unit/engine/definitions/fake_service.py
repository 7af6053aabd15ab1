"""A SageMaker that keeps its jobs in memory: what it is sent is checked against the service model, and the score of a
training job depends on its hyperparameters alone."""

import io
import json
from functools import cache
from hashlib import sha256

import botocore.session
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

METRIC = "F1"


@cache
def _shape(service, operation):
    model = botocore.session.get_session().get_service_model(service)
    return model.operation_model(operation).input_shape


def check(operation, parameters, service="sagemaker"):
    report = ParamValidator().validate(parameters, _shape(service, operation))
    assert not report.has_errors(), report.generate_report()


class FakeService:
    """
    failing   algorithms whose training jobs fail
    looks     how often a job is seen in progress
    told      training job -> the score that its description tells from now on
    """

    def __init__(self, failing=(), looks=2):
        self.jobs, self.models, self.configs, self.endpoints = {}, {}, {}, {}
        self.candidates, self.invoked, self.told = [], [], {}
        self._failing, self._looks, self._seen = failing, looks, {}
        self.most_open = 0

    # training jobs

    def create_training_job(self, **parameters):
        check("CreateTrainingJob", parameters)
        name = parameters["TrainingJobName"]
        assert name not in self.jobs
        for text in parameters["HyperParameters"].values():
            assert len(text) <= 2500
        members = json.loads(parameters["HyperParameters"].get("_members", "{}"))
        channels = [channel["ChannelName"] for channel in parameters["InputDataConfig"]]
        assert channels == ["dataset", *(f"member-{i}" for i in range(1, len(members) + 1))]
        for channel in parameters["InputDataConfig"]:
            uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
            if channel["ChannelName"].startswith("member-"):
                assert uri in {self._output(one) for one in self.jobs}
        self.jobs[name] = parameters
        self._seen[name] = 0
        self.most_open = max(self.most_open, sum(n <= self._looks for n in self._seen.values()))
        return {"TrainingJobArn": name}

    def describe_training_job(self, **parameters):
        check("DescribeTrainingJob", parameters)
        name = parameters["TrainingJobName"]
        if name not in self.jobs:
            raise ClientError({"Error": {"Code": "ValidationException"}}, "DescribeTrainingJob")
        self._seen[name] += 1
        job = self.jobs[name]
        described = {**job, "TrainingJobStatus": "InProgress"}
        if self._seen[name] <= self._looks:
            return described
        if self.algorithm(name) in self._failing:
            return {**described, "TrainingJobStatus": "Failed", "FailureReason": "It broke."}
        return {
            **described,
            "TrainingJobStatus": "Completed",
            "TrainingTimeInSeconds": 3,
            "ModelArtifacts": {"S3ModelArtifacts": f"{self._output(name)}model.tar.gz"},
            "FinalMetricDataList": [
                {"MetricName": "validation:Accuracy", "Value": 0.5},
                {
                    "MetricName": f"validation:{METRIC}",
                    "Value": self.told.get(name, self.score(name)),
                },
            ],
        }

    def algorithm(self, name):
        image = self.jobs[name]["AlgorithmSpecification"]["TrainingImage"]
        return image.rsplit("/windvane-", 1)[1].split(":")[0]

    def score(self, name):
        sent = self.jobs[name]["HyperParameters"]
        if "_members" in sent:
            members = json.loads(sent["_members"])
            assert set(members) <= set(self.jobs)
            return sum(weight * self.score(member) for member, weight in members.items())
        text = json.dumps([self.algorithm(name), sent], sort_keys=True)
        return int(sha256(text.encode()).hexdigest()[:12], 16) / 16**12

    def _output(self, name):
        return f"{self.jobs[name]['OutputDataConfig']['S3OutputPath']}/{name}/output/"

    # the AutoML job

    def finished(self, name):
        """Make a training job a candidate of the AutoML job."""
        value = {"MetricName": METRIC, "Value": self.score(name)}
        self.candidates.append({"CandidateName": name, "FinalAutoMLJobObjectiveMetric": value})

    def get_paginator(self, operation):
        assert operation == "list_candidates_for_auto_ml_job"
        return self

    def paginate(self, **parameters):
        check("ListCandidatesForAutoMLJob", parameters)
        sign = 1 if parameters["SortOrder"] == "Ascending" else -1
        ordered = sorted(
            self.candidates, key=lambda one: sign * one["FinalAutoMLJobObjectiveMetric"]["Value"]
        )
        return [{"Candidates": ordered[:2]}, {"Candidates": ordered[2:]}]

    def describe_auto_ml_job_v2(self, **parameters):
        check("DescribeAutoMLJob", parameters)
        if not self.candidates:
            return {}
        return {"BestCandidate": self.candidates[-1]}

    # deployment

    def create_model(self, **parameters):
        check("CreateModel", parameters)
        self.models[parameters["ModelName"]] = parameters

    def create_endpoint_config(self, **parameters):
        check("CreateEndpointConfig", parameters)
        assert parameters["ProductionVariants"][0]["ModelName"] in self.models
        self.configs[parameters["EndpointConfigName"]] = parameters

    def create_endpoint(self, **parameters):
        check("CreateEndpoint", parameters)
        assert parameters["EndpointConfigName"] in self.configs
        self.endpoints[parameters["EndpointName"]] = iter(["Creating", "Creating"])

    def describe_endpoint(self, **parameters):
        check("DescribeEndpoint", parameters)
        status = next(self.endpoints[parameters["EndpointName"]], "InService")
        return {"EndpointStatus": status}

    def delete_endpoint(self, **parameters):
        check("DeleteEndpoint", parameters)
        del self.endpoints[parameters["EndpointName"]]

    def invoke_endpoint(self, **parameters):
        check("InvokeEndpoint", parameters, "sagemaker-runtime")
        assert parameters["EndpointName"] in self.endpoints
        self.invoked.append(parameters["Body"])
        return {"Body": io.BytesIO(b"yes\n")}


class FakeBucket:
    """An S3 client of one bucket; `files` by key."""

    def __init__(self, files):
        self.files, self.asked = files, []

    def get_object(self, **parameters):
        check("GetObject", parameters, "s3")
        assert parameters["Bucket"] == "bucket"
        self.asked.append(parameters["Key"])
        return {"Body": io.BytesIO(self.files[parameters["Key"]])}
