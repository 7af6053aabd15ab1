import numpy as np
import pytest

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.features.base import Feature
from windvane.engine.features.interactions import Pair
from windvane.engine.features.pairing import PairingData, choose_pairs


def _choose(columns, y, n_classes=0, types=None, most=8, seed=0):
    """Pairs chosen from columns that are features as they are."""
    specs = [ColumnSpec(name, (types or {}).get(name, ColumnType.NUMERIC), "") for name in columns]
    X = np.stack(list(columns.values()), axis=1).astype(np.float32)
    data = PairingData(
        X, [Feature(name, name) for name in columns], y, n_classes, seed, np.arange(len(y)) % 2
    )
    return choose_pairs(data, specs, columns, None, most)


def _columns(n=2_000, seed=3):
    generator = np.random.default_rng(seed)
    return generator, {name: generator.uniform(1, 9, n) for name in "abcd"}


def _target(columns, generator, n_classes):
    signal = columns["a"] / columns["b"] + columns["c"] / 9 + generator.normal(0, 0.1, 2_000)
    if not n_classes:
        return signal
    cuts = np.quantile(signal, np.arange(1, n_classes) / n_classes)
    return np.searchsorted(cuts, signal).astype(float)


@pytest.mark.parametrize("n_classes", [0, 2, 3, 9])
def test_the_ratio_that_tells_the_target_is_found(n_classes):
    generator, columns = _columns()
    y = _target(columns, generator, n_classes)
    chosen = _choose(columns, y, n_classes)
    assert {Pair("a", "b", "/"), Pair("b", "a", "/")} & set(chosen[:3])
    assert len(chosen) <= 8


def test_the_same_rows_choose_the_same():
    generator, columns = _columns()
    y = _target(columns, generator, 0)
    assert _choose(columns, y) == _choose(columns, y)


@pytest.mark.parametrize("seed", range(3))
def test_where_single_columns_say_it_all_none_is_chosen(seed):
    generator, columns = _columns(seed=seed)
    y = np.floor(columns["a"]) + np.floor(columns["b"] / 4) + generator.normal(0, 1, 2_000)
    assert _choose(columns, y, seed=seed) == []


@pytest.mark.parametrize("y", [np.zeros(2_000), np.random.default_rng(0).normal(size=2_000)])
def test_a_target_that_nothing_tells_chooses_none(y):
    assert _choose(_columns()[1], y) == []


@pytest.mark.parametrize("scale", [1e300, 1e-300])
def test_the_unit_of_the_target_does_not_matter(scale):
    generator, columns = _columns()
    y = _target(columns, generator, 0)
    power_of_two = 2.0 ** round(np.log2(scale))
    assert _choose(columns, y * power_of_two) == _choose(columns, y) != []


def test_dates_are_only_subtracted():
    generator, columns = _columns()
    start = generator.uniform(1e9, 1.1e9, 2_000)
    columns |= {"start": start, "end": start + generator.uniform(0, 1e6, 2_000)}
    y = (columns["end"] - columns["start"]) / 1e5 + generator.normal(0, 0.1, 2_000)
    types = dict.fromkeys(("start", "end"), ColumnType.DATETIME)
    chosen = _choose(columns, y, types=types)
    of_dates = [one for one in chosen if {one.first, one.second} & set(types)]
    assert [({one.first, one.second}, one.operation) for one in of_dates] == [(set(types), "-")]


def test_categories_are_not_paired():
    generator, columns = _columns()
    y = _target(columns, generator, 0)
    assert all(
        "a" not in (one.first, one.second)
        for one in _choose(columns, y, types={"a": ColumnType.CATEGORICAL})
    )


def test_too_few_rows_or_no_room_choose_none():
    generator, columns = _columns()
    y = _target(columns, generator, 0)
    assert _choose(columns, y, most=0) == []
    assert _choose({name: values[:150] for name, values in columns.items()}, y[:150]) == []
