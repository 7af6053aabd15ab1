from dataclasses import replace

import numpy as np
from unit.engine.forecasting.conftest import make_panel, prepared_of

from windvane.engine.forecasting.covariate_findings import find_of_covariates
from windvane.engine.forecasting.reading import CovariateEncoding

N_SERIES, N_STEPS, HORIZON = 6, 200, 7


def panel_of(known=(), past=(), future=None):
    """Sales with a week, driven by a price and a flag that are known in advance."""
    rng = np.random.default_rng(0)
    shape = (N_SERIES, N_STEPS)
    week = 1 + 0.3 * np.sin(2 * np.pi * np.arange(N_STEPS) / 7)
    price, flag = rng.normal(size=shape), rng.random(shape) < 0.2
    sales = 100 * week * (1 + 0.2 * price + 0.3 * flag + 0.05 * rng.normal(size=shape))
    made = {
        "price": price,
        "flag": flag.astype(float),
        "revenue": 3 * sales + rng.normal(size=shape),
        "noise": rng.normal(size=shape),
        "footfall": np.roll(sales, -HORIZON, axis=1) + rng.normal(size=shape),
    }
    columns = [
        np.stack([made[name].ravel() for name in names], 1) for names in (known, past) if names
    ]
    known_cells = columns.pop(0) if known else None
    past_cells = columns.pop(0) if past else None
    return make_panel(list(sales), "D", known=known_cells, future=future, past=past_cells)


def codes(known=(), past=(), future=None):
    panel = panel_of(known, past, future)
    spec = replace(prepared_of(panel, HORIZON).spec, known_covariates=known, past_covariates=past)
    found = find_of_covariates(
        panel, spec, *([CovariateEncoding(n) for n in x] for x in (known, past))
    )
    return {one.code: one for one in found}


def test_what_helps_is_no_finding():
    assert codes(known=("price", "flag")) == {}


def test_a_column_recorded_with_the_target_is_known_too_late():
    found = codes(known=("price", "revenue", "flag"))
    assert set(found) == {"covariate-known-too-late"}
    assert found["covariate-known-too-late"].columns == ("revenue",)
    assert "errs 9" in found["covariate-known-too-late"].message


def test_the_same_column_is_no_leak_where_it_is_known_for_the_past_alone():
    assert "covariate-known-too-late" not in codes(past=("revenue",))


def test_columns_that_tell_no_more_than_chance_are_named_together():
    found = codes(known=("noise", "price"), past=("noise",))
    assert found["covariates-without-effect"].columns == ("noise", "noise")
    assert "standard error" in found["covariates-without-effect"].message


def test_a_column_of_the_past_that_leads_the_target_helps():
    assert "covariates-without-effect" not in codes(past=("footfall",))


def test_future_values_that_only_repeat_the_last_one_are_found():
    last = panel_of(("price",)).known.reshape(N_SERIES, N_STEPS)[:, -1]
    carried = np.repeat(last[:, None], HORIZON, axis=1)[:, :, None]
    found = codes(known=("price",), future=carried)["covariate-carried-forward"]
    assert "100% of the series" in found.message
    assert "after 0.0% of the steps" in found.message
    varied = np.random.default_rng(0).normal(size=(N_SERIES, HORIZON, 1))
    assert codes(known=("price",), future=varied) == {}


def test_too_few_values_say_nothing():
    panel = make_panel([np.arange(10.0)], "D", known=np.ones((10, 1)))
    spec = replace(prepared_of(panel).spec, known_covariates=("x",))
    assert find_of_covariates(panel, spec, [CovariateEncoding("x")], []) == []
