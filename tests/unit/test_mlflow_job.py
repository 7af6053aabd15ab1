"""A job is logged once, however many attempts it takes."""

import json
from dataclasses import asdict
from types import SimpleNamespace

import pytest
from recorded_mlflow import Recorded

from windvane import mlflow_job
from windvane.mlflow_job import ORDER, REPORTS, JobRun, Outcome, log_run, main, outcome_of
from windvane.mlflow_runs import Ending, LoggedCandidate

pytestmark = pytest.mark.filterwarnings("ignore:::mlflow.*", "ignore:::pydantic.*")

JOB = JobRun(
    "https://mlflow",
    "windvane",
    "churn",
    "0123",
    {},
    {"target": "y"},
    {"score": 0.5},
    (LoggedCandidate("a", {}, {"score": 0.5}), LoggedCandidate("b", {}, {}, "out of memory")),
)


def in_all(client):
    return sorted((run.name, run.status) for run in client.runs.values())


def test_an_order_is_read_as_it_was_written():
    assert JobRun.from_json(json.loads(json.dumps(asdict(JOB)))) == JOB


@pytest.mark.slow
def test_a_job_that_is_logged_is_not_logged_again(tmp_path):
    client = Recorded()
    run_id = log_run(client, JOB, tmp_path)
    assert in_all(client) == [("a", "FINISHED"), ("b", "FAILED"), ("churn", "FINISHED")]
    assert log_run(client, JOB, tmp_path) == run_id
    assert len(client.runs) == 3


def test_a_job_that_was_logged_in_part_is_completed(tmp_path):
    client = Recorded(("log_batch", "b", OSError("gone")))
    with pytest.raises(OSError, match="gone"):
        log_run(client, JOB, tmp_path)
    assert ("churn", "FAILED") in in_all(client)
    client.fails = ()
    log_run(client, JOB, tmp_path)
    assert in_all(client) == [("a", "FINISHED"), ("b", "FAILED"), ("churn", "FINISHED")]
    assert client.found()["b"] == ("FAILED", "out of memory")


class SeenLate(Recorded):
    """A client beside that of another server: what that makes meanwhile is older than what this one makes.

    other    the id of the other server's run; "" before there is one
    """

    other = ""

    def create_run(self, experiment_id, run_name, tags):
        if run_name == JOB.name:
            self.other = super().create_run(experiment_id, run_name, dict(tags)).info.run_id
        return super().create_run(experiment_id, run_name, tags)


def test_two_servers_that_log_a_job_at_the_same_moment_leave_one_run(tmp_path):
    client = SeenLate()
    run_id = log_run(client, JOB, tmp_path)
    assert run_id == client.other
    marked = [one for one, run in client.runs.items() if run.tags.get("windvane.job") == JOB.mark]
    assert marked == [run_id]
    assert client.runs[run_id].status == "FINISHED"
    below = [run for run in client.runs.values() if run.tags.get("mlflow.parentRunId") == run_id]
    assert sorted(run.name for run in below) == ["a", "b"]
    assert log_run(client, JOB, tmp_path) == run_id


def test_a_failed_job_is_a_failed_run_and_not_logged_again(tmp_path):
    client = Recorded()
    failed = JobRun(**{**vars(JOB), "ending": Ending("FAILED", "no rows")})
    assert log_run(client, failed, tmp_path) == log_run(client, failed, tmp_path)
    assert client.found()["churn"] == ("FAILED", "no rows")


def test_another_job_of_the_name_is_another_run(tmp_path):
    client = Recorded()
    again = JobRun(**{**vars(JOB), "mark": "4567"})
    assert log_run(client, JOB, tmp_path) != log_run(client, again, tmp_path)


def test_reports_are_artefacts(tmp_path):
    client = Recorded()
    (tmp_path / REPORTS).mkdir()
    log_run(client, JOB, tmp_path)
    assert client.artifacts == [REPORTS]


class Refusal(Exception):
    def __init__(self, code):
        super().__init__(f"https://me:secret@mlflow said {code}")
        self.get_http_status_code = lambda: code


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (OSError("no route"), Outcome.TRY_AGAIN),
        (Refusal(500), Outcome.TRY_AGAIN),
        (Refusal(401), Outcome.TRY_AGAIN),
        (Refusal(400), Outcome.REFUSED),
    ],
)
def test_what_is_mended_elsewhere_is_tried_again(tmp_path, monkeypatch, capsys, error, outcome):
    (tmp_path / ORDER).write_text(json.dumps(asdict(JOB)))

    def fail(_):
        raise error

    monkeypatch.setattr(mlflow_job, "import_mlflow", lambda: type("M", (), {"MlflowClient": fail}))
    assert main(tmp_path) == outcome == outcome_of(error)
    assert "secret" not in capsys.readouterr().out


def test_only_the_run_is_told_whatever_the_client_prints(tmp_path, monkeypatch, capsys):
    """MLflow's client prints links to the runs that it ends, if it asks a tracking server."""

    class Talking(Recorded):
        def set_terminated(self, run_id, *words, **named):
            print(f"View run at: https://mlflow/#/runs/{run_id}")
            super().set_terminated(run_id, *words, **named)

    client = Talking()
    asked = SimpleNamespace(MlflowClient=lambda uri: client)
    monkeypatch.setattr(mlflow_job, "import_mlflow", lambda: asked)
    (tmp_path / ORDER).write_text(json.dumps(asdict(JOB)), encoding="utf-8")
    assert main(tmp_path) is Outcome.LOGGED
    told = capsys.readouterr()
    [run_id] = told.out.splitlines()
    assert client.runs[run_id].name == "churn"
    assert "View run at" in told.err
