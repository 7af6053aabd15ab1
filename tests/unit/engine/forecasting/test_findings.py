from dataclasses import replace

import numpy as np
from unit.engine.forecasting.conftest import make_panel, prepared_of

from windvane.engine.forecasting.findings import find_all
from windvane.engine.forecasting.regularise import Regular


def codes(panel, n_aggregated=0, n_absent=0, **spec):
    found = find_all(Regular(panel, n_aggregated, n_absent), prepared_of(panel, **spec).spec)
    return {one.code: one for one in found}


def test_nothing_is_found_in_whole_long_series():
    assert codes(make_panel([np.arange(30.0), np.arange(30.0)])) == {}


def test_short_constant_and_empty_series_are_named():
    found = codes(make_panel([np.arange(30.0), np.ones(30), [1, 2, 4], np.full(30, np.nan)]))
    assert "'s002'" in found["short-series"].message
    assert "'s001'" in found["constant-series"].message
    assert "'s003'" in found["series-without-values"].message


def test_gaps_rows_of_one_step_and_series_that_ended_are_counted():
    panel = make_panel([np.where(np.arange(40) == 5, np.nan, np.arange(40.0)), np.arange(40.0)])
    panel = replace(panel, first=np.array([0, 20]))
    found = codes(panel, n_aggregated=7, n_absent=1)
    assert "1 have no row" in found["missing-steps"].message
    assert "7 rows" in found["rows-aggregated"].message
    assert "'s000'" in found["series-that-ended"].message


def test_a_frequency_that_the_data_do_not_have_is_found():
    daily_as_hourly = np.where(np.arange(24 * 20) % 24 == 0, 5.0 + np.arange(480), np.nan)
    found = codes(make_panel([daily_as_hourly], "H"), n_absent=23 * 20)
    assert "96% of 480 steps have no row" in found["frequency-too-fine"].message
    assert found["frequency-too-fine"].severity == "high"


def test_a_grouping_column_that_tells_no_series_apart_is_named():
    panel = make_panel([np.arange(30.0)] * 3)
    items = ("rice | north | x", "tea | north | x", "tea | south | x")
    found = codes(replace(panel, items=items), group_columns=("region", "chain"))
    assert found["groups-of-one-item"].columns == ("chain",)
    assert "2 items has a single value of 'chain'" in found["groups-of-one-item"].message
    apart = ("tea | north", "tea | south", "tea | west")
    assert codes(replace(panel, items=apart), group_columns=("region",)) == {}
