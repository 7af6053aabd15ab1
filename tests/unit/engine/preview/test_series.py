import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from unit.engine.preview.test_table import seen

from windvane.domain.frequency import Frequency
from windvane.engine.preview.records import FORECAST
from windvane.engine.preview.series import proposed_horizon

RNG = np.random.default_rng(0)


def frame(n_shops=3, n_products=1, n_days=60, frequency="D"):
    """Sales of products in shops, with a price that is nearly different in every row."""
    days = pd.date_range("2024-01-01", periods=n_days, freq=frequency)
    parts = [
        pd.DataFrame(
            {
                "day": days.strftime("%Y-%m-%d %H:%M"),
                "shop": f"shop {shop}",
                "product": 100 + product,
                "price": RNG.normal(10, 1, n_days).round(4),
                "open": 1,
                "sales": RNG.poisson(20, n_days),
            }
        )
        for shop in range(n_shops)
        for product in range(n_products)
    ]
    return pd.concat(parts, ignore_index=True)


def series(table, tmp_path, **asked):
    data = table.to_csv(index=False).encode()
    found = seen(data, tmp_path, **{"target": "sales", "problem_type": FORECAST, **asked})
    return found.series


@pytest.mark.parametrize("shuffled", [False, True])
def test_time_item_frequency_and_horizon_are_found(tmp_path, shuffled):
    table = frame()
    table = table.sample(frac=1, random_state=0) if shuffled else table
    found = series(table, tmp_path)
    assert (found.timestamp, found.item, found.groups) == ("day", "shop", ())
    assert (found.frequency, found.n_series, found.n_steps, found.horizon) == ("D", 3, 60, 14)
    assert (found.n_repeated, found.fault) == (0, "")


def test_two_columns_tell_series_apart_where_one_does_not(tmp_path):
    found = series(frame(n_shops=4, n_products=2), tmp_path)
    assert (found.item, found.groups, found.n_series) == ("shop", ("product",), 8)
    chosen = series(frame(n_shops=4, n_products=2), tmp_path, item="shop")
    assert (chosen.n_series, chosen.n_repeated) == (4, 240)


def test_a_table_of_one_series_has_a_constant_column_as_its_item_or_none(tmp_path):
    one = frame(n_shops=1).drop(columns=["product", "open"])
    assert series(one, tmp_path).item == "shop"
    found = series(one.drop(columns="shop"), tmp_path)
    assert (found.item, found.n_series, found.frequency) == ("", 1, "D")


def test_a_table_without_times_is_no_series(tmp_path):
    assert series(frame().drop(columns="day"), tmp_path) is None


def test_times_that_have_no_frequency_or_cannot_be_read_are_told(tmp_path):
    table = frame(n_shops=1)
    odd = table.assign(
        day=pd.Timestamp("2024-01-01") + pd.to_timedelta(RNG.random(60).cumsum(), "D")
    )
    found = series(odd, tmp_path)
    assert found.frequency == ""
    assert found.horizon == 0
    assert "frequency" in found.fault
    gap = table.assign(day=table.day.where(table.index != 7))
    assert "row" in series(gap, tmp_path).fault


@pytest.mark.parametrize(
    ("frequency", "n_steps", "horizon"),
    [("H", 1_000, 24), ("15min", 1_000, 4), ("M", 30, 7), ("Y", 3, 1), ("D", 10_000, 14)],
)
def test_the_horizon_fits_the_frequency_and_the_length(frequency, n_steps, horizon):
    assert proposed_horizon(Frequency.parse(frequency), n_steps) == horizon


def test_a_target_that_is_to_be_forecast_is_of_numbers_and_may_be_missing(tmp_path):
    table = frame()
    table.loc[::10, "sales"] = np.nan
    data = table.to_csv(index=False).encode()
    target = seen(data, tmp_path, target="sales", problem_type=FORECAST).target
    assert (target.fault, target.n_invalid) == ("", 18)
    assert target.objectives[0] == "AverageWeightedQuantileLoss"
    text = seen(data, tmp_path, target="shop", problem_type=FORECAST).target
    assert text.fault


def test_parquet_with_times_is_read_as_well(tmp_path):
    import io

    import pyarrow.parquet as pq

    held = io.BytesIO()
    pq.write_table(
        pa.table({"t": pd.date_range("2024-01-01", periods=40, freq="h"), "y": range(40)}), held
    )
    found = seen(held.getvalue(), tmp_path, target="y", problem_type=FORECAST).series
    assert (found.timestamp, found.frequency, found.horizon) == ("t", "H", 10)
