"""A job of a server, logged to MLflow by the command and read by MLflow's own client."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from journeys.small import OF_CLASSES, trained

pytestmark = [
    pytest.mark.long,
    pytest.mark.filterwarnings("ignore:::mlflow.*", "ignore:::pydantic.*"),
]


def test_a_job_of_a_server_is_logged_by_name_and_its_model_answers(server, tmp_path):
    ended = trained(server, OF_CLASSES)
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    command = [str(Path(sys.executable).with_name("windvane")), "mlflow", OF_CLASSES]
    logged = subprocess.run(
        [*command, "--data-dir", str(server.folder), "--tracking-uri", uri],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert logged.returncode == 0, logged.stderr
    mlflow = importlib.import_module("mlflow")
    client = mlflow.MlflowClient(uri)
    run = client.get_run(logged.stdout.strip())
    assert run.info.run_name == OF_CLASSES
    assert run.data.params["job_arn"] == ended["AutoMLJobArn"]
    below = client.search_runs(
        [run.info.experiment_id], f"tags.`mlflow.parentRunId` = '{run.info.run_id}'"
    )
    listed = server.client("sagemaker").list_candidates_for_auto_ml_job(AutoMLJobName=OF_CLASSES)
    scores = {
        one["CandidateName"]: one["FinalAutoMLJobObjectiveMetric"]["Value"]
        for one in listed["Candidates"]
    }
    assert {one.info.run_name: one.data.metrics["score"] for one in below} == pytest.approx(
        scores, abs=1e-6
    )
    folder = client.download_artifacts(run.info.run_id, "model", str(tmp_path))
    row = {"a": 1.0, "colour": "red", "b": 1.0, "day": "2024-01-01"}
    answers = mlflow.pyfunc.load_model(folder).predict(pd.DataFrame([row]))
    assert answers["prediction"].tolist() == ["yes"]
