"""Candidate definitions: what a job that generates nothing else leaves, and notebooks that are run."""

import ast
import json
import subprocess

import nbformat
import pytest
from journeys.running import BIN, limits
from journeys.small import table
from nbclient import NotebookClient

from windvane.domain.problem import MetricName
from windvane.engine.candidate_io import outcome_from_json

JOB = "small-definitions"


def small_job(server, name, candidates, **members):
    uri = server.upload(f"{name}/train.csv", table(of_classes=True))
    server.create_job(name, uri, AutoMLJobConfig=limits(candidates, 200), **members)
    ended = server.wait_for_job(name)
    assert ended["AutoMLJobStatus"] == "Completed", ended
    place = ended["AutoMLJobArtifacts"]["CandidateDefinitionNotebookLocation"]
    return ended, read(server, place).decode()


@pytest.fixture(scope="module")
def job(server):
    ended, _ = small_job(server, JOB, 2, GenerateCandidateDefinitionsOnly=True)
    return ended


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


@pytest.fixture
def run_notebook(tmp_path, server, monkeypatch):
    """Runs a notebook from top to bottom where boto3 finds the service; what its cells print."""

    def run(text, folder=tmp_path, **variables):
        notebook = nbformat.reads(text, as_version=4)
        for name, value in server.shell_env(**variables).items():
            monkeypatch.setenv(name, value)
        resources = {"metadata": {"path": str(folder)}}
        NotebookClient(notebook, timeout=280, kernel_name="python3", resources=resources).execute()
        outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
        return "".join(output.get("text", "") for output in outputs)

    return run


def test_the_notebook_trains_and_deploys_what_it_defines(job, server, run_notebook):
    place = job["AutoMLJobArtifacts"]["CandidateDefinitionNotebookLocation"]
    told = run_notebook(read(server, place).decode(), WINDVANE_NOTEBOOK_DEPLOY="1")
    assert "dpp0-lightgbm-1  F1  0." in told
    assert "The job has trained no candidates" in told
    sagemaker = server.client("sagemaker")
    [endpoint] = sagemaker.list_endpoints(NameContains=f"{JOB}-definitions")["Endpoints"]
    assert endpoint["EndpointStatus"] == "InService"
    sagemaker.delete_endpoint(EndpointName=endpoint["EndpointName"])


@pytest.mark.long
def test_the_notebook_of_a_job_runs_its_best_candidate_again(server, run_notebook):
    job, notebook = small_job(server, "small-again", 5)
    best = job["BestCandidate"]
    image = best["InferenceContainers"][1]["Image"]
    assert "windvane-ensemble" in image
    sagemaker = server.client("sagemaker")
    trained = sagemaker.describe_training_job(TrainingJobName=best["CandidateName"])
    wanted = f"validation:{best['FinalAutoMLJobObjectiveMetric']['MetricName']}"
    metrics = trained["FinalMetricDataList"]
    [score] = [one["Value"] for one in metrics if one["MetricName"] == wanted]
    told = run_notebook(notebook)
    assert f"{best['CandidateName']}: {score!r} in the job, {score!r} now (" in told


@pytest.mark.long
def test_the_notebook_of_a_command_runs_on_ones_own_machine(tmp_path, run_notebook):
    train, out = tmp_path / "train.csv", tmp_path / "out"
    train.write_bytes(table(of_classes=True))
    asked = ["--target", "y", "--max-candidates", "4", "--max-runtime", "100", "--json"]
    made = subprocess.run(
        [BIN / "windvane", "automl", train, *asked, "--out", out], check=True, capture_output=True
    )
    document = json.loads(made.stdout)
    assert document["definitions"] == {
        "folder": str(out / "definitions"),
        "state": "written",
        "note": "",
    }
    moved = out.rename(tmp_path / "moved")
    notebooks = moved / "definitions" / "notebooks"
    [file] = notebooks.iterdir()
    told = run_notebook(file.read_text(), notebooks)
    best = json.loads((moved / "leaderboard.json").read_text())["candidates"][0]
    score = outcome_from_json(best["outcome"]).ranked_by(MetricName.F1)
    assert f"{best['index']}: {score!r} in the job, {score!r} now (" in told
