from windvane.automl.forecasting.leaderboard import ForecastRow, ranked_rows
from windvane.domain.forecasting import ForecastMetric
from windvane.engine.forecasting.outcomes import ForecastOutcome


def row(name, wql, mase):
    metrics = {"AverageWeightedQuantileLoss": wql, "MASE": mase}
    return ForecastRow(name, ForecastOutcome(name, metrics, 0.1, (wql,), 0.8, 1.0), 0.5)


ROWS = [row("a", 2.0, 1.0), row("b", 1.0, None), ForecastRow("c", None, failure="It failed.")]


def test_rows_are_ranked_by_the_objective_those_without_a_score_last():
    assert [one.name for one in ranked_rows(ROWS, ForecastMetric.WQL)] == ["b", "a", "c"]
    assert [one.name for one in ranked_rows(ROWS, ForecastMetric.MASE)] == ["a", "b", "c"]


def test_a_row_is_the_same_after_json():
    assert [ForecastRow.from_json(one.to_json()) for one in ROWS] == ROWS
