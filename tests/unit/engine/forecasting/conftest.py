"""Small panels, and a small network."""

from pathlib import Path

import numpy as np
import pytest

from windvane.domain.forecasting import ForecastSpec
from windvane.domain.frequency import Frequency
from windvane.engine.forecasting.forecast import ForecastTask
from windvane.engine.forecasting.grid import Grid
from windvane.engine.forecasting.panel import Panel
from windvane.engine.forecasting.prepared import PreparedSeries

CHRONOS_BOLT = Path(__file__).parent / "models" / "chronos_bolt"
"""Folder with random weights (make.py there)."""


def make_panel(series, frequency="M", known=None, future=None, past=None):
    """Return a panel of lists of values, each from step 0 on."""
    n = len(series)
    values = np.concatenate([np.asarray(one, float) for one in series])
    bounds = np.concatenate([[0], np.cumsum([len(one) for one in series])])
    zeros = np.zeros(n, np.int64)
    grid = Grid(Frequency.parse(frequency), zeros, zeros, zeros.astype(bool))
    return Panel(
        items=tuple(f"s{i:03d}" for i in range(n)),
        values=values,
        bounds=bounds,
        first=zeros,
        grid=grid,
        known=np.empty((len(values), 0)) if known is None else np.asarray(known, float),
        static=np.empty((n, 0)),
        future=np.empty((n, 0, 0)) if future is None else np.asarray(future, float),
        past=np.empty((len(values), 0)) if past is None else np.asarray(past, float),
    )


def seasonal_series(n_series=8, n_steps=60, season=12, noise=0.05, seed=0, slope=0.5):
    """Positive series with a trend and a season."""
    rng = np.random.default_rng(seed)
    t = np.arange(n_steps)
    made = []
    for i in range(n_series):
        level = 50 * (i + 1) + slope * (i + 1) * t
        wave = 1 + 0.3 * np.sin(2 * np.pi * (t + i) / season)
        made.append(level * wave * np.exp(noise * rng.normal(size=n_steps)))
    return made


@pytest.fixture
def monthly():
    return make_panel(seasonal_series())


@pytest.fixture
def task():
    return ForecastTask(horizon=6, levels=(0.1, 0.5, 0.9), season=12)


def prepared_of(panel, horizon=6, **more):
    spec = ForecastSpec(
        target="y",
        timestamp="t",
        item_id="id",
        horizon=horizon,
        frequency=panel.grid.frequency,
        **more,
    )
    return PreparedSeries(panel, spec, (), ())
