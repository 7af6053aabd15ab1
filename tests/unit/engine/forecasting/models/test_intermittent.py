import numpy as np
import pytest
from unit.engine.forecasting.conftest import make_panel

from windvane.engine.forecasting.models.intermittent import ADIDA, CROSTON, SBA, TSB


@pytest.mark.parametrize("model", [CROSTON, SBA, TSB, ADIDA], ids=lambda model: model.name)
def test_the_mean_is_the_rate_of_demand(model, task):
    rng = np.random.default_rng(0)
    panel = make_panel([5.0 * (rng.random(200) < 0.25) for _ in range(20)])
    made = model.fit(panel, task, None).forecast(panel)
    assert made.mean.mean() == pytest.approx(1.25, rel=0.2)
    assert (made.quantiles[:, :, 1] == 0).mean() > 0.9
    assert made.quantiles[:, :, 2].mean() == pytest.approx(5, rel=0.35)


def test_they_are_for_series_of_zeros_only(task):
    assert not TSB.suits(make_panel([np.arange(1.0, 30)]), task)


def test_a_series_whose_demand_died_is_forecast_lower_by_tsb_than_by_croston(task):
    panel = make_panel([np.concatenate([np.tile([0.0, 4.0], 30), np.zeros(40)])])
    rates = [one.fit(panel, task, None).forecast(panel).mean[0, 0] for one in (TSB, CROSTON)]
    assert rates[0] < 0.2 * rates[1]
