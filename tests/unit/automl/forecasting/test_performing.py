"""The actions of a forecasting job, each in a folder of its own that has what it reads and nothing else."""

import json
import time

import numpy as np
import pytest

from windvane.automl import names
from windvane.automl.exchange import SharedFolder
from windvane.automl.forecasting.actions import (
    Backtest,
    Combine,
    ForecastHistory,
    ForecastStep,
    PackForecaster,
    Prepare,
    RefitModel,
)
from windvane.automl.forecasting.documents import result_from_json, result_to_json
from windvane.automl.forecasting.leaderboard import rows_of
from windvane.automl.forecasting.performing import perform, prepare, run_task
from windvane.automl.forecasting.request import request_for
from windvane.automl.forecasting.task import forecast_task
from windvane.automl.forecasting.workflow import decide
from windvane.automl.request import Schedule
from windvane.automl.steps import Status
from windvane.automl.workflow import Phase
from windvane.domain.forecasting import ForecastMetric, ForecastSpec
from windvane.engine.data.analysis import ReadOptions, SourceFile
from windvane.engine.forecasting.forecaster import load_forecaster
from windvane.errors import CorruptArtifact, DataFault

SPEC = ForecastSpec(target="y", timestamp="t", item_id="item", horizon=4)
ALGORITHMS = ("theta", "linear")


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """Three daily series with a week's season."""
    random = np.random.default_rng(0)
    days = np.arange("2024-01-01", "2024-04-10", dtype="datetime64[D]")
    lines = ["item,t,y"]
    for item, level in (("a", 10.0), ("b", 50.0), ("c", 200.0)):
        y = level * (1 + 0.3 * np.sin(np.arange(len(days)) * 2 * np.pi / 7))
        y += random.normal(size=len(days)) * level / 20
        lines += [f"{item},{day},{value:.3f}" for day, value in zip(days, y, strict=True)]
    file = tmp_path_factory.mktemp("rows") / "rows.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def options(folder):
    return ReadOptions(scratch=folder, min_rows=1)


class Apart:
    """Does a job whose tasks are each done in a folder of their own."""

    def __init__(self, folder, rows):
        self.folder, self.rows, self.n_done = folder, rows, 0
        now = time.time()
        times = Schedule(now, now + 600, now + 600, now + 610)
        self.request = request_for(SPEC.objective, times, 1, ALGORITHMS)
        self.history, self.store = ForecastHistory(), folder / "store"

    def run(self):
        while (decision := self._decide()).phase is not Phase.DONE:
            for action in decision.begin:
                told = json.loads(json.dumps(result_to_json(self._do(action))))
                step = ForecastStep(
                    action, Status.DONE, time.time(), time.time(), result_from_json(told)
                )
                self.history = self.history.with_step(step)
        return self

    def _decide(self):
        return decide(self.request, self.history, time.time(), room=1)

    def _do(self, action):
        self.n_done += 1
        own = self.folder / str(self.n_done)
        own.mkdir(parents=True)
        task = forecast_task(action, self.request, self.history, time.time(), 2000, 2000)
        for name in task.reads:
            self._copy(name, self.store, own)
        before = set(names.names_in(own))
        assert before == set(task.reads), "what it was given"
        if isinstance(action, Prepare):
            file = SourceFile(self.rows, "rows.csv")
            result = prepare([file], options(self.folder), SPEC, own)
        else:
            result = perform(task, own, SPEC.objective)
        left = set(names.names_in(own)) - before
        assert left == set(task.writes), "what it left"
        for name in left:
            self._copy(name, own, self.store)
        return result

    def _copy(self, name, source, into):
        for path in names.files_of(source, name):
            (into / path).parent.mkdir(parents=True, exist_ok=True)
            (into / path).write_bytes((source / path).read_bytes())


@pytest.fixture(scope="module")
def job(rows, tmp_path_factory):
    return Apart(tmp_path_factory.mktemp("apart"), rows).run()


def test_each_action_finds_what_it_reads_and_leaves_what_it_says(job):
    kinds = {type(step.action) for step in job.history.steps}
    assert kinds == {Prepare, Backtest, Combine, RefitModel, PackForecaster}
    prepared = job.history.step("series").result
    assert (prepared.series.n_series, prepared.series.n_values) == (3, 300)
    assert prepared.series.frequency == "D"


def test_what_is_packed_answers(job):
    forecaster, _ = load_forecaster(job.store / "best")
    assert forecaster.forecast().mean.shape == (3, 4)
    assert {one.name for one in forecaster.members} == set(job.history.weights)


def test_the_leaderboard_has_the_floor_and_the_average(job):
    rows = rows_of(job.history, ForecastMetric.WQL)
    assert {row.name for row in rows} == {"seasonal-naive", *ALGORITHMS, "ensemble"}
    assert all(row.outcome is not None for row in rows)
    losses = [row.outcome.loss(ForecastMetric.WQL) for row in rows]
    assert losses == sorted(losses)


def test_what_was_left_of_an_earlier_attempt_goes(rows, tmp_path):
    for _ in range(2):
        result = prepare([SourceFile(rows, "rows.csv")], options(tmp_path), SPEC, tmp_path)
    assert result.series.n_series == 3


def test_a_task_that_lacks_what_it_reads_says_so(tmp_path):
    request = request_for(SPEC.objective, Schedule(0.0, 1.0, 1.0, 2.0), 1)
    task = forecast_task(Backtest("theta"), request, ForecastHistory(), 0.0, 1, 1)
    with pytest.raises(CorruptArtifact, match="'series' is not there"):
        run_task(task, SharedFolder(tmp_path), SPEC.objective)


def test_rows_of_which_nothing_can_be_learned_are_refused(tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text("item,t,y\na,2024-01-01,1\n")
    with pytest.raises(DataFault):
        prepare([SourceFile(file, "rows.csv")], options(tmp_path), SPEC, tmp_path)
