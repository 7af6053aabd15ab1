"""Jobs of a server on series and on texts, logged to MLflow by the command, loaded and served by MLflow."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from journeys.test_auto_ml_v2 import wait_for
from journeys.test_forecasting_job import CONFIG, HORIZON, begin, rows
from journeys.test_text_classification import created, rows_of, written
from mlflow_serving import served

SERIES, TEXTS = "mlflow-series", "mlflow-texts"

pytestmark = [
    pytest.mark.long,
    pytest.mark.filterwarnings("ignore:::mlflow.*", "ignore:::pydantic.*"),
]


@pytest.fixture(scope="module")
def ended(server):
    """Both jobs at their ends, which go on side by side."""
    begin(server, SERIES, rows(), CONFIG)
    texts = server.upload("mlflow-texts/sms.csv", written(rows_of("train")[:600]))
    created(server, TEXTS, texts)
    jobs = {name: wait_for(server, name)[0] for name in (SERIES, TEXTS)}
    assert {job["AutoMLJobStatus"] for job in jobs.values()} == {"Completed"}, jobs
    return jobs


def logged(server, name, folder):
    """The run that the command logs, and the folder of its model."""
    uri = f"sqlite:///{folder}/mlflow.db"
    command = [str(Path(sys.executable).with_name("windvane")), "mlflow", name]
    done = subprocess.run(
        [*command, "--data-dir", str(server.folder), "--tracking-uri", uri],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    client = importlib.import_module("mlflow").MlflowClient(uri)
    run = client.get_run(done.stdout.strip())
    return run, client.download_artifacts(run.info.run_id, "model", str(folder))


def test_a_forecasting_job_is_logged_and_its_forecaster_served(ended, server, tmp_path):
    run, folder = logged(server, SERIES, tmp_path)
    best = ended[SERIES]["BestCandidate"]
    assert run.data.params["job_arn"] == ended[SERIES]["AutoMLJobArn"]
    assert run.data.params["problem_type"] == "TimeSeriesForecasting"
    assert run.data.params["candidate"] == best["CandidateName"]
    assert run.data.metrics["score"] == pytest.approx(
        best["FinalAutoMLJobObjectiveMetric"]["Value"], rel=1e-4
    )
    assert not [one for one in Path(folder).rglob("*") if one.suffix in (".pkl", ".pickle")]
    words = ["mlflow", "models", "serve", "-m", folder, "--env-manager", "local"]
    with served(words) as post:
        body = {"dataframe_split": {"columns": [], "data": []}}
        forecast = post("/invocations", json.dumps(body))["predictions"]
    assert len(forecast) == 6 * HORIZON
    assert {one["item_id"] for one in forecast} == {"tea", "jam"}
    assert all(one["p10"] <= one["p50"] <= one["p90"] for one in forecast)


def test_a_job_on_texts_is_logged_and_its_model_answers(ended, server, tmp_path):
    run, folder = logged(server, TEXTS, tmp_path)
    assert run.data.params["candidate"] == ended[TEXTS]["BestCandidate"]["CandidateName"]
    mlflow = importlib.import_module("mlflow")
    held_out = rows_of("test")[:100]
    texts = pd.DataFrame({"text": [text for text, _ in held_out]})
    told = mlflow.pyfunc.load_model(folder).predict(texts)["prediction"]
    n_right = sum(one == kind for one, (_, kind) in zip(told, held_out, strict=True))
    assert n_right > 0.85 * len(held_out)
