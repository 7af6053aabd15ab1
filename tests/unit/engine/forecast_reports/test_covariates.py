from dataclasses import replace

import numpy as np
import pytest
from unit.engine.forecasting.conftest import make_panel

from windvane.engine.forecast_reports.covariates import relations_of
from windvane.engine.forecasting.reading import CovariateEncoding

RNG = np.random.default_rng(0)


def relations(target, covariates, encodings):
    known = np.stack([np.tile(one, 3) for one in covariates], axis=1)
    panel = make_panel([target, 100 * target, target + 5], "D", known=known)
    return {one.title: one for one in relations_of(panel, encodings)}


def test_an_effect_is_found_in_every_series_whatever_its_size_and_at_its_lag():
    x = RNG.normal(size=200)
    later = np.concatenate([[0, 0], x[:-2]])
    encodings = tuple(map(CovariateEncoding, ("now", "later", "none")))
    found = relations(x, [x, np.roll(later, 0), RNG.normal(size=200)], encodings)
    assert found["now"].changes == pytest.approx(1)
    assert found["now"].lag == 0
    assert found["later"].lag == -2  # the target comes two steps before it
    assert found["later"].at_lag > 0.95
    assert abs(found["none"].changes) < 0.2
    assert next(iter(found)) == "now"


def test_a_common_trend_is_no_effect():
    x = np.arange(200.0)
    found = relations(x + RNG.normal(size=200), [x], (CovariateEncoding("trend"),))["trend"]
    assert found.as_is > 0.99
    assert np.isnan(found.changes)  # its changes are all the same


def test_values_of_a_column_of_texts_are_told_apart():
    is_promotion = (RNG.random(200) < 0.3).astype(float)
    found = relations(
        10 * is_promotion + RNG.normal(size=200),
        [is_promotion, 1 - is_promotion],
        (CovariateEncoding("event", ("promotion", "none")),),
    )
    assert found["event = promotion"].changes > 0.9
    assert found["event = none"].changes < -0.9


def test_too_few_pairs_tell_nothing():
    panel = make_panel([[1.0, 2, 3]], "D", known=[[1.0], [2], [3]])
    [one] = relations_of(panel, (CovariateEncoding("x"),))
    assert np.isnan(one.changes)
    assert np.isnan(one.at_lag)


def test_what_is_known_of_the_past_alone_is_told_apart():
    x = RNG.normal(size=100)
    panel = make_panel([x], "D", known=RNG.normal(size=(100, 1)))
    panel = replace(panel, past=np.concatenate([x[:, None]], axis=1))
    found = relations_of(panel, (CovariateEncoding("a"),), (CovariateEncoding("b"),))
    assert [(one.name, one.is_known) for one in found] == [("b", False), ("a", True)]
