import time

import numpy as np
import pytest
from unit.engine.forecasting.conftest import make_panel

from windvane.engine.forecasting.models.base import FitLimits
from windvane.engine.forecasting.models.linear import LINEAR
from windvane.errors import CorruptArtifact


def waves(n_series=6, n_steps=120):
    t = np.arange(n_steps)
    return [20 + (i + 1) * np.sin(2 * np.pi * (t + 3 * i) / 12) for i in range(n_series)]


def test_waves_go_on(task):
    panel = make_panel([one[:-6] for one in waves()])
    made = LINEAR.fit(panel, task, FitLimits(time.time() + 240)).forecast(panel)
    assert made.mean == pytest.approx(np.array([one[-6:] for one in waves()]), abs=0.05)


def test_a_map_of_another_horizon_is_refused(task, tmp_path):
    LINEAR.fit(make_panel(waves()), task, FitLimits(time.time() + 240)).save(tmp_path)
    from dataclasses import replace

    with pytest.raises(CorruptArtifact, match="shape"):
        LINEAR.load(tmp_path, replace(task, horizon=7))
