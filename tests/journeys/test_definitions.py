"""Candidate definitions: what a job that generates nothing else leaves."""

import ast

import nbformat
import pytest
from journeys.running import limits

JOB = "bank-definitions"


@pytest.fixture(scope="module")
def job(server, bank_train):
    uri = server.upload("definitions/train/train.csv", bank_train)
    server.create_job(
        JOB, uri, GenerateCandidateDefinitionsOnly=True, AutoMLJobConfig=limits(2, 120)
    )
    return server.wait_for_job(JOB)


def read(server, uri):
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return server.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()


def test_a_job_that_generates_definitions_only_ends_with_both_notebooks_and_no_candidate(
    job, server
):
    assert job["AutoMLJobStatus"] == "Completed"
    assert job["AutoMLJobSecondaryStatus"] == "CandidateDefinitionsGenerated"
    assert "BestCandidate" not in job
    assert "PartialFailureReasons" not in job
    listed = server.client("sagemaker").list_candidates_for_auto_ml_job(AutoMLJobName=JOB)
    assert listed["Candidates"] == []
    places = job["AutoMLJobArtifacts"]
    assert set(places) == {
        "CandidateDefinitionNotebookLocation",
        "DataExplorationNotebookLocation",
    }
    for uri in places.values():
        nbformat.validate(nbformat.reads(read(server, uri).decode(), as_version=4))


def test_the_modules_that_the_notebook_fetches_are_there(job, server):
    uri = job["AutoMLJobArtifacts"]["CandidateDefinitionNotebookLocation"]
    notebook = nbformat.reads(read(server, uri).decode(), as_version=4)
    [source] = [cell.source for cell in notebook.cells if cell.source.startswith("RUN_ON")]
    facts = {one.targets[0].id: ast.literal_eval(one.value) for one in ast.parse(source).body}
    assert facts["JOB"]["max_candidates"] == 2
    for path in facts["MODULES"]:
        text = read(server, f"{facts['JOB']['modules']}/{path}").decode()
        if path.endswith(".py"):
            ast.parse(text)
