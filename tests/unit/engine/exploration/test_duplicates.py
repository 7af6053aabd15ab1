import pandas as pd

from windvane.engine.exploration.duplicates import find_duplicate_rows


def test_rows_that_repeat_are_counted_as_pandas_counts_them(store, mixed):
    table = pd.concat([mixed.iloc[:200], mixed.iloc[:30], mixed.iloc[:10]], ignore_index=True)
    table = table.drop(columns="y")
    repeats = find_duplicate_rows(store(table, "amount"), 3)
    assert repeats.n_copies == table.duplicated().sum() == 40
    assert repeats.n_rows == table.duplicated(keep=False).sum() == 70
    assert [times for _, times in repeats.often] == [3, 3, 3]
    assert all(row % 200 < 10 or row in range(230, 240) for row, _ in repeats.often)


def test_identifiers_do_not_make_rows_different(store, mixed):
    table = pd.concat([mixed, mixed.iloc[:50]], ignore_index=True).drop(columns="y")
    table.insert(0, "key", [f"k{i}" for i in range(len(table))])
    assert find_duplicate_rows(store(table, "amount"), 5).n_copies == 50


def test_a_table_without_repeats_has_none(stored_amounts):
    repeats = find_duplicate_rows(stored_amounts, 5)
    assert (repeats.n_copies, repeats.n_rows, repeats.often) == (0, 0, ())
