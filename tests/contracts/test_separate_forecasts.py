"""Forecasting jobs of the service whose tasks each have a folder with what they read, and nothing else: they come to the leaderboard of
the library, to the last digit."""

import csv
import io
import json
import time
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from contracts.service_tasks import begun
from unit.work.world import make_job

from windvane.artifacts.base import parse_location
from windvane.automl.forecast_estimator import AutoForecast
from windvane.automl.forecasting.job import ForecastJob
from windvane.automl.forecasting.leaderboard import ForecastRow, rows_of
from windvane.automl.local.run_job import run_process
from windvane.domain.candidate import CandidateStatus, ProcessingJob
from windvane.domain.forecasting import ForecastSpec
from windvane.domain.frequency import Frequency
from windvane.domain.job import JobStatus
from windvane.domain.reports import inputs_of_forecast, report_request
from windvane.domain.task import Task, TaskKind, TaskStatus
from windvane.engine.data.analysis import SourceFile
from windvane.engine.forecasting.forecaster import load_forecaster
from windvane.engine.manifest import read_json
from windvane.engine.packages.tarball import unpack
from windvane.testing.separate_tasks import RUNTIME_S
from windvane.work.allowance import TaskAllowance
from windvane.work.exchange import InFolder
from windvane.work.jobs import forecasting
from windvane.work.layout import FORECAST_LAYOUT
from windvane.work.tasks.processing import process
from windvane.work.tasks.step_context import StepContext
from windvane.work.workspace import Workspace

SPEC = ForecastSpec(
    target="y", timestamp="t", item_id="item", horizon=5, frequency=Frequency.parse("1D")
)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Four daily series with a week's season, of different levels and lengths."""
    random = np.random.default_rng(0)
    lines = ["item,t,y"]
    for number, level in enumerate((10.0, 50.0, 200.0, 5.0)):
        days = np.arange("2024-01-01", "2024-04-20", dtype="datetime64[D]")[number * 9 :]
        y = level * (1 + 0.3 * np.sin(np.arange(len(days)) * 2 * np.pi / 7) + 0.002 * number)
        y += random.normal(size=len(days)) * level / 20
        lines += [f"{number},{day},{value:.3f}" for day, value in zip(days, y, strict=True)]
    file = tmp_path_factory.mktemp("table") / "table.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


SOME = ("ets", "npts", "linear")


@pytest.fixture(
    scope="module",
    params=[pytest.param(SOME, id="some"), pytest.param((), id="all", marks=pytest.mark.long)],
)
def algorithms(request):
    return request.param


@pytest.fixture(scope="module")
def service(algorithms, table, tmp_path_factory):
    job = make_job(is_counted=False, forecast=SPEC, algorithms=algorithms)
    tasks = begun(tmp_path_factory.mktemp("service"), job, table, 250)
    tasks.run()
    return tasks


def timeless(rows):
    """Rows without what differs from one time to the next."""
    return [replace(row, outcome=row.outcome and replace(row.outcome, fit_s=0.0)) for row in rows]


def test_the_service_comes_to_the_leaderboard_of_the_library(service, algorithms, table, tmp_path):
    job = ForecastJob(
        file=SourceFile(table, table.name),
        format="csv",
        compression="None",
        spec=SPEC,
        started=time.time(),
        max_runtime_s=RUNTIME_S,
        threads=2,
        memory_mb=4000,
        out=tmp_path,
        algorithms=algorithms,
    )
    run_process(
        "windvane.automl.forecasting.job_process", tmp_path / "log", lambda: job, lambda _: None
    )
    document = read_json(job.folders.package / "leaderboard.json")
    library = [ForecastRow.from_json(one) for one in document["candidates"]]
    assert service.state.job.status is JobStatus.COMPLETED, service.state.job.failure
    rows = rows_of(forecasting.history(service.state, datetime.now(UTC)), SPEC.objective)
    assert timeless(rows) == timeless(library)


def test_every_model_and_the_average_are_candidates(service, algorithms):
    candidates = service.state.candidates
    names = {candidate.algorithm for candidate in candidates}
    assert {"seasonal-naive", *(algorithms or ("theta", "boosted-levels")), "ensemble"} <= names
    assert {candidate.status for candidate in candidates} == {CandidateStatus.COMPLETED}
    best = service.state.best
    assert best.algorithm == "ensemble"
    assert set(best.members) < {candidate.name for candidate in candidates}
    assert sum(best.members.values()) == pytest.approx(1)
    kinds = {task.kind for task in service.state.tasks if task.status is TaskStatus.DONE}
    assert kinds == {
        TaskKind.ANALYZE,
        TaskKind.EXPLORE,
        TaskKind.EXPLAIN,
        TaskKind.INSIGHTS,
        TaskKind.TRAIN,
        TaskKind.ENSEMBLE,
        TaskKind.REFIT,
        TaskKind.PACK,
    }


def keys(service):
    root = parse_location(service.job.output_root) / ""
    listed = service.artifacts.list(root)
    return {info.location.key.removeprefix(root.key) for info in listed}


def test_what_is_in_s3_is_what_is_documented(service):
    paths = keys(service)
    for path in paths:
        assert sum(artefact.matches(path) for artefact in FORECAST_LAYOUT) == 1, path
    assert all(any(one.matches(path) for path in paths) for one in FORECAST_LAYOUT)


def test_every_candidate_has_a_package_that_answers(service, tmp_path):
    for candidate in service.state.candidates:
        (container,) = candidate.containers
        archive, folder = tmp_path / "model.tar.gz", tmp_path / candidate.name
        service.artifacts.download(parse_location(container.model_data_url), archive)
        assert candidate.size_bytes == archive.stat().st_size
        unpack(archive, folder)
        forecaster, _ = load_forecaster(folder)
        forecast = forecaster.forecast()
        assert forecast.mean.shape == (4, SPEC.horizon)
        assert np.isfinite(forecast.quantiles).all()
        assert len(forecaster.members) == max(1, len(candidate.members))


def test_the_library_loads_what_the_service_has_made(service, tmp_path):
    (container,) = service.state.best.containers
    archive, folder = tmp_path / "model.tar.gz", tmp_path / "best"
    service.artifacts.download(parse_location(container.model_data_url), archive)
    unpack(archive, folder)
    loaded = AutoForecast.load(folder)
    made = loaded.predict()
    assert len(made) == 4 * SPEC.horizon
    assert list(made.columns)[-3:] == ["p10", "p50", "p90"]
    board = loaded.leaderboard()
    scores = dict(zip(board["model"], board[str(SPEC.objective)], strict=True))
    assert scores == {one.algorithm: one.score for one in service.state.candidates}
    weights = dict(zip(board["model"], board["weight"], strict=True))
    by_name = {one.name: one.algorithm for one in service.state.candidates}
    for name, weight in service.state.best.members.items():
        assert weights[by_name[name]] == pytest.approx(weight)


def test_backtests_of_a_candidate_give_its_score(service):
    for candidate in service.state.candidates:
        prefix = parse_location(candidate.backtest_results)
        told = json.loads(service.artifacts.read(prefix / "metrics.json"))
        metric = str(SPEC.objective)
        assert told["metrics"][metric] == candidate.score
        text = service.artifacts.read(prefix / "windows.csv").decode()
        rows = list(csv.DictReader(io.StringIO(text)))
        assert {row["item_id"] for row in rows} == {"0", "1", "2", "3"}
        assert {row["window"] for row in rows} == {str(one["window"]) for one in told["windows"]}
        actual = np.array([float(row["actual"]) for row in rows])
        losses = []
        for level in SPEC.quantiles:
            error = actual - np.array([float(row[f"p{round(100 * level)}"]) for row in rows])
            losses.append(2 * np.maximum(level * error, (level - 1) * error).sum())
        assert np.mean(losses) / np.abs(actual).sum() == pytest.approx(candidate.score)


def test_what_was_found_in_the_series_is_told(service):
    found = json.loads(
        service.artifacts.read(
            parse_location(f"{service.job.output_root}/preprocessed-data/series/findings.json")
        )
    )
    assert (found["n_series"], found["frequency"]) == (4, "D")
    assert found["n_findings"] == len(found["findings"])


def reports_on(service, candidate, folder):
    """Have the reports on a candidate made by a processing job; files by path."""
    inputs = inputs_of_forecast(service.job, candidate)
    request = report_request(service.job, candidate, inputs, "reports-1")
    now = datetime.now(UTC)
    made_by = ProcessingJob(
        scope=service.job.scope, name="reports-1", created=now, modified=now, details=request
    )
    task = Task(id=1, job_arn=made_by.arn, kind=TaskKind.STEP, key="step", payload={}, created=now)
    allowance = TaskAllowance(lambda: service.artifacts, 1, 4000, 10**9, 100)
    stop_at = time.time() + RUNTIME_S
    process(StepContext(made_by, task, Workspace(folder), InFolder(folder), stop_at, allowance))
    root = parse_location(service.job.output_root) / ""
    return {
        info.location.key.removeprefix(root.key): info.location
        for info in service.artifacts.list(root)
        if f"/output/{candidate.name}/" in info.location.key
    }


def test_any_candidate_gets_its_reports_on_demand(service, tmp_path):
    naive = next(one for one in service.state.candidates if one.algorithm == "seasonal-naive")
    reported = reports_on(service, naive, tmp_path)
    names = {path.rpartition("/")[2] for path in reported}
    assert {"analysis.json", "figures.json", "report.html", "report.pdf"} <= names
    assert len(reported) == (4 + 3) + (1 + 3)
    (of_backtests,) = (
        json.loads(service.artifacts.read(location))
        for path, location in reported.items()
        if "model_monitor" in path and path.endswith("figures.json")
    )
    assert of_backtests["model"] == "seasonal-naive"
    scores = {one.algorithm: one.score for one in service.state.candidates}
    told = {one["name"]: one["metrics"][str(SPEC.objective)] for one in of_backtests["models"]}
    assert told == scores


def test_the_best_candidate_says_what_its_forecasts_are_made_of(service):
    best = service.state.best
    location = parse_location(best.explainability) / best.name / "figures.json"
    figures = json.loads(service.artifacts.read(location))
    assert figures["kind"] == "forecast-explanation"
    assert figures["model"] == "ensemble"
    assert len(figures["series"]) == 4
