import csv
from dataclasses import replace

import numpy as np
import pytest
from unit.engine.forecasting.conftest import make_panel, prepared_of, seasonal_series

from windvane.engine.forecasting.backtest_table import figures, write_backtests
from windvane.engine.forecasting.forecast import Forecast
from windvane.engine.forecasting.keys import key_of
from windvane.engine.forecasting.outcomes import ForecastOutcome
from windvane.engine.forecasting.stages import compared
from windvane.errors import CorruptArtifact


@pytest.fixture
def prepared():
    series = seasonal_series(n_series=3)
    series[1][-2] = np.nan
    return prepared_of(make_panel(series))


def forecasts(prepared):
    """Forecasts that tell one row from another."""
    windows, levels = compared(prepared), len(prepared.task.levels)
    n = sum(len(window.actual) for window in windows)
    mean = np.arange(n * 6, dtype=float).reshape(n, 6)
    return Forecast(mean, np.stack([mean + 0.25 * i for i in range(levels)], axis=2))


def test_each_step_of_each_window_has_a_row(prepared, tmp_path):
    file, windows = tmp_path / "windows.csv", compared(prepared)
    n_rows = write_backtests(prepared, forecasts(prepared), file)
    rows = list(csv.DictReader(file.read_text().splitlines()))
    assert len(rows) == n_rows == len(windows) * 3 * 6
    assert list(rows[0]) == [
        "item_id",
        "window",
        "timestamp",
        "actual",
        "mean",
        "p10",
        "p50",
        "p90",
    ]
    assert [float(row["mean"]) for row in rows] == list(range(n_rows))
    assert {float(row["p90"]) - float(row["p10"]) for row in rows} == {0.5}
    last = rows[-6:]
    assert {(row["item_id"], row["window"]) for row in last} == {("s002", str(len(windows)))}
    assert [float(row["actual"]) for row in last] == pytest.approx(prepared.panel.values[-6:])
    assert [row["timestamp"] for row in last][-2:] == ["1974-11-01T00:00:00", "1974-12-01T00:00:00"]


def test_values_that_are_missing_are_empty(prepared, tmp_path):
    file = tmp_path / "windows.csv"
    write_backtests(prepared, forecasts(prepared), file)
    rows = csv.DictReader(file.read_text().splitlines())
    missing = [row for row in rows if not row["actual"]]
    assert [(row["item_id"], row["timestamp"]) for row in missing] == [
        ("s001", "1974-11-01T00:00:00")
    ]


def test_series_of_groups_have_a_column_for_each_group(prepared, tmp_path):
    file, names = tmp_path / "windows.csv", (["a", "x | y"], ["b", "x"], ["b", "y"])
    panel = replace(prepared.panel, items=tuple(map(key_of, names)))
    spec = replace(prepared.spec, group_columns=("shop",))
    write_backtests(replace(prepared, panel=panel, spec=spec), forecasts(prepared), file)
    rows = list(csv.DictReader(file.read_text().splitlines()))
    assert {(row["item_id"], row["shop"]) for row in rows} == set(map(tuple, names))


def test_forecasts_of_other_windows_are_refused(prepared, tmp_path):
    other = Forecast(np.zeros((2, 6)), np.zeros((2, 6, 3)))
    with pytest.raises(CorruptArtifact, match="do not belong"):
        write_backtests(prepared, other, tmp_path / "windows.csv")


def test_figures_name_the_windows(prepared):
    windows = compared(prepared)
    values = tuple(float(number) for number in range(len(windows)))
    told = figures(prepared, ForecastOutcome("theta", {"MASE": 0.5}, 0.1, values, 0.8, 2.0))
    assert told["metrics"] == {"MASE": 0.5}
    assert [one["objective"] for one in told["windows"]] == list(values)
    assert told["windows"][-1]["steps_before_the_end"] == 6
    assert told["coverage_of"] == ["p10", "p90"]
