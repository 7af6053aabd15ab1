from collections import Counter

import numpy as np
import pandas as pd

from windvane.engine.exploration.gaps import find_gaps


def test_missing_cells_are_counted_as_pandas_counts_them(stored_amounts, mixed):
    gaps = find_gaps(stored_amounts, 10)
    expected = mixed[["size", "twice", "colour"]].isna().sum().to_dict()
    assert gaps.missing == expected
    assert list(gaps.missing.values()) == sorted(expected.values(), reverse=True)


def test_patterns_are_those_of_the_rows(stored_amounts, mixed):
    gaps = find_gaps(stored_amounts, 10)
    features = mixed.drop(columns=["y", "amount"])
    expected = Counter(tuple(features.columns[row]) for row in features.isna().to_numpy())
    assert {pattern.columns: pattern.n_rows for pattern in gaps.patterns} == expected
    assert gaps.n_patterns == len(expected)
    assert gaps.n_whole == expected[()]


def test_only_the_most_frequent_patterns_are_told(stored_amounts):
    everything, few = find_gaps(stored_amounts, 10), find_gaps(stored_amounts, 2)
    assert few.patterns == everything.patterns[:2]
    assert few.n_patterns == everything.n_patterns


def test_a_table_without_gaps_has_one_pattern(store):
    random = np.random.default_rng(0)
    table = pd.DataFrame({"x": random.normal(size=50), "y": random.normal(size=50)})
    gaps = find_gaps(store(table, "y"), 5)
    assert gaps.missing == {}
    assert [(pattern.columns, pattern.n_rows) for pattern in gaps.patterns] == [((), 50)]
    assert gaps.n_whole == 50


def test_columns_that_miss_in_different_rows_are_told_apart(store):
    random = np.random.default_rng(0)
    table = pd.DataFrame(random.normal(size=(200, 80)), columns=[f"c{j}" for j in range(80)])
    table["y"] = random.normal(size=200)
    for i in range(160):
        table.iloc[i, i // 2] = np.nan
    gaps = find_gaps(store(table, "y"), 100)
    assert gaps.n_patterns == 81
    assert {pattern.n_rows for pattern in gaps.patterns if pattern.columns} == {2}
