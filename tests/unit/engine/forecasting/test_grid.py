import numpy as np
import pytest

from windvane.domain.frequency import Frequency
from windvane.engine.forecasting.grid import Grid, infer_frequency
from windvane.errors import DataFault


def seconds(*texts):
    return np.array(texts, "datetime64[s]").astype(np.int64)


def of_one(frequency, times):
    grid = Grid.of(Frequency.parse(frequency), times, np.array([0]))
    return grid, np.zeros(len(times), np.int64)


@pytest.mark.parametrize(
    ("frequency", "texts"),
    [
        ("M", ["2020-01-01", "2020-02-01", "2020-03-01"]),
        ("M", ["2020-01-31", "2020-02-29", "2020-03-31"]),
        ("3M", ["2019-11-01", "2020-02-01", "2020-05-01"]),
        ("Y", ["2018-07-01", "2019-07-01", "2020-07-01"]),
        ("W", ["2020-01-02", "2020-01-09", "2020-01-16"]),
        ("D", ["2020-02-28T06:00", "2020-02-29T06:00", "2020-03-01T06:00"]),
        ("30min", ["2020-01-01T00:10", "2020-01-01T00:40", "2020-01-01T01:10"]),
    ],
)
def test_times_become_steps_and_the_same_times_again(frequency, texts):
    times = seconds(*texts)
    grid, series = of_one(frequency, times)
    steps = grid.steps(times, series)
    assert np.diff(steps).tolist() == [1, 1]
    assert grid.times(steps, series).tolist() == times.tolist()
    assert str(infer_frequency(times, np.array([0]))) == frequency


def test_times_that_do_not_agree_lie_in_steps_that_begin_at_midnight():
    times = seconds("2020-01-01T07:00", "2020-01-01T23:00", "2020-01-02T01:00")
    grid, series = of_one("D", times)
    assert np.diff(grid.steps(times, series)).tolist() == [0, 1]
    assert (
        grid.times(grid.steps(times[:1], series[:1]), series[:1]).tolist()
        == seconds("2020-01-01").tolist()
    )


def test_each_series_has_its_own_day_of_the_week():
    times = seconds("2020-01-01", "2020-01-08", "2020-01-03", "2020-01-10")
    series = np.array([0, 0, 1, 1])
    grid = Grid.of(Frequency.parse("W"), times, np.array([0, 2]))
    assert grid.times(grid.steps(times, series), series).tolist() == times.tolist()


def test_gaps_do_not_change_the_frequency_that_is_found():
    times = seconds("2020-01-01", "2020-01-02", "2020-01-05", "2020-01-06", "2020-01-07")
    assert str(infer_frequency(times, np.array([0]))) == "D"


def test_distances_without_a_common_measure_are_refused():
    rng = np.random.default_rng(0)
    times = np.sort(rng.integers(0, 10**7, 200))
    with pytest.raises(DataFault, match=r"cannot be found|no frequency says"):
        infer_frequency(times, np.array([0]))


def test_series_of_one_row_have_no_frequency():
    with pytest.raises(DataFault, match="no series has two different timestamps"):
        infer_frequency(seconds("2020-01-01", "2020-02-01"), np.array([0, 1]))
