import numpy as np
from unit.engine.forecasting.conftest import make_panel

from windvane.engine.forecasting.panel import joined

NAN = np.nan


def test_the_tail_is_aligned_to_the_end():
    panel = make_panel([[1, 2, 3], [4]])
    assert np.array_equal(panel.tail(2), [[2, 3], [NAN, 4]], equal_nan=True)


def test_before_leaves_out_the_last_steps_and_keeps_their_covariates():
    panel = make_panel(
        [[1, 2, 3, 4], [5, 6]],
        known=np.arange(6)[:, None],
        future=np.empty((2, 0, 1)),
        past=10 * np.arange(6)[:, None],
    )
    earlier = panel.before(2, 2)
    assert earlier.items == ("s000",)
    assert earlier.values.tolist() == [1, 2]
    assert earlier.future[0, :, 0].tolist() == [2, 3]
    assert earlier.past[:, 0].tolist() == [0, 10]


def test_some_of_the_series():
    panel = make_panel([[1, 2], [3], [4, 5]])
    some = panel.only(np.array([0, 2]))
    assert some.items == ("s000", "s002")
    assert some.values.tolist() == [1, 2, 4, 5]
    assert some.bounds.tolist() == [0, 2, 4]


def test_of_many_values_some_of_the_series_are_drawn():
    panel = make_panel([np.full(10, float(i)) for i in range(50)])
    some = panel.sampled(100, 0)
    assert some.n_series == 10
    assert len(some.values) == 100
    assert list(some.items) == sorted(some.items)
    assert panel.sampled(500, 0) is panel
    assert panel.sampled(1, 0).n_series == 1


def test_what_is_missing_is_filled_from_the_season_before_and_after():
    year = np.arange(12.0)
    values = np.concatenate([year, year + 10, year + 20])
    values[15] = NAN
    assert make_panel([values]).filled[15] == 13.0


def test_what_no_season_tells_lies_on_a_line_and_never_across_series():
    panel = make_panel([[1, NAN, 3, NAN], [NAN, 7, NAN, 9], [NAN, NAN]], "Y")
    assert panel.filled.tolist() == [1, 2, 3, 3, 7, 7, 8, 9, 0, 0]


def test_panels_are_joined_in_the_order_of_their_items():
    whole = make_panel([[1, 2], [3], [4, 5, 6]])
    parts = [whole.only(np.array([2])), whole.only(np.array([0, 1]))]
    made = joined(parts)
    assert made.items == whole.items
    assert made.values.tolist() == whole.values.tolist()
    assert (
        made.grid.times(made.last, np.arange(3)).tolist()
        == whole.grid.times(whole.last, np.arange(3)).tolist()
    )
