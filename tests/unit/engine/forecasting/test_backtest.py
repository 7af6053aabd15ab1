import numpy as np
from unit.engine.forecasting.conftest import make_panel

from windvane.engine.forecasting.backtest import windows_of


def test_windows_follow_each_other_and_end_with_the_series(task):
    panel = make_panel([np.arange(60.0), np.arange(70.0)])
    windows = windows_of(panel, 6, 12, most=3)
    assert [one.back for one in windows] == [18, 12, 6]
    for one in windows:
        last = one.history.values[one.history.bounds[1:] - 1]
        assert np.array_equal(one.actual, last[:, None] + np.arange(1, 7))
        assert one.truth(task, (0.1, 0.9)).asked == (0, 2)


def test_no_window_knows_what_came_after_it():
    panel = make_panel(
        [np.arange(40.0)], known=np.arange(40.0)[:, None], future=np.empty((1, 0, 1))
    )
    one = windows_of(panel, 6, 12)[0]
    assert len(one.history.values) == 40 - one.back
    assert one.history.future[0, :, 0].tolist() == list(range(40 - one.back, 46 - one.back))


def test_series_that_are_too_short_for_a_window_are_left_out():
    panel = make_panel([np.arange(30.0), np.arange(7.0), np.arange(30.0)])
    assert windows_of(panel, 6, 12)[-1].history.items == ("s000", "s002")


def test_series_shorter_than_the_horizon_have_a_shorter_window():
    panel = make_panel([np.arange(5.0), np.arange(4.0)], "Y")
    [one] = windows_of(panel, 6, 1)
    assert one.history.n_series == 2
    assert np.isfinite(one.actual).sum(axis=1).tolist() == [2, 2]


def test_series_of_one_value_have_a_window_in_which_nothing_is_known():
    [one] = windows_of(make_panel([[3.0]], "Y"), 2, 1)
    assert np.isnan(one.actual).all()
