"""What the actions of a forecasting job read and write: what one reads, another one before it writes."""

import json

import pytest

from windvane.automl import names
from windvane.automl.forecasting.actions import (
    Backtest,
    Combine,
    ForecastHistory,
    PackForecaster,
    Prepare,
    RefitModel,
)
from windvane.automl.forecasting.request import request_for
from windvane.automl.forecasting.task import forecast_task, reads, writes
from windvane.automl.request import Schedule
from windvane.automl.task import ActionTask
from windvane.domain.forecasting import ForecastMetric

ACTIONS = [
    Prepare(),
    Backtest("theta"),
    Backtest("boosted-trees"),
    Combine(("theta", "boosted-trees")),
    RefitModel("boosted-trees"),
    PackForecaster(("theta", "boosted-trees"), ("boosted-trees",), has_ensemble=True),
]
REQUEST = request_for(ForecastMetric.WQL, Schedule(1000.0, 1056.0, 1056.0, 1060.0), workers=2)


def task(action):
    return forecast_task(action, REQUEST, ForecastHistory(), 1001.0, 100, 200)


def test_what_an_action_reads_another_one_before_it_writes():
    there = set()
    for action in ACTIONS:
        assert set(reads(action)) <= there, action
        there |= set(writes(action))


@pytest.mark.parametrize("name", sorted({name for one in ACTIONS for name in writes(one)}))
def test_names_stand_for_files_of_a_folder(name, tmp_path):
    assert list(names.files_of(tmp_path, name)) == []
    assert not names.is_there(tmp_path, name)


@pytest.mark.parametrize("action", ACTIONS)
def test_a_task_is_the_same_after_json(action):
    assert ActionTask.from_json(json.loads(json.dumps(task(action).to_json()))) == task(action)


def test_what_reads_everything_has_all_of_the_memory():
    memory = {type(one): task(one).resources.memory_mb for one in ACTIONS}
    assert memory == {
        Prepare: 200,
        Backtest: 100,
        Combine: 200,
        RefitModel: 100,
        PackForecaster: 200,
    }
