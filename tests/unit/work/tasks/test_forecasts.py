"""What a task of a forecasting job does in its process; tests/contracts/test_separate_forecasts.py does whole jobs."""

import json
import time
from dataclasses import replace
from datetime import date, timedelta

import pytest
from unit.engine.forecasting.conftest import CHRONOS_BOLT
from unit.work.world import START, make_job

from windvane.artifacts.base import Location
from windvane.artifacts.local import LocalArtifacts
from windvane.automl.exchange import SharedFolder
from windvane.automl.forecasting.actions import Backtest, Combine, RefitModel
from windvane.automl.forecasting.task import reads, writes
from windvane.automl.limits import Limits
from windvane.automl.names import judged
from windvane.automl.task import ActionTask, Resources
from windvane.domain.forecasting import ForecastMetric, ForecastSpec
from windvane.domain.frequency import Frequency
from windvane.domain.task import Task, TaskKind
from windvane.engine.forecasting.forecaster import load_forecaster
from windvane.engine.packages.tarball import unpack
from windvane.errors import CandidateFault, DataFault, JobFault
from windvane.work.allowance import TaskAllowance
from windvane.work.jobs.forecast_workflow import task_of
from windvane.work.tasks import forecasts
from windvane.work.tasks.stage_context import StageContext
from windvane.work.tasks.stages import perform
from windvane.work.workspace import Keys, workspace_of

SPEC = ForecastSpec(
    target="y", timestamp="t", item_id="item", horizon=2, frequency=Frequency.parse("1D")
)


def rows(value=lambda day: day, n_days=28):
    days = (date(2024, 1, 1) + timedelta(days=day) for day in range(n_days))
    lines = [f"a,{day},{value(number)}" for number, day in enumerate(days)]
    return "\n".join(["item,t,y", *lines]).encode()


class Bench:
    """A job in a folder; the data are in the store of artefacts."""

    def __init__(self, folder, data, spec=SPEC, chronos_bolt=None):
        self.chronos_bolt = chronos_bolt
        self.job = make_job(forecast=spec, is_counted=False)
        self.folder, self.artifacts = folder, LocalArtifacts(folder / "objects")
        self.artifacts.ensure_bucket("bucket")
        self.artifacts.write(Location("bucket", "train/t.csv"), data)

    def prepare(self):
        return self.perform(TaskKind.ANALYZE, {})

    def do(self, action, index=None, further=()):
        new, limits = task_of(action, index), Limits(time.time() + 60, time.time() + 60)
        told = ActionTask(
            action, (*reads(action), *further), writes(action), Resources(1024), limits
        )
        return self.perform(new.kind, new.payload, told)

    def perform(self, kind, payload, action=None, time_s=60):
        task = Task(
            id=1, job_arn=self.job.arn, key=str(kind), kind=kind, payload=payload, created=START
        )
        context = StageContext(
            job=self.job,
            task=task,
            exchange=SharedFolder(workspace_of(self.folder, self.job).folder),
            stop_at=time.time() + time_s,
            allowance=TaskAllowance(
                lambda: self.artifacts, 1, 1024, 10**9, 100, chronos_bolt=self.chronos_bolt
            ),
            action=action,
        )
        return json.loads(json.dumps(perform(context)))


def test_a_backtest_tells_its_outcome_and_the_size_of_what_answers(tmp_path):
    bench = Bench(tmp_path, rows())
    assert bench.prepare()["series"]["n_values"] == 28
    result = bench.do(Backtest("theta"), 1)
    assert result["outcome"]["name"] == "theta"
    assert result["n_bytes"] == bench.artifacts.info(Keys(bench.job).whole(1)).size > 0
    assert bench.artifacts.info(Keys(bench.job).backtests(1) / "windows.csv") is not None


def test_weights_of_the_server_are_tried_and_packed_with_what_answers(tmp_path):
    bench = Bench(tmp_path / "job", rows(), chronos_bolt=str(CHRONOS_BOLT))
    assert "chronos-bolt" in bench.prepare()["suited"]
    bench.do(Backtest("chronos-bolt"), 1)
    archive = tmp_path / "model.tar.gz"
    archive.write_bytes(bench.artifacts.read(Keys(bench.job).whole(1)))
    unpack(archive, tmp_path / "package")
    [member] = load_forecaster(tmp_path / "package")[0].members
    assert member.name == "chronos-bolt"


def test_without_weights_there_is_no_pretrained_model(tmp_path):
    assert "chronos-bolt" not in Bench(tmp_path, rows()).prepare()["suited"]


def test_an_average_is_packed_with_its_members(tmp_path):
    bench = Bench(tmp_path, rows(lambda day: 5 + day % 7 + day % 3, n_days=150))
    bench.prepare()
    for index, model in enumerate(("seasonal-naive", "linear"), start=1):
        bench.do(Backtest(model), index)
    result = bench.do(Combine(("seasonal-naive", "linear")), 3)
    assert sum(result["weights"].values()) == pytest.approx(1)
    assert bench.do(RefitModel("linear")) == {}


def test_a_model_whose_objective_is_not_defined_is_refused(tmp_path):
    spec = replace(SPEC, objective=ForecastMetric.MAPE)
    bench = Bench(tmp_path, rows(lambda _: 0), spec)
    bench.prepare()
    with pytest.raises(CandidateFault, match="MAPE is not defined"):
        bench.do(Backtest("seasonal-naive"), 1)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"item,t,y\na,2024-01-01,1\n", "single step"),
        (b"item,t,y\na,2024-01-01,\na,2024-01-02,\n", "no value"),
        (b"item,t,z\na,2024-01-01,1\n", "'y'"),
        (b"item,t,y\na,soon,1\na,later,2\n", "'t'"),
        (rows(n_days=7), "at most a quarter of the time steps in the data, which is 1"),
    ],
)
def test_rows_of_which_nothing_can_be_learned_are_the_datas_fault(tmp_path, data, told):
    with pytest.raises(DataFault, match=told):
        Bench(tmp_path, data).prepare()


def test_of_large_series_only_a_model_that_is_the_best_so_far_is_packed(tmp_path, monkeypatch):
    monkeypatch.setattr(forecasts, "_SMALL_BYTES", 0)
    bench = Bench(tmp_path, rows(lambda day: 3 * day))
    bench.prepare()
    first = bench.do(Backtest("seasonal-naive"), 1)
    best = bench.do(Backtest("drift"), 2, further=judged("seasonal-naive")[:1])
    worse = bench.do(Backtest("npts"), 3, further=judged("drift")[:1])
    assert ["n_bytes" in one for one in (first, best, worse)] == [True, True, False]
    assert bench.artifacts.info(Keys(bench.job).whole(3)) is None
    assert bench.artifacts.info(Keys(bench.job).backtests(3) / "metrics.json") is not None
    average = bench.do(Combine(("seasonal-naive", "drift", "npts")), 4)
    assert average["n_bytes"] > 0


def test_models_that_are_not_kept_are_deleted(tmp_path):
    bench = Bench(tmp_path, rows())
    location = Keys(bench.job).whole(1)
    bench.artifacts.write(location, b"model")
    bench.perform(TaskKind.RETAIN, {"objects": [str(location)]})
    assert bench.artifacts.info(location) is None


def test_an_output_that_cannot_be_written_is_found_before_the_data_are_read(tmp_path):
    bench = Bench(tmp_path, b"nonsense")
    output = replace(bench.job.spec.output, uri="s3://elsewhere/out")
    bench.job = replace(bench.job, spec=replace(bench.job.spec, output=output))
    with pytest.raises(JobFault, match="cannot be written"):
        bench.prepare()


def test_reports_on_series_and_backtests_go_to_s3(tmp_path):
    bench = Bench(tmp_path, rows(lambda day: 10 + day % 7))
    bench.prepare()
    models = ("seasonal-naive", "theta")
    for index, name in enumerate(models, start=1):
        bench.do(Backtest(name), index)
    bench.do(Combine(models), 3)
    keys = Keys(bench.job)
    explored = bench.perform(TaskKind.EXPLORE, {})
    assert explored["notebook"].endswith("SageMakerAutopilotDataExplorationNotebook.ipynb")
    page = keys.notebooks / "SageMakerAutopilotDataExplorationNotebook.html"
    assert bench.artifacts.info(page) is not None
    told = {"index": 3, "models": list(models), "has_ensemble": True, "answering": "ensemble"}
    judged = bench.perform(TaskKind.INSIGHTS, told)
    assert judged == {"prefix": str(keys.insights)}
    into = keys.insights / keys.candidate_name(3)
    figures = json.loads(bench.artifacts.read(into / "figures.json"))
    assert figures["model"] == "ensemble"
    assert figures["fans"][0]["ahead"] is None, "what answers was not packed"
    assert bench.artifacts.info(into / "report.html") is not None


def test_without_time_to_draw_it_a_report_is_what_pages_need(tmp_path):
    bench = Bench(tmp_path, rows())
    bench.prepare()
    bench.do(Backtest("theta"), 1)
    told = {"index": 1, "models": ["theta"], "has_ensemble": False, "answering": "theta"}
    bench.perform(TaskKind.INSIGHTS, told, time_s=0.5)
    into = Keys(bench.job).insights / Keys(bench.job).candidate_name(1)
    assert bench.artifacts.info(into / "figures.json") is not None
    assert bench.artifacts.info(into / "report.html") is None
