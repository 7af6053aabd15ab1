"""The files of a job, deleted from its page unless they are in use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from api.records import finished_candidate, job_record, step_record
from api.world import IMAGE, ROLE, variant
from unit.console.desk import Desk, opened

from windvane.artifacts.base import parse_location
from windvane.domain.candidate import ProcessingJob
from windvane.domain.job import JobStatus

ROOT = "s3://results/jobs/churn/"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with opened(tmp_path) as made:
        yield made


def with_files(desk: Desk, **changes: object) -> list[str]:
    desk.world.insert(job_record(desk.world.clock(), **changes))
    for uri in (f"{ROOT}m/model.tar.gz", f"{ROOT}report.html", "s3://results/jobs/churn-2/x"):
        desk.world.put(uri)
    return kept(desk)


def kept(desk: Desk) -> list[str]:
    found = desk.world.artifacts.list(parse_location("s3://results/jobs/"))
    return [str(one.location) for one in found]


DONE = {"status": JobStatus.COMPLETED}


def test_files_of_a_job_are_deleted_once_its_name_was_typed(desk: Desk) -> None:
    before = with_files(desk, **DONE)
    assert 'href="/console/jobs/churn/delete"' in desk.get("/console/jobs/churn").text
    page = desk.get("/console/jobs/churn/delete")
    assert f"2 files below {ROOT}, 2 B" in page.words
    assert "the data that it was trained on" in page.words
    wrong = desk.post("/console/jobs/churn/delete", [("confirm", "yes")])
    assert (wrong.status, "Nothing was deleted" in wrong.words) == (400, True)
    assert desk.post_as("/console/jobs/churn/delete", [("confirm", "churn")]).status == 403
    assert kept(desk) == before
    done = desk.post("/console/jobs/churn/delete", [("confirm", "churn")])
    assert (done.status, done.headers["location"]) == (303, "/console/jobs/churn?deleted=2#manage")
    assert "Deleted 2 files." in desk.get("/console/jobs/churn?deleted=2").words
    assert "There are no files of this job in S3." in desk.get("/console/jobs/churn").words
    assert kept(desk) == ["s3://results/jobs/churn-2/x"]
    assert "There is nothing to delete." in desk.get("/console/jobs/churn/delete").words


def test_a_job_without_files_offers_only_what_works(desk: Desk) -> None:
    told = finished_candidate(desk.world.clock(), model_insights=f"{ROOT}insights")
    desk.world.insert(told)
    notebook = f"{ROOT}report.ipynb"
    with_files(desk, best_candidate=told.name, exploration=notebook, **DONE)
    for offer in ("Deploy the best candidate", "/quality", "report.ipynb", "/delete"):
        assert offer in desk.get("/console/jobs/churn").text
    assert "<iframe" in desk.get("/console/jobs/churn/data").text
    desk.post("/console/jobs/churn/delete", [("confirm", "churn")])
    page = desk.get("/console/jobs/churn")
    for gone in ("Deploy the best candidate", "/quality", "report.ipynb", "/delete", "generate it"):
        assert gone not in page.text
    assert "The files of this job were deleted" in page.words
    assert "Reports deleted Data deleted Notebooks deleted" in page.words
    for stays in ("Edit and rerun", "Retrain on new data", "Open the best candidate"):
        assert stays in page.words
    data = desk.get("/console/jobs/churn/data")
    assert "<iframe" not in data.text
    assert "The files of this job were deleted" in data.words


def test_files_in_use_stay(desk: Desk) -> None:
    before = with_files(desk)
    assert "it is running; stop it first" in desk.get("/console/jobs/churn/delete").words
    assert desk.post("/console/jobs/churn/delete", [("confirm", "churn")]).status == 400
    assert kept(desk) == before


def test_files_that_a_model_consists_of_stay(desk: Desk) -> None:
    before = with_files(desk, **DONE)
    container = {"Image": IMAGE, "ModelDataUrl": f"{ROOT}m/model.tar.gz"}
    desk.world.client().create_model(
        ModelName="live", ExecutionRoleArn=ROLE, PrimaryContainer=container
    )
    page = desk.get("/console/jobs/churn/delete")
    assert '<a href="/console/models?name=live">the model live was created from it' in page.text
    assert desk.post("/console/jobs/churn/delete", [("confirm", "churn")]).status == 400
    assert kept(desk) == before


def test_files_that_an_endpoint_runs_or_reports_are_made_of_stay(desk: Desk) -> None:
    """A model may be deleted while its endpoint runs, which needs its files at the next start."""
    before, client = with_files(desk, **DONE), desk.world.client()
    container = {"Image": IMAGE, "ModelDataUrl": f"{ROOT}m/model.tar.gz"}
    client.create_model(ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer=container)
    desk.world.create_config("c", ProductionVariants=[variant("A")])
    client.create_endpoint(EndpointName="live", EndpointConfigName="c")
    client.delete_endpoint_config(EndpointConfigName="c")
    client.delete_model(ModelName="m")
    reads = {"ProcessingInputs": [{"S3Input": {"S3Uri": f"{ROOT}m/", "S3DataType": "S3Prefix"}}]}
    report = replace(step_record(ProcessingJob, desk.world.clock()), parent="", details=reads)
    desk.world.insert(report)
    page = desk.get("/console/jobs/churn/delete").words
    assert "the endpoint live runs it" in page
    assert "the running processing job step-1 uses it" in page
    assert desk.post("/console/jobs/churn/delete", [("confirm", "churn")]).status == 400
    assert kept(desk) == before
