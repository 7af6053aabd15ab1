"""Who uses objects: all that would break without them, in whatever region, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from api.records import job_record, step_record
from api.world import (
    ACCOUNT,
    MODEL_DATA,
    SCOPE,
    World,
    build_world,
    channel,
    close,
    variant,
)

from windvane.control.object_uses import ObjectUse, ObjectUses
from windvane.domain.candidate import ProcessingJob, StepStatus, TrainingJob, TransformJob
from windvane.domain.job import JobStatus
from windvane.names import Scope

FILE, FOLDER = "s3://data/up/a.csv", "s3://data/up/"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = build_world(tmp_path)
    made.put(FILE)
    yield made
    close(made)


def uses(world: World, *places: str) -> dict[str, list[str]]:
    found = ObjectUses(world.store, world.artifacts).of(ACCOUNT, places)
    return {place: [f"{one.kind}/{one.name}" for one in each] for place, each in found.items()}


def with_job(world: World, uri: str, kind: str = "S3Prefix", **changes: object) -> None:
    request = {"InputDataConfig": [channel(uri, kind)]}
    world.insert(job_record(world.clock(), request=request, **changes))


@pytest.mark.parametrize(
    ("uri", "uses_file", "uses_folder"),
    [
        (FILE, True, True),
        ("s3://data/u", True, True),
        (FOLDER, True, True),
        (f"{FOLDER}b", False, True),
        ("s3://data/other/", False, False),
    ],
)
def test_a_running_job_uses_what_its_prefix_has(
    world: World, uri: str, uses_file: bool, uses_folder: bool
) -> None:
    with_job(world, uri)
    wanted = {FILE} if uses_file else set()
    assert set(uses(world, FILE, FOLDER)) == wanted | ({FOLDER} if uses_folder else set())


def test_a_manifest_uses_what_it_names_and_itself(world: World) -> None:
    manifest, other = "s3://data/list.json", "s3://data/up/b.csv"
    world.put(manifest, json.dumps([{"prefix": FOLDER}, "a.csv"]).encode())
    with_job(world, manifest, "ManifestFile")
    assert set(uses(world, FILE, manifest, FOLDER, other)) == {FILE, manifest, FOLDER}
    world.put(manifest, b"no list")
    assert set(uses(world, FILE, manifest)) == {manifest}


@pytest.mark.slow
def test_of_very_many_jobs_each_is_looked_at(world: World) -> None:
    for number in range(101):
        with_job(world, f"{FOLDER}{number}.csv", name=f"job-{number}")
    assert all(uses(world, f"{FOLDER}{number}.csv") for number in range(101))


def test_a_job_that_is_over_uses_nothing(world: World) -> None:
    with_job(world, FILE, status=JobStatus.STOPPED)
    with_job(world, FILE, name="stopping", status=JobStatus.STOPPING)
    assert uses(world, FILE) == {FILE: ["automl-job/stopping"]}


@pytest.mark.parametrize("kind", [TrainingJob, ProcessingJob, TransformJob])
def test_a_step_that_a_client_created_uses_what_it_reads_while_it_runs(
    world: World, kind: type[ProcessingJob]
) -> None:
    reads = {"S3Uri": FILE, "S3DataType": "S3Prefix"}
    details = {"Inputs": [{"S3Input": reads}], "Output": {"S3OutputPath": "s3://results/a/x/"}}
    step = replace(step_record(kind, world.clock()), parent="", details=details)
    world.insert(step, replace(step, name="of-a-job", parent="arn:job"))
    wanted = [f"{kind.kind}/step-1"]
    assert uses(world, FILE, "s3://results/a/", "s3://results/a/x/y") == {
        FILE: wanted,
        "s3://results/a/": wanted,
    }
    world.update(replace(step, status=StepStatus.COMPLETED))
    assert uses(world, FILE) == {}


def test_an_endpoint_uses_its_artefacts_when_its_model_and_configuration_are_no_more(
    world: World,
) -> None:
    client = world.client()
    world.create_model("m")
    world.create_config("c", ProductionVariants=[variant("A", ModelName="m")])
    client.create_endpoint(EndpointName="live", EndpointConfigName="c")
    assert uses(world, MODEL_DATA) == {MODEL_DATA: ["model/m", "endpoint/live"]}
    client.delete_endpoint_config(EndpointConfigName="c")
    client.delete_model(ModelName="m")
    assert uses(world, MODEL_DATA) == {MODEL_DATA: ["endpoint/live"]}
    told = ObjectUses(world.store, world.artifacts)
    assert told.models_of(SCOPE) == {"live": {"m"}}
    assert told.models_of(Scope(ACCOUNT, "eu-west-1")) == {}
    client.delete_endpoint(EndpointName="live")
    assert uses(world, MODEL_DATA) == {}
    assert told.models_of(SCOPE) == {}


def test_every_region_of_the_account_is_looked_at_and_no_other_account(world: World) -> None:
    far, strange = Scope(ACCOUNT, "eu-west-1"), Scope("444455556666", SCOPE.region)
    for scope, name in ((far, "far"), (strange, "strange")):
        with_job(world, FILE, name=name, scope=scope)
    told = ObjectUses(world.store, world.artifacts).of(ACCOUNT, [FILE])
    assert told == {FILE: (ObjectUse("automl-job", "far", "eu-west-1"),)}
