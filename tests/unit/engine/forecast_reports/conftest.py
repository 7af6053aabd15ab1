"""A small job: its series, three models' backtests, their average and what answers."""

import io
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure as Canvas
from unit.engine.forecasting.conftest import make_panel, prepared_of, seasonal_series

from windvane.engine.forecast_reports.backtests import read_backtests
from windvane.engine.forecasting import stages
from windvane.engine.forecasting.forecaster import load_forecaster
from windvane.engine.forecasting.models.base import FitLimits
from windvane.engine.forecasting.prepared import write_prepared
from windvane.engine.reports.document import Table

NAMES = ("seasonal-naive", "theta", "npts")


@dataclass(frozen=True)
class Job:
    folder: Path

    @property
    def series(self):
        return self.folder / "series"

    @property
    def candidates(self):
        return {name: self.folder / name for name in NAMES}

    @property
    def ensemble(self):
        return self.folder / "ensemble"

    def backtests(self, name=stages.ENSEMBLE):
        return read_backtests(self.series, self.candidates, self.ensemble, name)

    @property
    def forecaster(self):
        return load_forecaster(self.folder / "package")[0]


@pytest.fixture(scope="session")
def job(tmp_path_factory):
    return make_job(tmp_path_factory.mktemp("reports"))


def make_job(folder):
    """Return eleven series of a year's season, and one that jumps to another level in its last year, with backtests."""
    jump = np.concatenate([np.full(60, 10.0), np.full(12, 300.0)])
    jump += np.random.default_rng(1).normal(size=72)
    panel = make_panel([*seasonal_series(11, 72), jump])
    made = Job(folder)
    for name in ("series", *NAMES, "ensemble", "package"):
        (folder / name).mkdir()
    write_prepared(prepared_of(panel), made.series)
    for name, into in made.candidates.items():
        stages.backtest(made.series, name, FitLimits(time.time() + 240), into)
    stages.combine(made.series, made.candidates, made.ensemble)
    answers = stages.pack(made.series, made.candidates, made.ensemble, {}, folder / "package")
    answers.seal(folder / "package", {})
    return made


def draw(figure):
    """Draw a figure once and small: what cannot be drawn raises."""
    canvas = Canvas(figsize=(figure.width, figure.height), dpi=30)
    figure.draw(canvas.add_subplot())
    canvas.savefig(io.BytesIO(), format="png")
    assert figure.alt
    assert figure.numbers.rows


def blocks(report, kind, section=None):
    return [
        block
        for one in report.sections
        if section in (None, one.title)
        for block in one.blocks
        if isinstance(block, kind)
    ]


def tables(report, section):
    return blocks(report, Table, section)
