import numpy as np
import pandas as pd

from windvane.engine.exploration.anomalies import find_anomalies


def strange(n_rows=500):
    random = np.random.default_rng(0)
    table = pd.DataFrame(random.normal(size=(n_rows, 4)), columns=list("abcd"))
    table["kind"] = random.choice(["x", "z"], n_rows)
    table["y"] = random.normal(size=n_rows)
    return table


def test_a_row_unlike_the_others_comes_first_with_its_cells(store):
    table = strange()
    table.loc[123, ["b", "c"]] = [40, -35]
    found = find_anomalies(store(table, "y"), 10, 1000, 5)
    assert found.worst[0].row == 123
    assert {name for name, _ in found.worst[0].reasons[:2]} == {"b", "c"}
    assert found.worst[0].score == found.scores.min() < 0


def test_a_rare_category_is_a_reason(store):
    table = strange()
    table.loc[77, "kind"] = "seldom"
    found = find_anomalies(store(table, "y"), 10, 1000, 400)
    at = next(one for one in found.worst if one.row == 77)
    assert at.reasons[0][0] == "kind"


def test_the_worst_are_below_zero_and_the_lowest_first(store):
    found = find_anomalies(store(strange(), "y"), 10, 1000, 20)
    scores = [one.score for one in found.worst]
    assert scores == sorted(scores)
    assert scores[-1] < 0
    assert found.n_anomalous == (found.scores < 0).sum()


def test_long_tables_are_sampled_and_rows_keep_their_place(store):
    table = strange()
    stored = store(table, "y")
    found = find_anomalies(stored, 10, 100, 3)
    assert len(found.scores) == 100
    worst = found.worst[0]
    name = worst.reasons[0][0]
    assert name == "kind" or abs(table[name][worst.row]) > 1


def test_columns_that_tell_least_are_left_out(store):
    found = find_anomalies(store(strange(), "y"), 2, 1000, 3)
    assert len(found.columns) == 2


def test_numbers_of_any_size_and_holes_can_be_scored(store):
    table = strange()
    table["a"] *= 1e300
    table["b"] *= 1e-300
    table.loc[::3, "c"] = np.nan
    found = find_anomalies(store(table, "y"), 10, 1000, 3)
    assert np.isfinite(found.scores).all()
