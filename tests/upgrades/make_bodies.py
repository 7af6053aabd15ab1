"""Make a database with jobs in every state with the installed version: python tests/upgrades/make_bodies.py FOLDER

Run it from the repository, with tests/ on PYTHONPATH. Writes FOLDER/windvane.db.xz, and FOLDER/answers.json.xz, what the API said
of it. Every version that changes the bodies of records leaves one here before it does, as bodies-N; test_bodies.py opens
them.
"""

from __future__ import annotations

import json
import lzma
import sqlite3
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

from api.records import candidate_record, finished_candidate, job_record, step_record
from api.test_auto_ml_job_v2 import COMPLETE
from api.test_auto_ml_job_v2 import request as v2_request
from api.test_describe_auto_ml_job import job_in
from api.world import FILE_NAME, World, build_world, channel
from botocore.exceptions import ClientError

from windvane.api.job_states import STATES
from windvane.domain.candidate import ProcessingJob, StepStatus, TrainingJob, TransformJob
from windvane.domain.problem import MetricName, ProblemType

MADE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

_NAMES = {
    "auto_ml": "AutoMLJobName",
    "processing": "ProcessingJobName",
    "training": "TrainingJobName",
    "transform": "TransformJobName",
}
_HELD_OUT, _FEATURES = "s3://data/held-out/", "s3://data/features.json"
_PARQUET = "x-application/vnd.amazon+parquet"
_WEIGHTED = {"CompressionType": "Gzip", "SampleWeightAttributeName": "w"}
_JOBS: dict[str, dict[str, Any]] = {
    "asked-all": {
        "InputDataConfig": [
            channel(
                _HELD_OUT,
                ChannelType="validation",
                ContentType="text/csv; header=present",
                **_WEIGHTED,
            ),
            channel(ChannelType="training", **_WEIGHTED),
        ],
        "ProblemType": "BinaryClassification",
        "AutoMLJobObjective": {"MetricName": "AUC"},
        "AutoMLJobConfig": {
            "Mode": "ENSEMBLING",
            "CandidateGenerationConfig": {
                "FeatureSpecificationS3Uri": _FEATURES,
                "AlgorithmsConfig": [{"AutoMLAlgorithms": ["lightgbm", "xgboost"]}],
            },
            "CompletionCriteria": {
                "MaxCandidates": 5,
                "MaxRuntimePerTrainingJobInSeconds": 60,
                "MaxAutoMLJobRuntimeInSeconds": 600,
            },
            "SecurityConfig": {
                "EnableInterContainerTrafficEncryption": True,
                "VpcConfig": {"Subnets": ["subnet-a"], "SecurityGroupIds": ["sg-a"]},
            },
        },
        "ModelDeployConfig": {"AutoGenerateEndpointName": False, "EndpointName": "e"},
        "Tags": [{"Key": "k", "Value": "v"}],
    },
    "asked-parquet": {
        "InputDataConfig": [channel(ContentType=_PARQUET)],
        "AutoMLJobConfig": {"DataSplitConfig": {"ValidationFraction": 0.25}, "SecurityConfig": {}},
        "ModelDeployConfig": {"EndpointName": "given"},
        "GenerateCandidateDefinitionsOnly": False,
    },
    "asked-definitions": {
        "GenerateCandidateDefinitionsOnly": True,
        "AutoMLJobConfig": {
            "Mode": "HYPERPARAMETER_TUNING",
            "CandidateGenerationConfig": {"AlgorithmsConfig": [{"AutoMLAlgorithms": []}]},
        },
    },
    "asked-least": {},
}


def answer(world: World, asked: str) -> Any:
    """What the API says; `asked` is "OPERATION" or "OPERATION NAME"."""
    operation, _, name = asked.partition(" ")
    kind = next(kind for kind in _NAMES if kind in operation)
    parameters = {_NAMES[kind]: name} if name else {"MaxResults": 100}
    try:
        told = getattr(world.client(), operation)(**parameters)
    except ClientError as error:
        return {"refused": [error.response["Error"]["Code"], error.response["Error"]["Message"]]}
    del told["ResponseMetadata"]
    return json.loads(json.dumps(told, default=str))


def answers(world: World) -> dict[str, Any]:
    listed = answer(world, "list_auto_ml_jobs")
    names = [one["AutoMLJobName"] for one in listed["AutoMLJobSummaries"]]
    of_jobs = ("describe_auto_ml_job", "describe_auto_ml_job_v2", "list_candidates_for_auto_ml_job")
    asked = [f"{operation} {name}" for name in names for operation in of_jobs]
    for word in ("processing", "training", "transform"):
        asked += [f"list_{word}_jobs"]
        asked += [f"describe_{word}_job {name}" for name in ("step-1", "own")]
    return {"list_auto_ml_jobs": listed, **{one: answer(world, one) for one in asked}}


def fill(world: World) -> None:
    world.clock.now = MADE
    world.put(f"{_HELD_OUT}v.csv", b"a,y\n1,0\n")
    document = {"FeatureAttributeNames": ["a", "b"], "FeatureDataTypes": {"b": "text"}}
    world.put(_FEATURES, json.dumps(document).encode())
    world.insert(finished_candidate(MADE, 1), candidate_record(MADE, 2))
    found = {"problem_type": ProblemType.BINARY, "objective": MetricName.F1}
    world.insert(job_record(MADE, "churn", best_candidate="churn-001", **found))
    for number, job in enumerate(_jobs_in_every_state(), start=1):
        world.insert(replace(job, name=f"state-{number:03}"))
    over = {"status": StepStatus.COMPLETED, "started": MADE, "ended": MADE}
    for kind in (ProcessingJob, TrainingJob, TransformJob):
        own = replace(step_record(kind, MADE, "own"), parent="", **over)
        world.insert(step_record(kind, MADE), own)
    _create(world)


def _jobs_in_every_state() -> Any:
    for state in STATES:
        for secondary, extra in product(sorted(state.secondaries), (frozenset(), state.perhaps)):
            yield job_in(state, secondary, state.there | extra, MADE)


def _create(world: World) -> None:
    client = world.client()
    for name, members in _JOBS.items():
        world.create_job(name, **members)
    client.create_auto_ml_job_v2(**{**COMPLETE, "AutoMLJobName": "second-all"})
    features = {"FeatureSpecificationS3Uri": _FEATURES}
    split = {"ValidationFraction": 0.5}
    client.create_auto_ml_job_v2(
        **v2_request(features, AutoMLJobName="second-features", DataSplitConfig=split)
    )
    client.create_auto_ml_job_v2(**v2_request(AutoMLJobName="second-least"))
    client.stop_auto_ml_job(AutoMLJobName="second-least")


def main() -> None:
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        world = build_world(Path(name), concurrent_jobs=100, jobs_in_flight=100)
        fill(world)
        told = json.dumps(answers(world), indent=1).encode()
        world.store.close()
        file = Path(name) / FILE_NAME
        database = sqlite3.connect(file)
        for statement in ("wal_checkpoint(TRUNCATE)", "journal_mode=DELETE"):
            database.execute(f"PRAGMA {statement}")
        database.execute("VACUUM")
        database.close()
        (target / "windvane.db.xz").write_bytes(lzma.compress(file.read_bytes(), preset=9))
        (target / "answers.json.xz").write_bytes(lzma.compress(told, preset=9))


if __name__ == "__main__":
    main()
