"""A small forecaster, as it is packed and as it answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from unit.engine.forecasting.conftest import make_panel, prepared_of, seasonal_series

from windvane.engine.forecasting.calibration import IntervalScale
from windvane.engine.forecasting.forecaster import Forecaster, Member
from windvane.engine.forecasting.models.base import FitLimits
from windvane.engine.forecasting.models.catalogue import model_named
from windvane.engine.forecasting.prepared import PreparedSeries
from windvane.engine.forecasting.reading import CovariateEncoding
from windvane.serving.forecasting.served import load_served_forecaster
from windvane.serving.model import LocalContainer

HORIZON = 3


def packed(folder, prepared, names=("seasonal-naive",)):
    """Write a forecaster of some models of single series."""
    members = tuple(
        Member(
            name,
            1 / len(names),
            model_named(name).fit(prepared.panel, prepared.task, FitLimits(0.0)),
        )
        for name in names
    )
    factors = np.ones((prepared.spec.horizon, len(prepared.task.levels)))
    folder.mkdir(parents=True)
    made = Forecaster(prepared, members, IntervalScale(factors))
    made.save(folder)
    made.seal(folder, {})
    return folder


def plain(n_series=3, **more):
    """Daily series s000, s001 ... with a season of a week."""
    panel = make_panel(seasonal_series(n_series, 40, 7), "D")
    return prepared_of(panel, HORIZON, **more)


def with_covariate():
    values = seasonal_series(2, 40, 7)
    panel = make_panel(values, "D", known=np.ones((80, 1)), future=np.empty((2, 0, 1)))
    spec = replace(prepared_of(panel, HORIZON).spec, known_covariates=("x",))
    return PreparedSeries(panel, spec, (CovariateEncoding("x"),), ())


def served(folder, prepared, environment=None, names=("seasonal-naive",)):
    return load_served_forecaster(
        LocalContainer(environment or {}, packed(folder, prepared, names))
    )


def history(item, values, start="1971-01-01"):
    """Lines of daily rows."""
    days = np.datetime64(start) + np.arange(len(values))
    return "".join(f"{item},{day},{value}\n" for day, value in zip(days, values, strict=True))


@pytest.fixture
def model(tmp_path):
    return served(tmp_path / "package", plain())


@pytest.fixture
def of_covariate(tmp_path):
    return served(tmp_path / "of-covariate", with_covariate())
