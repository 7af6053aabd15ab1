import pytest

from windvane.automl.forecasting.request import request_for
from windvane.automl.request import Schedule
from windvane.domain.forecasting import ForecastMetric
from windvane.engine.forecasting.models.catalogue import FLOOR, MODELS

TIMES = Schedule(1000.0, 1056.0, 1056.0, 1060.0)


def asked(**changes):
    return request_for(ForecastMetric.MASE, TIMES, workers=2, **changes)


def test_all_models_are_tried_the_floor_first():
    assert asked().models == tuple(model.name for model in MODELS)
    assert asked().n_models == len(MODELS)
    assert asked().models[0] == FLOOR.name


def test_the_floor_is_tried_whatever_was_asked_for():
    assert asked(algorithms=("ets", "npts")).models == (FLOOR.name, "ets", "npts")


def test_a_single_candidate_is_no_floor():
    request = asked(max_candidates=1)
    assert request.models[0] != FLOOR.name
    assert request.models[-1] == FLOOR.name
    assert asked(max_candidates=1, algorithms=(FLOOR.name,)).models == (FLOOR.name,)


@pytest.mark.parametrize(("asked_for", "models", "has_ensemble"), [(1, 1, 0), (2, 2, 0), (3, 2, 1)])
def test_an_average_counts_among_the_candidates(asked_for, models, has_ensemble):
    request = asked(max_candidates=asked_for)
    assert (request.n_models, request.has_place_for_ensemble) == (models, bool(has_ensemble))


def test_backtests_leave_time_to_learn_from_all_values():
    schedule = asked().schedule
    assert schedule.started < schedule.search_end < schedule.packing == TIMES.packing
    short = request_for(ForecastMetric.MASE, Schedule(0.0, 9.0, 9.0, 10.0), 1).schedule
    assert short.search_end / 9 > (schedule.search_end - 1000) / 56
