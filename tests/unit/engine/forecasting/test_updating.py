import time
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from unit.engine.forecasting.conftest import (
    CHRONOS_BOLT,
    make_panel,
    prepared_of,
    seasonal_series,
)

from windvane.domain.forecasting import Fill, Filling, FillMethod
from windvane.engine.forecasting.calibration import IntervalScale
from windvane.engine.forecasting.forecaster import Forecaster, Member
from windvane.engine.forecasting.models.base import FitLimits
from windvane.engine.forecasting.models.catalogue import model_named
from windvane.engine.forecasting.prepared import PreparedSeries
from windvane.engine.forecasting.reading import CovariateEncoding
from windvane.engine.forecasting.updating import updated, with_newer_rows
from windvane.errors import DataFault, InvalidRequest


def columns(rows, **more):
    """Rows of (item, day of January 1970 from 1 on, target)."""
    made = {
        "id": pa.chunked_array([[row[0] for row in rows]]),
        "t": pa.chunked_array([[f"1970-01-{row[1]:02d}" for row in rows]]),
        "y": pa.chunked_array([pa.array([row[2] for row in rows], pa.float64())]),
    }
    return made | {name: pa.chunked_array([values]) for name, values in more.items()}


def daily(**spec):
    return prepared_of(make_panel([[1, 2, 3], [5, 6]], "D"), horizon=2, **spec)


def values(prepared):
    panel = prepared.panel
    parts = np.split(panel.values, panel.bounds[1:-1])
    return dict(zip(panel.items, [part.tolist() for part in parts], strict=True))


def test_series_go_on_new_ones_begin_and_values_are_corrected():
    rows = [("s001", 3, 7), ("new", 4, 1), ("s000", 4, 4), ("s000", 2, 20), ("new", 5, 2)]
    made = with_newer_rows(daily(), columns(rows))
    assert values(made) == {"new": [1, 2], "s000": [1, 20, 3, 4], "s001": [5, 6, 7]}
    times = made.panel.grid.times(made.panel.first, np.arange(3)) // 86_400
    assert times.tolist() == [3, 0, 0]
    assert made.spec == replace(daily().spec, frequency=made.panel.grid.frequency)


def test_a_row_without_a_value_changes_nothing_and_gaps_are_filled_as_asked():
    made = with_newer_rows(daily(), columns([("s000", 3, None), ("s000", 5, 9)]))
    assert np.array_equal(made.panel.values[:5], [1, 2, 3, np.nan, 9], equal_nan=True)
    filling = {"y": Filling(middle=Fill(FillMethod.ZERO))}
    filled = with_newer_rows(daily(filling=filling), columns([("s000", 5, 9)]))
    assert values(filled)["s000"] == [1, 2, 3, 0, 9]


def test_known_covariates_of_steps_ahead_become_history_and_the_newest_count():
    panel = make_panel(
        [[1, 2]], "D", known=[[10], [20]], future=[[[30], [40]]], past=[[-1.0], [-2.0]]
    )
    spec = replace(prepared_of(panel, 2).spec, known_covariates=("x",), past_covariates=("z",))
    encodings = ((CovariateEncoding("x"),), (), (), (CovariateEncoding("z"),))
    prepared = PreparedSeries(panel, spec, *encodings)
    rows = [("s000", 3, 3.0), ("s000", 4, None), ("s000", 5, None)]
    cells = {"x": [31.0, 41.0, 50.0], "z": [-3.0, 0.0, 0.0]}
    made = with_newer_rows(prepared, columns(rows, **cells)).panel
    assert made.known[:, 0].tolist() == [10, 20, 31]
    assert made.future[0, :, 0].tolist() == [41, 50]
    assert made.past[:, 0].tolist() == [-1, -2, -3]


def test_rows_finer_than_the_steps_are_added_up_on_the_steps_there_are():
    given = columns([("s000", 4, 1.0), ("s000", 4, 2.0)])
    given["t"] = pa.chunked_array([["1970-01-04T08:00", "1970-01-04T20:00"]])
    assert values(with_newer_rows(daily(), given))["s000"] == [1, 2, 3, 3]


@pytest.mark.parametrize(
    ("rows", "drop", "error", "told"),
    [
        ([("s000", 4, 1)], "y", InvalidRequest, r"no column 'y' \(the target\)"),
        ([("s000", 4, 1)], "id", InvalidRequest, r"no column 'id' \(the item identifier\)"),
        ([("s000", 4, 1), ("s000", 4, 2)], "", DataFault, "more than one row for 1970-01-04"),
        ([("s000", 4, np.inf)], "", DataFault, "infinite"),
    ],
)
def test_rows_that_cannot_be_taken_in_are_refused(rows, drop, error, told):
    given = columns(rows)
    given.pop(drop, None)
    with pytest.raises(error, match=told):
        with_newer_rows(daily(), given)


def test_members_learn_from_newer_values_and_keep_their_weights(task):
    series = np.stack(seasonal_series(6, 96))
    panel = make_panel(list(series[:, :60]))
    prepared = prepared_of(panel)
    limits = FitLimits(0.0, chronos_bolt=CHRONOS_BOLT)
    members = tuple(
        Member(
            name,
            weight,
            model_named(name).fit(panel, task, replace(limits, stop_at=time.time() + 1)),
        )
        for name, weight in (
            ("linear", 0.25),
            ("boosted-levels", 0.5),
            ("theta", 0.24),
            ("chronos-bolt", 0.01),
        )
    )
    scale = IntervalScale(np.full((6, 3), 1.5))
    months = np.arange(60, 90).astype("datetime64[M]").astype(str).tolist()
    given = {
        "id": pa.chunked_array([[item for item in panel.items for _ in months]]),
        "t": pa.chunked_array([months * 6]),
        "y": pa.chunked_array([series[:, 60:90].ravel()]),
    }
    made = updated(Forecaster(prepared, members, scale), given, FitLimits(time.time() + 6))
    assert [(one.name, one.weight) for one in made.members] == [
        (one.name, one.weight) for one in members
    ]
    assert made.scale == scale
    assert made.members[-1] is members[-1], "what was learned beforehand stays"
    forecast = made.forecast()
    error = np.abs(forecast.mean - series[:, 90:]).sum() / series[:, 90:].sum()
    assert error < 0.12
    stale = Forecaster(made.prepared, members, scale).forecast()
    assert not np.allclose(stale.mean, forecast.mean)
