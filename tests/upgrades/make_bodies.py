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

from api.job_states import STATES
from api.records import candidate_record, finished_candidate, job_record, step_record
from api.test_auto_ml_job_v2 import COMPLETE
from api.test_auto_ml_job_v2 import request as v2_request
from api.test_describe_auto_ml_job import job_in
from api.world import FILE_NAME, SCOPE, World, build_world, channel
from botocore.exceptions import ClientError

from windvane.domain.candidate import (
    CandidateStatus,
    ProcessingJob,
    StepStatus,
    TrainingJob,
    TransformJob,
)
from windvane.domain.deployment import Endpoint, EndpointStatus
from windvane.domain.job import JobStatus, SecondaryStatus
from windvane.domain.logs import endpoint_place, line_of
from windvane.domain.problem import MetricName, ProblemType
from windvane.domain.task import NewTask, TaskKind, TaskStatus
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note, raised, said

MADE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

_NAMES = {
    "auto_ml": "AutoMLJobName",
    "endpoint": "EndpointName",
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


_INTERNAL = Note(NoteCode.INTERNAL_ERROR, because=raised(ValueError("could not convert 'canary'")))
_LACKING = (
    Note(NoteCode.EXPLAINABILITY_MISSING, because=Note(NoteCode.NO_TIME)),
    Note(NoteCode.INSIGHTS_MISSING, because=said("There is no row of the validation data.")),
    Note(NoteCode.CANDIDATE_FAILED, {"candidate": "churn-008", "algorithm": "xgboost"}, _INTERNAL),
)
_TOLD = [
    line_of(Note(NoteCode.PROCESS_STARTING)),
    line_of(Note(NoteCode.PROCESS_READY)),
    line_of(Note(NoteCode.ENDPOINT_UPDATING, {"config": "c"})),
    line_of(
        Note(
            NoteCode.VARIANT_RESCALED,
            {"variant": "a", "before": {"weight": 1.0}, "after": {"weight": 2.0}},
        )
    ),
    line_of(Note(NoteCode.ENDPOINT_IS, {"endpoint": "broken", "status": "Failed"})),
]
"""Lines of the log of an endpoint."""


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
    asked += [f"describe_{word}_job broken" for word in ("processing", "training", "transform")]
    asked += ["describe_endpoint broken"]
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
    _insert_broken(world)
    _create(world)


def _insert_broken(world: World) -> None:
    """What failed, and why."""
    failed = {"status": CandidateStatus.FAILED, "ended": MADE}
    notes = (
        Note(NoteCode.CUT_SHORT, {"folds": ("1", "3")}),
        Note(NoteCode.NOT_REFITTED),
        said("the table has 2 columns with the same values"),
    )
    lacking = job_record(
        MADE,
        "broken",
        status=JobStatus.COMPLETED,
        secondary=SecondaryStatus.EXPLAINABILITY_ERROR,
        ended=MADE,
        partial_failures=_LACKING,
        problem_type=ProblemType.BINARY,
        objective=MetricName.F1,
    )
    parent = lacking.arn
    world.insert(
        lacking,
        candidate_record(MADE, 8, parent=parent, failure=_INTERNAL, **failed),
        replace(finished_candidate(MADE, 9, parent=parent, cut_short=True), notes=notes),
    )
    for kind in (ProcessingJob, TrainingJob, TransformJob):
        step = replace(step_record(kind, MADE, "broken"), parent="", started=MADE, ended=MADE)
        world.insert(replace(step, status=StepStatus.FAILED, failure=_INTERNAL))
    with world.store.transaction() as tx:
        tx.add_tasks(parent, [NewTask(TaskKind.EXPLAIN, "explain")], MADE)
        task = tx.claim_task([TaskKind.EXPLAIN], "w", MADE, MADE)
        assert task is not None
        tx.finish_task(
            task, TaskStatus.FAILED, MADE, failure=said("The model's predictions differ.")
        )
    _insert_broken_endpoint(world)


def _insert_broken_endpoint(world: World) -> None:
    endpoint = Endpoint(
        scope=SCOPE,
        name="broken",
        created=MADE,
        modified=MADE,
        config_name="c",
        generation=1,
        desired=(),
        status=EndpointStatus.FAILED,
        failure=Note(NoteCode.VARIANT_NOT_STARTED, {"variant": "a"}, said("Unknown model.")),
    )
    world.insert(endpoint)
    with world.store.transaction() as tx:
        tx.log(endpoint_place(endpoint, 1, "a", 0), _TOLD, MADE)
        tx.log(endpoint_place(endpoint, 1, "b", 0), _TOLD[-1:], MADE)


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
