import numpy as np
import pandas as pd
import pytest

from windvane.engine.exploration import relations as room
from windvane.engine.exploration.relations import (
    CRAMER,
    PEARSON,
    RATIO,
    find_relations,
    linear,
    strongest,
)


def pairs(found):
    return {frozenset((one.first, one.second)): one for one in found.pairs}


def test_the_strongest_pairs_come_first(stored_amounts):
    found = find_relations(stored_amounts, 50)
    assert {found.pairs[0].first, found.pairs[0].second} == {"size", "twice"}
    assert found.pairs[0].measure == PEARSON
    strengths = [abs(one.value) for one in found.pairs]
    assert strengths == sorted(strengths, reverse=True)


def test_numbers_go_by_pearson_with_the_target_first(stored_amounts, mixed):
    found = find_relations(stored_amounts, 50)
    assert found.numbers[0] == "amount"
    assert set(found.numbers) == {"amount", "size", "twice", "day"}
    expected = mixed[["amount", "size"]].corr().iloc[0, 1]
    assert pairs(found)[frozenset(("amount", "size"))].value == pytest.approx(expected)


def test_kinds_of_pairs_have_their_measures(stored_classes):
    told = pairs(find_relations(stored_classes, 50))
    assert told[frozenset(("y", "colour"))].measure == CRAMER
    assert told[frozenset(("y", "size"))].measure == RATIO
    assert told[frozenset(("colour", "day"))].measure == RATIO


def test_rare_categories_are_taken_as_one(store):
    random = np.random.default_rng(0)
    word = np.where(random.random(3000) < 0.5, "often", [f"w{i // 3}" for i in range(3000)])
    table = pd.DataFrame({"word": word, "x": (word == "often") * 5.0 + random.random(3000)})
    table["y"] = random.normal(size=3000)
    assert pairs(find_relations(store(table, "y"), 9))[frozenset(("word", "x"))].value > 0.9


def test_columns_left_out_of_a_wide_table_are_counted(store, monkeypatch):
    monkeypatch.setattr(room, "MOST_MIXED", 5)
    monkeypatch.setattr(room, "MOST_NUMBERS", 6)
    random = np.random.default_rng(0)
    table = pd.DataFrame(random.normal(size=(100, 9)), columns=[f"c{j}" for j in range(9)])
    table["y"] = random.normal(size=100)
    found = find_relations(store(table, "y"), 5)
    assert found.n_left_out == 4
    assert len(found.numbers) == 7


def test_pairs_that_could_not_be_measured_are_left_out():
    matrix = np.array([[1, -0.9, np.nan], [-0.9, 1, 0.2], [np.nan, 0.2, 1]])
    told = strongest(linear(["a", "b", "c"], matrix), 5)
    assert [(one.first, one.second, one.value) for one in told] == [
        ("a", "b", -0.9),
        ("b", "c", 0.2),
    ]
