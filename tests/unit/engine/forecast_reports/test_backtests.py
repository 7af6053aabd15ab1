import numpy as np
import pytest
from unit.engine.forecast_reports.conftest import NAMES

from windvane.engine.forecast_reports.backtests import read_backtests
from windvane.engine.forecasting.metrics import score
from windvane.engine.forecasting.outcomes import joined, joined_truth
from windvane.engine.forecasting.stages import ENSEMBLE
from windvane.errors import CorruptArtifact


def test_a_series_that_jumped_is_the_worst_one(job):
    found = job.backtests()
    assert found.scores[0].item == "s011"
    losses = [one.loss for one in found.scores]
    assert losses == sorted(losses, reverse=True)
    assert sum(one.share for one in found.scores) == pytest.approx(1)


def test_shares_of_loss_are_those_of_the_metric_over_all_windows(job):
    found = job.backtests("theta")
    whole = score(found.objective, joined(found.forecasts), joined_truth(found.truths))
    assert whole == pytest.approx(found.outcome.metrics[str(found.objective)])
    panel = found.prepared.panel
    sizes = {one.item: 0.0 for one in found.scores}
    for window, truth in zip(found.windows, found.truths, strict=True):
        for item, actual in zip(window.history.items, truth.actual, strict=True):
            sizes[item] += float(np.nansum(np.abs(actual)))
    told = sum(one.loss * sizes[one.item] for one in found.scores) / sum(sizes.values())
    assert told == pytest.approx(whole)
    assert panel.items[found.scores[0].series] == found.scores[0].item


def test_models_are_ranked_with_their_average_and_compared_with_the_naive_one(job):
    found = job.backtests()
    assert {one.name for one in found.outcomes} == {*NAMES, ENSEMBLE}
    losses = [one.loss(found.objective) for one in found.outcomes]
    assert losses == sorted(losses)
    assert found.naive is not None
    assert all(np.isfinite(one.naive) for one in found.scores)
    assert job.backtests("seasonal-naive").naive is None


def test_coverage_by_step_and_below_each_quantile_agree_with_the_outcome(job):
    found = job.backtests("theta")
    below = found.below()
    assert (np.diff(below) >= 0).all()
    assert np.mean(found.coverage_by_step) == pytest.approx(found.outcome.coverage)
    by_window = [found.below(slice(i, i + 1)) for i in range(len(found.windows))]
    assert np.mean(by_window, axis=0) == pytest.approx(below)


def test_residuals_are_in_seasonal_differences(job):
    found = job.backtests("seasonal-naive")
    mase = found.outcome.metrics["MASE"]
    assert np.nanmean(np.abs(found.residuals)) == pytest.approx(mase, rel=1e-6)
    assert len(found.bias) == len(found.windows)


def test_backtests_of_another_model_or_of_other_windows_are_refused(job):
    with pytest.raises(CorruptArtifact, match="ets"):
        job.backtests("ets")
    with pytest.raises(CorruptArtifact):
        read_backtests(job.series, {"theta": job.series}, None, "theta")
