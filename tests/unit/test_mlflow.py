"""A job in MLflow, read with MLflow's own client."""

import importlib
import json
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow_serving import served

from windvane import AutoForecast, AutoML
from windvane.cli.main import main
from windvane.engine.packages.tarball import pack
from windvane.errors import InvalidRequest
from windvane.mlflow import load_saved, log_automl, log_forecast

PAGE = Path(__file__).resolve().parents[2] / "docs" / "mlflow.md"

pytestmark = pytest.mark.filterwarnings("ignore:::mlflow.*", "ignore:::pydantic.*")


def commands():
    """The commands of the page, by their first two words."""
    [block] = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    words = [line.split() for line in block.replace("\\\n", " ").splitlines()]
    return {" ".join(one[:2]): one for one in words if one}


@pytest.fixture(scope="module")
def mlflow():
    return importlib.import_module("mlflow")


@pytest.fixture(scope="module")
def model():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"a": rng.normal(size=120), "zip": rng.choice(["N1", "S2"], 120)})
    noise = rng.normal(size=120) / 2
    rows["y"] = np.where(rows["a"] + (rows["zip"] == "N1") + noise > 0.5, "yes", "no")
    return AutoML("y", max_candidates=2, max_runtime_s=300, threads=1).fit(rows)


@pytest.fixture(scope="module")
def tracking_uri(tmp_path_factory):
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow')}/mlflow.db"


@pytest.fixture(scope="module")
def client(mlflow, tracking_uri):
    return mlflow.MlflowClient(tracking_uri)


@pytest.fixture(scope="module")
def logged(model, client, tracking_uri, tmp_path_factory):
    """The run of a job, in an experiment whose artefacts lie in a folder of the test."""
    client.create_experiment("first", str(tmp_path_factory.mktemp("artefacts")))
    run_id = log_automl(model, tracking_uri=tracking_uri, experiment="first", run_name="churn")
    return client.get_run(run_id)


@pytest.mark.long
def test_the_run_of_a_job_has_its_parameters_and_the_metrics_of_its_best(model, logged):
    best = model.leaderboard().iloc[0]
    assert logged.info.run_name == "churn"
    assert logged.info.status == "FINISHED"
    assert logged.data.params["target"] == "y"
    assert logged.data.params["objective"] == model.analysis.objective
    assert logged.data.metrics["score"] == pytest.approx(best["score"])
    assert logged.data.metrics["standard_error"] == pytest.approx(best["standard_error"])


@pytest.mark.long
def test_each_candidate_is_a_run_below_it(model, client, logged):
    below = client.search_runs(
        [logged.info.experiment_id], f"tags.`mlflow.parentRunId` = '{logged.info.run_id}'"
    )
    board = model.leaderboard().set_index("candidate")
    index_of = {run.info.run_id: int(run.info.run_name.split()[0]) for run in below}
    assert set(index_of.values()) == set(board.index)
    for run in below:
        of = board.loc[index_of[run.info.run_id]]
        assert run.data.params["algorithm"] == of["algorithm"]
        assert run.data.metrics["score"] == pytest.approx(of["score"])
    assert max(len(run.data.params) for run in below) > 2  # hyperparameters


@pytest.mark.long
def test_mlflow_loads_the_model_and_unpickles_nothing(mlflow, model, client, logged, tmp_path):
    folder = client.download_artifacts(logged.info.run_id, "model", str(tmp_path))
    flavour = mlflow.models.Model.load(folder).flavors["python_function"]
    assert flavour["loader_module"] == "windvane.mlflow"
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".pkl", ".pickle")]
    rows = pd.DataFrame({"a": [2.0, -2.0], "zip": ["N1", "S2"]})
    answers = mlflow.pyfunc.load_model(folder).predict(rows)
    assert answers["prediction"].tolist() == ["yes", "no"]
    np.testing.assert_array_equal(
        answers[["probability_no", "probability_yes"]], model.predict_proba(rows)
    )


@pytest.mark.long
def test_the_commands_of_the_page_log_and_serve(
    client, tracking_uri, tmp_path, capsys, monkeypatch
):
    """In the order of the page; where they name a place, with one of the test's."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"a": rng.normal(size=80), "zip": rng.choice(["N1", "S2"], 80)})
    rows.assign(y=rows["a"] + rng.normal(size=80) / 2 > 0).to_csv("train.csv", index=False)
    client.create_experiment("churn", str(tmp_path / "artefacts"))
    told = commands()
    assert main([*told["windvane automl"][1:], "--max-candidates", "1"]) == 0
    capsys.readouterr()
    words = told["windvane mlflow"]
    assert words[-2:] == ["--experiment", "churn"]
    uri = words.index("--tracking-uri") + 1
    assert main([*words[1:uri], tracking_uri, *words[uri + 1 :]]) == 0
    run_id = capsys.readouterr().out.strip()
    run = client.get_run(run_id)
    assert (run.info.run_name, run.data.params["target"]) == ("job", "y")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracking_uri)
    body = {"dataframe_records": [{"a": 2.0, "zip": "N1"}, {"a": -2.0, "zip": "S2"}]}
    with served([word.replace("RUN_ID", run_id) for word in told["mlflow models"]]) as post:
        answer = post("/invocations", json.dumps(body))
    assert [one["prediction"] for one in answer["predictions"]] == [True, False]

    [code] = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    names = {"train": "train.csv"}
    exec(code.replace("max_runtime_s=60", "max_candidates=1"), names)
    assert client.get_run(names["run_id"]).info.run_name == "first try"


@pytest.mark.long
def test_a_forecast_is_logged_and_loaded_by_mlflow(mlflow, client, tracking_uri, tmp_path, capsys):
    """By the command, from a saved folder, and by the library."""
    days = pd.date_range("2024-01-01", periods=60, freq="D")
    sales = 10 + 3 * np.sin(2 * np.pi * np.arange(60) / 7)
    frame = pd.DataFrame({"shop": "a", "day": days, "sales": sales})
    model = AutoForecast("sales", "day", "shop", horizon=3, max_runtime_s=10, threads=1).fit(frame)
    model.save(tmp_path / "sales")
    client.create_experiment("forecasts", str(tmp_path / "artefacts"))
    place = ["--tracking-uri", tracking_uri, "--experiment", "forecasts"]
    assert main(["mlflow", str(tmp_path / "sales"), *place]) == 0
    by_library = log_forecast(model, tracking_uri=tracking_uri, experiment="forecasts")
    board = model.leaderboard()
    for run_id in (capsys.readouterr().out.strip(), by_library):
        run = client.get_run(run_id)
        assert (run.info.status, run.data.params["horizon"]) == ("FINISHED", "3")
        [best] = board[board.model == run.data.params["candidate"]].to_dict("records")
        objective = run.data.params["objective"]
        assert run.data.metrics[objective] == pytest.approx(best[objective])
        below = client.search_runs(
            [run.info.experiment_id], f"tags.`mlflow.parentRunId` = '{run_id}'"
        )
        assert {one.info.run_name for one in below} == set(board.model)
        folder = client.download_artifacts(run_id, "model", str(tmp_path))
        made = mlflow.pyfunc.load_model(folder).predict(pd.DataFrame())
        pd.testing.assert_frame_equal(made, model.predict())
    archive = tmp_path / "served" / "forecaster" / "model.tar.gz"
    archive.parent.mkdir(parents=True)
    pack(tmp_path / "sales", archive)
    pd.testing.assert_frame_equal(load_saved(tmp_path / "served").predict(), model.predict())


@pytest.mark.long
def test_a_job_whose_model_cannot_be_stored_is_a_failed_run(model, client, tracking_uri, tmp_path):
    (tmp_path / "file").write_text("no folder")
    experiment = client.create_experiment("full", str(tmp_path / "file" / "artefacts"))
    with pytest.raises(OSError, match="Not a directory"):
        log_automl(model, tracking_uri=tracking_uri, experiment="full")
    [run] = client.search_runs([experiment])
    assert run.info.status == "FAILED"
    assert "Not a directory" in run.data.tags["mlflow.note.content"]


def test_without_mlflow_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(InvalidRequest, match=r"pip install 'windvane\[mlflow\]'"):
        log_automl(AutoML("y"))
