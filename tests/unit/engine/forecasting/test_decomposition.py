from dataclasses import dataclass, replace

import numpy as np
import pytest
from unit.engine.forecasting.conftest import make_panel, prepared_of, seasonal_series

from windvane.engine.forecasting.calibration import IntervalScale
from windvane.engine.forecasting.decomposition import _split, decompose
from windvane.engine.forecasting.forecast import Forecast
from windvane.engine.forecasting.forecaster import Forecaster, Member
from windvane.engine.forecasting.holidays import Holidays
from windvane.engine.forecasting.models.base import FitLimits
from windvane.engine.forecasting.models.catalogue import model_named
from windvane.engine.forecasting.reading import CovariateEncoding
from windvane.errors import InvalidRequest

HORIZON = 14


@dataclass(frozen=True)
class Formula:
    """A model of which is known what covariates and holidays do."""

    interaction: float = 0.0

    def forecast(self, history):
        base = np.full((history.n_series, HORIZON), 100.0)
        price, flag = (history.future[:, :, j] for j in (0, 1))
        steps = history.last[:, None] + 1 + np.arange(HORIZON)
        days = history.days(steps, np.arange(history.n_series)[:, None])
        visits = history.past[history.bounds[1:] - 1, 0][:, None]
        off = (history.holidays.kind_of(days) >= 0).astype(float)
        mean = base - 2 * price + 10 * flag - 30 * off + visits + self.interaction * price * flag
        return Forecast(mean, np.repeat(mean[:, :, None], 3, axis=2))


def forecaster_of(panel, members, known=(), past=(), horizon=HORIZON):
    spec = prepared_of(panel, horizon).spec
    spec = replace(spec, known_covariates=known, past_covariates=past)
    encodings = ([CovariateEncoding(name) for name in names] for names in (known, past))
    known_encodings, past_encodings = map(tuple, encodings)
    prepared = replace(
        prepared_of(panel, horizon), spec=spec, known=known_encodings, past=past_encodings
    )
    scale = IntervalScale(np.ones((horizon, 3)))
    return Forecaster(prepared, tuple(members), scale)


def with_covariates():
    rng = np.random.default_rng(0)
    known = np.stack([np.tile([4.0, 5.0, 6.0], 40), np.zeros(120)], axis=1)
    future = np.stack([rng.normal(5, 2, (2, HORIZON)), rng.integers(0, 2, (2, HORIZON))], axis=2)
    past = np.full((120, 1), 7.0)
    past[[59, 119]] = 20.0
    series = [rng.normal(100, 60, 60) for _ in range(2)]
    panel = make_panel(series, "D", known=known, future=future, past=past)
    day = int(panel.days(panel.last[:1] + 3, np.array([0]))[0])
    holidays = Holidays(np.array([day]), np.array([0]), ("Foundation Day",))
    return replace(panel, holidays=holidays), future


def total(made):
    return made.level + made.trend + made.season + sum(made.parts.values())


def test_each_covariate_adds_what_it_differs_from_its_usual_value():
    panel, future = with_covariates()
    members = [Member("linear", 1.0, Formula())]
    forecaster = forecaster_of(panel, members, ("price", "flag"), ("visits",))
    made = decompose(forecaster)
    assert list(made.parts) == ["holidays", "price", "flag", "visits"]
    assert made.parts["price"] == pytest.approx(-2 * (future[:, :, 0] - 5))
    assert made.parts["flag"] == pytest.approx(10 * future[:, :, 1])
    assert made.parts["visits"] == pytest.approx(np.full((2, HORIZON), 13.0))
    assert made.parts["holidays"][0].tolist() == [0, 0, -30, *[0] * (HORIZON - 3)]
    assert made.mean == pytest.approx(forecaster.forecast().mean)
    assert total(made) == pytest.approx(made.mean)


def test_what_covariates_do_together_is_shared_evenly_and_by_weight():
    panel, future = with_covariates()
    members = [
        Member("linear", 0.5, Formula(interaction=4.0)),
        Member("seasonal-naive", 0.5, _naive(panel)),
    ]
    made = decompose(forecaster_of(panel, members, ("price", "flag"), ("visits",)))
    apart, flag = future[:, :, 0] - 5, future[:, :, 1]
    expected = 0.5 * (10 * flag + 4 * flag * (5 + apart / 2))
    assert made.parts["flag"] == pytest.approx(expected)
    assert total(made) == pytest.approx(made.mean)


def test_a_covariate_of_the_name_of_the_calendar_stays_apart_from_it():
    panel, _ = with_covariates()
    members = [Member("linear", 1.0, Formula())]
    made = decompose(forecaster_of(panel, members, ("holidays", "flag"), ("visits",)))
    assert list(made.parts) == ["public holidays", "holidays", "flag", "visits"]
    assert made.parts["public holidays"].min() == pytest.approx(-30)


def _naive(panel):
    task = prepared_of(panel, HORIZON).task
    return model_named("seasonal-naive").fit(panel, task, FitLimits(0))


@pytest.mark.parametrize(("frequency", "season"), [("M", 12), ("D", 7), ("Y", 1)])
def test_level_trend_and_season_are_those_of_the_forecast(frequency, season):
    steps = np.arange(70)
    wave = 10 * np.sin(2 * np.pi * steps / season) if season > 1 else np.zeros(70)
    whole = 100 + 2 * steps + wave

    class Perfect:
        def forecast(self, history):
            mean = np.stack([whole[60:], whole[60:]])
            return Forecast(mean, np.repeat(mean[:, :, None], 3, axis=2))

    panel = make_panel([whole[:60], whole[:60]], frequency)
    made = decompose(forecaster_of(panel, [Member("theta", 1.0, Perfect())], horizon=10))
    assert made.season[0] == pytest.approx(wave[60:], abs=0.05)
    last = whole[60 - (season if season > 1 else 4) : 60]
    assert made.level[1] == pytest.approx(np.full(10, last.mean()))
    assert np.diff(made.trend[0]) == pytest.approx(np.full(9, 2.0), abs=0.05)
    assert total(made) == pytest.approx(made.mean)


def test_a_day_that_failed_is_not_taken_for_a_season():
    steps = np.arange(74)
    whole = 100 + 10 * np.sin(2 * np.pi * steps / 7)
    for horizon in (6, 14):
        values = whole[: 74 - horizon].copy()
        values[-5] = 0
        made = _split(make_panel([values], "D"), whole[None, 74 - horizon :])
        assert made[2][0] == pytest.approx(whole[74 - horizon :] - 100, abs=3.5)


def test_a_fitted_average_adds_up_in_series_of_all_lengths():
    lengths = (72, 30, 13, 5)
    series = [one[:n] for one, n in zip(seasonal_series(4, 72), lengths, strict=True)]
    series[0][70] = np.nan
    panel = make_panel(series)
    task = prepared_of(panel).task
    members = [
        Member(name, 0.5, model_named(name).fit(panel, task, FitLimits(0)))
        for name in ("theta", "seasonal-naive")
    ]
    forecaster = forecaster_of(panel, members, horizon=6)
    made = decompose(forecaster)
    assert made.mean == pytest.approx(forecaster.forecast().mean)
    assert total(made) == pytest.approx(made.mean)
    assert not made.parts
    assert np.ptp(made.season[0]) > 10
    assert np.ptp(made.season[3]) == 0


def test_covariates_of_the_steps_ahead_are_needed():
    panel, _ = with_covariates()
    bare = panel.with_future(np.empty((2, 0, 2)))
    members = [Member("linear", 1.0, Formula())]
    with pytest.raises(InvalidRequest, match="'price', 'flag' are needed"):
        decompose(forecaster_of(bare, members, ("price", "flag"), ("visits",)))


def test_a_season_of_the_past_is_told_as_far_as_the_forecast_follows_it():
    rng = np.random.default_rng(0)
    season = np.tile([5.0, -5.0, 8.0, 1.0, 0.0, -4.0, -5.0], 10)
    panel = make_panel([100 + season + rng.normal(size=70)], "D")
    ahead = season[:5]
    level, trend, repeated = _split(panel, np.full((1, 5), 100.0))
    assert np.abs(repeated).max() < 0.01
    assert np.ptp(trend) < 0.01
    level, trend, repeated = _split(panel, 100 + ahead[None])
    assert repeated[0] == pytest.approx(ahead, abs=1.5)
    assert level + trend + repeated == pytest.approx(100 + ahead[None])
