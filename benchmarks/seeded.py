"""A store that has seen much: jobs that ended, with their candidates, written as records."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from windvane.api.automl_request.spec import job_spec
from windvane.domain.candidate import Candidate, CandidateStatus, Container, Metric, Step
from windvane.domain.images import ENSEMBLE, image_uri
from windvane.domain.job import (
    ApiVersion,
    AutoMLJob,
    Echo,
    EndOfSearch,
    JobStatus,
    Limits,
    SecondaryStatus,
)
from windvane.domain.problem import MetricName, ProblemType
from windvane.domain.resource import Kind, Resource
from windvane.engine.features.cards import RECIPES
from windvane.names import Scope, default_bucket, default_role
from windvane.notes.note import said
from windvane.settings import DEFAULT_ACCOUNT, DEFAULT_REGION
from windvane.store.open import open_store

SCOPE = Scope(DEFAULT_ACCOUNT, DEFAULT_REGION)
LARGE = "seeded-large"
"""The name of the job with many candidates."""

_BUCKET = default_bucket(DEFAULT_ACCOUNT, DEFAULT_REGION)
_SHARE_FAILED = 0.05
_AT_ONCE = 1000
"""Jobs that are written in one transaction."""
_ALGORITHMS = ("lightgbm", "xgboost", "catboost", "extra-trees", "linear-learner", "mlp")


def seed(data_dir: Path, n_jobs: int, n_candidates: int, n_large: int) -> None:
    """Add so many jobs with so many candidates each, the newest first by name, and one job with `n_large`; the server
    on the folder may run. The same records every time, but for the times."""
    chance = random.Random(0)
    store = open_store("", data_dir)
    now = datetime.now(UTC).replace(microsecond=0)
    try:
        for i in range(n_jobs):
            job = _job(f"seeded-{i:05}", now - timedelta(minutes=20 * i), i, n_candidates)
            _insert(store, _with_candidates(job, n_candidates, chance))
        large = _job(LARGE, now - timedelta(hours=2), 0, n_large)
        _insert(store, _with_candidates(large, n_large, chance))
    finally:
        store.close()


def add_job(data_dir: Path, name: str, n_candidates: int) -> None:
    """Add one job that ended two hours ago, with so many candidates."""
    store = open_store("", data_dir)
    created = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
    try:
        job = _job(name, created, 0, n_candidates)
        _insert(store, _with_candidates(job, n_candidates, random.Random(0)))
    finally:
        store.close()


def fill(data_dir: Path, first: int, end: int, n_candidates: int, newest: datetime) -> None:
    """Add jobs `filled-FIRST` to `filled-END`, the last one left out, with so many candidates each; the newest first by name.

    `newest` is when job 0 was created, each after it a second earlier.
    """
    chance = random.Random(first)
    store = open_store("", data_dir)
    try:
        for begin in range(first, end, _AT_ONCE):
            jobs = (
                _job(f"filled-{i:07}", newest - timedelta(seconds=i), i, n_candidates)
                for i in range(begin, min(begin + _AT_ONCE, end))
            )
            _insert(
                store, (one for job in jobs for one in _with_candidates(job, n_candidates, chance))
            )
    finally:
        store.close()


def _insert(store, records) -> None:
    with store.transaction() as tx:
        for record in records:
            if not tx.insert(record):
                raise ValueError(f"{record.name} is there already")


def _job(name: str, created: datetime, i: int, n_candidates: int) -> AutoMLJob:
    ends = (
        (JobStatus.COMPLETED, SecondaryStatus.COMPLETED, ""),
        (JobStatus.COMPLETED, SecondaryStatus.MAX_CANDIDATES_REACHED, ""),
        (JobStatus.FAILED, SecondaryStatus.FAILED, "The target column 'y' has one value only."),
        (JobStatus.STOPPED, SecondaryStatus.STOPPED, ""),
    )
    status, secondary, reason = ends[i % len(ends)]
    ended = created + timedelta(minutes=7, seconds=i)
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{_BUCKET}/seeded/"}}
    request = {
        "AutoMLJobName": name,
        "InputDataConfig": [{"DataSource": source, "TargetAttributeName": "y"}],
        "OutputDataConfig": {"S3OutputPath": f"s3://{_BUCKET}/output"},
        "RoleArn": default_role(DEFAULT_ACCOUNT),
    }
    return AutoMLJob(
        scope=SCOPE,
        name=name,
        created=created,
        modified=ended,
        spec=job_spec(request),
        echo=Echo(ApiVersion.V1, request),
        limits=Limits(n_candidates, 600, 600),
        deadline=created + timedelta(seconds=600),
        status=status,
        secondary=secondary,
        ended=ended,
        search_ended=EndOfSearch.CANDIDATES,
        problem_type=ProblemType.BINARY,
        objective=MetricName.F1,
        failure=said(reason) if reason else None,
    )


def _with_candidates(job: AutoMLJob, n: int, chance: random.Random) -> Iterator[Resource]:
    candidates = [_candidate(job, i, chance) for i in range(1, n + 1)]
    best = max(candidates, key=lambda one: one.score or 0.0)
    yield AutoMLJob(**{**vars(job), "best_candidate": best.name})
    yield from candidates


def _candidate(job: AutoMLJob, index: int, chance: random.Random) -> Candidate:
    name = f"{job.name}-{index:03}"
    algorithm = ENSEMBLE if index % 25 == 0 else chance.choice(_ALGORITHMS)
    started = job.created + timedelta(seconds=20 + index / 2)
    failed = chance.random() < _SHARE_FAILED
    score = 0.6 + 0.3 * chance.betavariate(5, 2)
    found = {
        "status": CandidateStatus.FAILED if failed else CandidateStatus.COMPLETED,
        "failure": said("It needed more memory than the 2048 MB that it may use.")
        if failed
        else None,
        "score": None if failed else score,
        "latency_s": None if failed else chance.lognormvariate(-7, 1),
        "fit_s": None if failed else chance.lognormvariate(1, 1),
        "size_bytes": None if failed else int(chance.lognormvariate(13, 1)),
        "metrics": () if failed else tuple(_metrics(score, chance)),
    }
    return Candidate(
        scope=job.scope,
        name=name,
        created=started,
        modified=started + timedelta(seconds=30),
        ended=started + timedelta(seconds=30),
        parent=job.arn,
        index=index,
        algorithm=algorithm,
        recipe="" if algorithm == ENSEMBLE else chance.choice(RECIPES).name,
        hyperparameters={"learning_rate": chance.uniform(0.01, 0.3)},
        seed=index,
        folds=5,
        steps=(Step(Kind.TRAINING_JOB, name),),
        containers=() if failed else (Container(image_uri(SCOPE, ENSEMBLE), _archive(job, name)),),
        **found,
    )


def _metrics(score: float, chance: random.Random) -> Iterator[Metric]:
    for metric in (MetricName.F1, MetricName.ACCURACY, MetricName.AUC, MetricName.LOG_LOSS):
        value = score if metric is MetricName.F1 else chance.uniform(0.3, 0.95)
        yield Metric(metric, value, standard_error=0.004)
        yield Metric(metric, min(1.0, value + 0.02), "Train")


def _archive(job: AutoMLJob, name: str) -> str:
    return f"{job.output_root}/training/{name}/output/model.tar.gz"
