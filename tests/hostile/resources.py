"""What there is in the house: the names that the tables speak of."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from api.records import DETAILS, JOB_ARN, candidate_record, finished_candidate, job_record
from api.steps import DATASET
from api.world import IMAGE, INPUT, MODEL_DATA, SCOPE, config_request, model_request
from hostile import keys, people, scaled
from hostile.asking import ACCOUNT, NOW, OTHER_ACCOUNT

from windvane.api.automl_request.v2 import in_v2_words
from windvane.artifacts.base import Artifacts, parse_location
from windvane.domain.candidate import (
    Container,
    ProcessingJob,
    StepStatus,
    TrainingJob,
    TransformJob,
)
from windvane.domain.deployment import (
    Deployed,
    Endpoint,
    EndpointConfig,
    EndpointStatus,
    Model,
    Serverless,
    Variant,
)
from windvane.domain.images import TRANSFORMERS, image_uri
from windvane.domain.job import ApiVersion, AutoMLJob, Echo, JobStatus, SecondaryStatus
from windvane.domain.logs import AUTO_ML_JOBS, LogLine, LogPlace
from windvane.domain.problem import MetricName, ProblemType
from windvane.domain.resource import Resource
from windvane.names import Scope
from windvane.store.base import Store

LATER = NOW + timedelta(minutes=5)
CONTAINERS = (Container(IMAGE, MODEL_DATA),)
PLAIN = Variant("AllTraffic", "m", 1, 1.0, "ml.m5.large")
ON_DEMAND = Variant("OnDemand", "m", 0, 1.0, serverless=Serverless(2048, 5))

OBJECTS = {
    f"{INPUT}part-0.csv": b"a,y\n1,0\n",
    MODEL_DATA: b"x",
    f"{DATASET}/analysis.json": b"{}",
    "s3://data/model": b"x",
    "s3://data/output": b"x",
    "s3://data/whole.manifest": b'[{"prefix": "s3://data/train/"}, "part-0.csv"]',
    "s3://data/no-json.manifest": b"\xff",
    "s3://data/deep.manifest": b"[" * 100_000,
    "s3://data/object.manifest": b"{}",
    "s3://data/headless.manifest": b'["part-0.csv"]',
    "s3://data/empty.manifest": b'[{"prefix": "s3://data/train/"}]',
    "s3://data/numbers.manifest": b'[{"prefix": "s3://data/train/"}, 1]',
    "s3://data/dots.manifest": b'[{"prefix": "s3://../"}, "a.csv"]',
    "s3://data/spaces.manifest": b'[{"prefix": "s3://a b/"}, "a.csv"]',
    "s3://data/long.manifest": b'[{"prefix": "s3://data/"}, "' + b"k" * 5000 + b'"]',
    "s3://data/dangling.manifest": b'[{"prefix": "s3://data/train/"}, "nope.csv"]',
    "s3://data/others.manifest": b'[{"prefix": "s3://theirs/"}, "a.csv"]',
    "s3://data/features.json": b'{"FeatureAttributeNames": ["a"]}',
    "s3://data/no-json.json": b"\xff",
    "s3://data/deep.json": b"[" * 100_000,
    "s3://data/list.json": b"[]",
    "s3://data/target.json": b'{"FeatureAttributeNames": ["y"]}',
    "s3://data/twice.json": b'{"FeatureAttributeNames": ["a", "a"]}',
    "s3://data/unknown.json": b'{"Features": ["a"]}',
    "s3://data/types.json": b'{"FeatureDataTypes": {"a": "colour"}}',
    "s3://theirs/a.csv": b"a,y\n1,0\n",
}


def fill(store: Store, artifacts: Artifacts) -> None:
    for uri, data in OBJECTS.items():
        location = parse_location(uri)
        artifacts.ensure_bucket(location.bucket)
        artifacts.write(location, data)
    with store.transaction() as tx:
        tx.claim_bucket("theirs", OTHER_ACCOUNT, NOW)
        for bucket in ("data", "results"):
            tx.claim_bucket(bucket, ACCOUNT, NOW)
        for record in records(NOW):
            assert tx.insert(record)
        for identity in people.RECORDS:
            assert tx.add_identity(identity)
        tx.set_tags(_model("tagged").arn, {f"k{number}": "v" for number in range(50)})
        tx.log(
            LogPlace(SCOPE, AUTO_ML_JOBS, "churn"),
            [LogLine(one) for one in ("one", "two", "three")],
            NOW,
        )


def records(now: datetime) -> list[Resource]:
    return [
        *_jobs(now),
        *keys.RECORDS,
        _model("m"),
        _model("tagged"),
        _config("c", PLAIN),
        _config("on-demand", ON_DEMAND),
        _config("too-many", replace(PLAIN, instance_count=21)),
        _config("orphan", replace(PLAIN, model_name="gone")),
        _endpoint("live", EndpointStatus.IN_SERVICE, PLAIN),
        *scaled.RECORDS,
        _endpoint("serverless", EndpointStatus.IN_SERVICE, ON_DEMAND),
        _endpoint("starting", EndpointStatus.CREATING, PLAIN),
        _endpoint("broken", EndpointStatus.FAILED, PLAIN),
        _step(TrainingJob, "fitted", now, StepStatus.COMPLETED, parent=""),
        _step(TrainingJob, "running", now, parent=""),
        _step(TrainingJob, "churn-step", now),
        _step(ProcessingJob, "running", now, parent=""),
        _step(ProcessingJob, "ended", now, StepStatus.FAILED, parent=""),
        _step(TransformJob, "running", now, parent=""),
        _step(TransformJob, "ended", now, StepStatus.STOPPED, parent=""),
        replace(
            _step(TrainingJob, "transformers", now, parent=""),
            details=_details_with_image(image_uri(SCOPE, TRANSFORMERS)),
        ),
        replace(job_record(now, "theirs"), scope=Scope(OTHER_ACCOUNT, SCOPE.region)),
        replace(_model("theirs"), scope=Scope(OTHER_ACCOUNT, SCOPE.region)),
    ]


def _jobs(now: datetime) -> list[Resource]:
    found = {"problem_type": ProblemType.BINARY, "objective": MetricName.F1}
    ended = {
        "status": JobStatus.COMPLETED,
        "secondary": SecondaryStatus.COMPLETED,
        "ended": LATER,
        "modified": LATER,
    }
    return [
        job_record(now, "churn", best_candidate="churn-001", **found, **ended),
        finished_candidate(now, 1),
        finished_candidate(now, 2),
        candidate_record(now, 3),
        job_record(now, "failed", **(ended | {"status": JobStatus.FAILED})),
        job_record(now, "going"),
        job_record(now, "other"),
        _second(now),
        job_record(now, "stopping", status=JobStatus.STOPPING, secondary=SecondaryStatus.STOPPING),
    ]


def _second(now: datetime) -> AutoMLJob:
    """A job of V2."""
    job = job_record(now, "second")
    return replace(job, echo=Echo(ApiVersion.V2, in_v2_words(job.echo.members)))


def _model(name: str) -> Model:
    return Model(
        scope=SCOPE,
        name=name,
        created=NOW,
        modified=NOW,
        request=model_request(name),
        containers=CONTAINERS,
    )


def _config(name: str, variant: Variant) -> EndpointConfig:
    return EndpointConfig(
        scope=SCOPE,
        name=name,
        created=NOW,
        modified=NOW,
        request=config_request(name),
        variants=(variant,),
    )


def _endpoint(name: str, status: EndpointStatus, variant: Variant) -> Endpoint:
    deployed = (Deployed(variant, CONTAINERS),)
    is_up = status is EndpointStatus.IN_SERVICE
    return Endpoint(
        scope=SCOPE,
        name=name,
        created=NOW,
        modified=NOW,
        config_name="c",
        generation=1,
        desired=deployed,
        running=deployed if is_up else (),
        running_config_name="c" if is_up else "",
        running_generation=1 if is_up else 0,
        status=status,
    )


def _details_with_image(image: str) -> dict[str, object]:
    algorithm = {"TrainingImage": image, "TrainingInputMode": "File"}
    return DETAILS[TrainingJob] | {"AlgorithmSpecification": algorithm}


def _step(
    kind: type[ProcessingJob],
    name: str,
    now: datetime,
    status: StepStatus = StepStatus.IN_PROGRESS,
    parent: str | None = None,
) -> ProcessingJob:
    return kind(
        scope=SCOPE,
        name=name,
        created=now,
        modified=now,
        parent=JOB_ARN if parent is None else parent,
        details=DETAILS[kind],
        status=status,
    )
