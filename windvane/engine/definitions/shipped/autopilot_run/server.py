"""Runs candidates as training jobs of the service, through boto3. Address and keys are boto3's own: AWS_ENDPOINT_URL,
AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY."""

from __future__ import annotations

import csv
import io
import json
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .candidates import COMPLETED, ENSEMBLE, Again, Candidate, Result, ensemble_of
from .containers import containers_of, whole_container

_FINAL = ("Completed", "Failed", "Stopped", "InService")
_MEMBERS = "_members"
_MEMBER_CHANNEL = "member-"
_INSTANCE = {"InstanceType": "ml.m5.large", "InstanceCount": 1}
_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _GROWTH = 0.5, 10.0, 1.3
_GRACE_S = 600.0
"""Beyond a job's own time limit: waiting in the service's queue, and writing what was made."""

_COPIED = ("AlgorithmSpecification", "RoleArn", "ResourceConfig")
"""What a training job that is run again takes over from the first one, besides its input and hyperparameters."""

_UNHURRIED_S = 24 * 3600
"""For a copy at least: it makes features and the model of all rows for itself, maybe on a busier machine."""


class Server:
    """The service that an AutoML job ran on.

    job        the notebook's literal of that name
    sagemaker  a boto3 client of SageMaker, and of its runtime, or what does as they do
    """

    at_once = 2

    def __init__(
        self,
        job: Mapping[str, Any],
        sagemaker: Any,
        runtime: Any,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._job, self._sagemaker, self._runtime, self._pause = job, sagemaker, runtime, pause
        self._prefix = f"{job['short']}-{secrets.token_hex(3)}"
        self._n_named = 0
        self._transformers: dict[str, str] = {}

    def fit(self, recipe: str, features: Mapping[str, str], max_s: float) -> str:
        """Fit the transformers of a recipe with a training job; its name.

        raises    RuntimeError if it fails
        """
        name = self._create("sklearn-automl", dict(features), [self._dataset()], max_s, recipe)
        described = self._ended(name, max_s)
        if described["TrainingJobStatus"] != COMPLETED:
            raise RuntimeError(f"The transformers of {recipe}: {_reason(described)}")
        self._transformers[_key(features)] = described["ModelArtifacts"]["S3ModelArtifacts"]
        return name

    def train(self, candidates: Sequence[Candidate], max_s: float) -> list[Result]:
        """Train and score candidates at once, each with a training job; what came of each."""
        names = [
            self._create(one.algorithm, one.sent(self._job["folds"]), [self._dataset()], max_s)
            for one in candidates
        ]
        pairs = zip(candidates, names, strict=True)
        return [self._result(one, self._ended(name, max_s)) for one, name in pairs]

    def combine(
        self, members: Sequence[Result], weights: Sequence[float], number: int, max_s: float
    ) -> Result:
        """Score the weighted mean of results with a training job; what came of it."""
        candidate = ensemble_of(members, weights, number)
        places = [one.place for one in members]
        name = self._create(
            ENSEMBLE,
            {**candidate.features, _MEMBERS: json.dumps(dict(zip(places, weights, strict=True)))},
            [self._dataset(), *_member_channels(f"{self._job['output']}/{one}" for one in places)],
            max_s,
        )
        return replace(self._result(candidate, self._ended(name, max_s)), members=tuple(members))

    def leaders(self) -> list[str]:
        """Return names of the AutoML job's finished candidates, best first; none if it trained none."""
        order = "Ascending" if self._job["minimize"] else "Descending"
        pages = self._sagemaker.get_paginator("list_candidates_for_auto_ml_job").paginate(
            AutoMLJobName=self._job["name"],
            StatusEquals="Completed",
            SortBy="FinalObjectiveMetricValue",
            SortOrder=order,
        )
        found = [one for page in pages for one in page["Candidates"]]
        leaders = [one["CandidateName"] for one in found if "FinalAutoMLJobObjectiveMetric" in one]
        described = self._sagemaker.describe_auto_ml_job_v2(AutoMLJobName=self._job["name"])
        best = described.get("BestCandidate", {}).get("CandidateName")
        return sorted(leaders, key=lambda leader: leader != best)

    def again(self, name: str) -> Again:
        """Send what DescribeTrainingJob says of a candidate to CreateTrainingJob once more; of an ensemble, of its
        members first.

        raises    RuntimeError if a job fails
        """
        described = self._sagemaker.describe_training_job(TrainingJobName=name)
        again = self._copied(described, *self._sent_again(described))
        before, now = self._measured(described), self._measured(again)
        return Again(name, again["TrainingJobName"], before, now)

    def deploy(self, result: Result, endpoint: str) -> str:
        """Return a model, an endpoint configuration and an endpoint of what was trained; the endpoint once it is in
        service.

        raises    RuntimeError if it does not come into service
        """
        model = self._named("model")
        self._sagemaker.create_model(
            ModelName=model,
            ExecutionRoleArn=self._job["role"],
            Containers=self._containers(result),
        )
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": model,
            "InitialInstanceCount": 1,
            "InstanceType": _INSTANCE["InstanceType"],
        }
        self._sagemaker.create_endpoint_config(
            EndpointConfigName=model, ProductionVariants=[variant]
        )
        self._sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=model)
        self._wait(lambda: self._sagemaker.describe_endpoint(EndpointName=endpoint), _GRACE_S)
        return endpoint

    def invoke(self, endpoint: str, rows: Sequence[Sequence[Any]]) -> str:
        """Return what an endpoint answers to rows of cells in the order of the header, the target left out."""
        body = io.StringIO()
        csv.writer(body, lineterminator="\n").writerows(rows)
        answer = self._runtime.invoke_endpoint(
            EndpointName=endpoint, ContentType="text/csv", Body=body.getvalue().encode()
        )
        return str(answer["Body"].read().decode())

    def delete(self, endpoint: str) -> None:
        """Delete an endpoint; its model and configuration stay."""
        self._sagemaker.delete_endpoint(EndpointName=endpoint)

    def _containers(self, result: Result) -> list[dict[str, Any]]:
        images, is_classifier = self._job["images"], bool(self._job["n_classes"])
        candidate = result.candidate
        if candidate.algorithm == ENSEMBLE:
            return [whole_container(images[ENSEMBLE], result.model, is_classifier)]
        transformers = self._transformers[_key(candidate.features)]
        return containers_of(images, transformers, candidate.algorithm, result.model, is_classifier)

    def _result(self, candidate: Candidate, described: Mapping[str, Any]) -> Result:
        status = described["TrainingJobStatus"]
        is_done = status == COMPLETED
        return Result(
            candidate=candidate,
            status=status,
            score=self._score(described) if is_done else None,
            place=described["TrainingJobName"],
            model=described["ModelArtifacts"]["S3ModelArtifacts"] if is_done else "",
            reason="" if is_done else _reason(described),
            seconds=float(described.get("TrainingTimeInSeconds", 0)),
        )

    def _measured(self, described: Mapping[str, Any]) -> float:
        """Return the score of a finished training job.

        raises    RuntimeError if it tells none
        """
        score = self._score(described)
        if score is None:
            name = described["TrainingJobName"]
            raise RuntimeError(f"{name} does not report {self._job['metric']}.")
        return score

    def _score(self, described: Mapping[str, Any]) -> float | None:
        wanted = f"validation:{self._job['metric']}"
        metrics = described.get("FinalMetricDataList", [])
        return next((one["Value"] for one in metrics if one["MetricName"] == wanted), None)

    def _sent_again(
        self, described: Mapping[str, Any]
    ) -> tuple[dict[str, str], list[dict[str, Any]]]:
        """Hyperparameters and channels; those of an ensemble name members that were run again."""
        hyperparameters = dict(described["HyperParameters"])
        channels = list(described["InputDataConfig"])
        if _MEMBERS not in hyperparameters:
            return hyperparameters, channels
        weights = json.loads(hyperparameters[_MEMBERS])
        firsts = [self._sagemaker.describe_training_job(TrainingJobName=one) for one in weights]
        again = [
            self._copied(one, dict(one["HyperParameters"]), list(one["InputDataConfig"]))
            for one in firsts
        ]
        names = [one["TrainingJobName"] for one in again]
        weighted = dict(zip(names, weights.values(), strict=True))
        others = [one for one in channels if not one["ChannelName"].startswith(_MEMBER_CHANNEL)]
        places = [f"{self._job['output']}/{name}" for name in names]
        return (
            {**hyperparameters, _MEMBERS: json.dumps(weighted)},
            [*others, *_member_channels(places)],
        )

    def _copied(
        self,
        described: Mapping[str, Any],
        hyperparameters: Mapping[str, str],
        channels: Sequence[Mapping[str, Any]],
    ) -> dict[str, Any]:
        """Return a finished copy of a training job, described."""
        name = self._named("again")
        max_s = max(_UNHURRIED_S, described["StoppingCondition"]["MaxRuntimeInSeconds"])
        self._sagemaker.create_training_job(
            TrainingJobName=name,
            HyperParameters=dict(hyperparameters),
            InputDataConfig=[dict(one) for one in channels],
            OutputDataConfig={"S3OutputPath": self._job["output"]},
            StoppingCondition={"MaxRuntimeInSeconds": max_s},
            **{key: described[key] for key in _COPIED},
        )
        ended = self._ended(name, max_s)
        if ended["TrainingJobStatus"] != COMPLETED:
            raise RuntimeError(
                f"{name}, a copy of {described['TrainingJobName']}: {_reason(ended)}"
            )
        return ended

    def _create(
        self,
        image: str,
        hyperparameters: dict[str, str],
        channels: list[dict[str, Any]],
        max_s: float,
        what: str = "",
    ) -> str:
        name = self._named(what)
        self._sagemaker.create_training_job(
            TrainingJobName=name,
            AlgorithmSpecification={
                "TrainingImage": self._job["images"][image],
                "TrainingInputMode": "File",
            },
            RoleArn=self._job["role"],
            InputDataConfig=channels,
            OutputDataConfig={"S3OutputPath": self._job["output"]},
            ResourceConfig={**_INSTANCE, "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": max(1, int(max_s))},
            HyperParameters=hyperparameters,
        )
        return name

    def _dataset(self) -> dict[str, Any]:
        return _channel("dataset", self._job["dataset"])

    def _named(self, what: str) -> str:
        """Return a name that no other has."""
        self._n_named += 1
        return "-".join(part for part in (self._prefix, what, f"{self._n_named:03d}") if part)[:63]

    def _ended(self, name: str, max_s: float) -> dict[str, Any]:
        return self._wait(
            lambda: self._sagemaker.describe_training_job(TrainingJobName=name), max_s + _GRACE_S
        )

    def _wait(self, describe: Callable[[], dict[str, Any]], max_s: float) -> dict[str, Any]:
        """Ask, with longer and longer pauses, until the status is final.

        raises    TimeoutError if it is not in time; RuntimeError of an endpoint that failed
        """
        ends, pause_s = time.monotonic() + max_s, _FIRST_PAUSE_S
        while True:
            described = describe()
            status = described.get("TrainingJobStatus") or described.get("EndpointStatus")
            if status in _FINAL:
                break
            if time.monotonic() > ends:
                raise TimeoutError(f"Still {status} after {max_s:.0f} s.")
            self._pause(pause_s)
            pause_s = min(_LONGEST_PAUSE_S, pause_s * _GROWTH)
        if described.get("EndpointStatus") == "Failed":
            raise RuntimeError(f"The endpoint failed: {_reason(described)}")
        return described


def _channel(name: str, uri: str) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}


def _member_channels(places: Iterable[str]) -> list[dict[str, Any]]:
    """Return the channels of what training jobs wrote, in order."""
    return [
        _channel(f"{_MEMBER_CHANNEL}{number}", f"{place}/output/")
        for number, place in enumerate(places, 1)
    ]


def _key(features: Mapping[str, str]) -> str:
    return json.dumps(dict(features), sort_keys=True)


def _reason(described: Mapping[str, Any]) -> str:
    status = described.get("TrainingJobStatus") or described.get("EndpointStatus")
    return str(described.get("FailureReason", f"it ended with status {status}."))
