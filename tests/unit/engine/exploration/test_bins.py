import numpy as np
import pandas as pd
import pytest

from windvane.engine.exploration import bins as room
from windvane.engine.exploration.bins import bins_of, histogram


def column(table, name):
    return next(one for one in table.analysis.features if one.name == name)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(room, "BLOCK_ROWS", 64)


def test_bins_of_numbers_hold_the_rows_and_the_mean_target(stored_amounts, mixed):
    bins = bins_of(stored_amounts, column(stored_amounts, "size"))
    assert bins.labels[-1] == "missing"
    assert bins.counts[-1] == mixed["size"].isna().sum()
    assert bins.counts.sum() == len(mixed)
    start, end = map(float, bins.labels[3].split(" to "))
    inside = mixed["size"].between(start, end, inclusive="left")
    assert bins.counts[3] == inside.sum()
    assert bins.targets[3, 0] == pytest.approx(mixed["amount"][inside].mean())
    assert bins.targets[-1, 0] == pytest.approx(mixed["amount"][mixed["size"].isna()].mean())
    assert bins.n_ordered == len(bins.labels) - 1


def test_bins_of_categories_hold_the_shares_of_classes(stored_classes, mixed):
    bins = bins_of(stored_classes, column(stored_classes, "colour"))
    assert bins.labels == ("red", "green", "blue", "missing")
    assert bins.n_ordered == 0
    shares = (mixed["y"] == "yes").groupby(mixed["colour"].fillna("missing")).mean()
    np.testing.assert_allclose(bins.targets[:, 1], [shares[name] for name in bins.labels])
    np.testing.assert_allclose(bins.targets.sum(axis=1), 1)


def test_bins_of_dates_begin_at_midnight(stored_amounts):
    bins = bins_of(stored_amounts, column(stored_amounts, "day"))
    assert len(bins.labels) > 10
    assert all(
        len(label.split(" to ")[0].removeprefix("below ").removeprefix("from ")) == 10
        for label in bins.labels
    )


def test_texts_are_binned_by_their_length(stored_amounts, mixed):
    bins = bins_of(stored_amounts, column(stored_amounts, "said"))
    start, end = map(float, bins.labels[2].split(" to "))
    assert bins.counts[2] == mixed["said"].str.len().between(start, end, inclusive="left").sum()


def test_many_categories_are_the_most_frequent_and_the_others(store):
    random = np.random.default_rng(0)
    words = [f"w{int(i)}" for i in random.geometric(0.1, 800)]
    table = pd.DataFrame({"word": words, "y": random.normal(size=800)})
    counted = table["word"].value_counts()
    stored = store(table, "y")
    bins = bins_of(stored, column(stored, "word"))
    assert bins.counts[:11].tolist() == counted.to_list()[:11]
    assert bins.labels[-1] == f"{len(counted) - 11} others"
    assert bins.counts[-1] == sum(counted.to_list()[11:])


def test_few_numbers_have_a_bin_each(store):
    table = pd.DataFrame({"x": [1, 2, 3, 10] * 50, "y": np.linspace(0, 1, 200)})
    stored = store(table, "y")
    bins = bins_of(stored, column(stored, "x"))
    assert bins.labels == ("1", "2", "3", "10")
    assert bins.counts.tolist() == [50] * 4


@pytest.mark.parametrize(
    "values",
    [
        np.random.default_rng(0).lognormal(0, 3, 1000),
        np.where(np.arange(1000) % 50, 0.0, np.arange(1000)),
        1e15 + np.arange(1000.0),
        np.arange(1000) * 1e305,
        np.arange(1000) * 1e-310,
        1e300 + np.arange(1000) * 1e285,
        np.array([3.0, 5.0]),
        np.array([7.0]),
    ],
    ids=["tail", "zeros", "far", "huge", "tiny", "far and huge", "two", "one"],
)
def test_a_histogram_counts_every_number_once(values):
    bins = histogram(values, np.arange(len(values)))
    assert bins.counts.sum() == len(values)
    assert len(bins.labels) == len(bins.ticks) == len(bins.counts) <= 25


def test_a_histogram_has_round_edges():
    bins = histogram(np.linspace(0, 983, 5000), np.arange(5000))
    assert bins.labels[:3] == ("below 50", "50 to 100", "100 to 150")
    assert bins.ticks[:3] == ("below 50", "50", "100")
    assert bins.counts[1] == pytest.approx(5000 * 50 / 983, abs=1.5)
