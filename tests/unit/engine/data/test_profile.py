from __future__ import annotations

import numpy as np
import pytest

from windvane.engine.data.profile import describe_numbers
from windvane.testing.tables import Workshop


def test_statistics_of_every_kind_of_column(workshop: Workshop) -> None:
    rows = "".join(
        f"{i % 101},{'ab'[i % 2]},2020-01-{i % 28 + 1:02d},{'word ' * (i % 3 + 4)}{i},{i % 2}\n"
        for i in range(606)
    )
    analysis = workshop.analyse("number,letter,day,text,y\n" + rows + ",,,,1\n")
    found = analysis.statistics
    assert found["number"]["min"] == 0
    assert found["number"]["max"] == 100
    assert found["number"]["mean"] == 50
    assert found["number"]["quantiles"]["0.5"] == 50
    assert found["number"]["missing"] == 1
    assert found["letter"]["top"] == [["a", 303], ["b", 303]]
    assert found["letter"]["prediction_power"] == 1
    assert found["day"]["min"] == "2020-01-01T00:00:00+00:00"
    assert found["text"]["mean_words"] == 6
    assert found["y"]["top"] == [["0", 303], ["1", 304]]


@pytest.mark.parametrize(
    ("cells", "isolated"),
    [
        ([50.0], 1),
        ([50.0, 51, -70], 3),
        ([20.0, 60], 2),
        ([6.0, 7, 8, 9, 10, 11], 0),
        ([6.0, 7, 8, 9, 10, 30], 0),
        ([500.0] * 40, 40),
        ([500.0] * 80, 0),
    ],
    ids=[
        "one",
        "both ends",
        "two gaps",
        "no gap",
        "end of a tail",
        "a few",
        "a part of the column",
    ],
)
def test_isolated_cells_lie_beyond_a_gap(cells: list[float], isolated: int) -> None:
    ordinary = np.linspace(-1, 1, 1000)
    described = describe_numbers(np.array([*ordinary, *cells]))
    assert described["isolated"] == isolated
    assert described["outliers"] >= isolated


@pytest.mark.parametrize(
    ("numbers", "n_zeros", "nearest"),
    [
        ([0.0, 0, 3, 5], 2, 3),
        ([-4.0, 0, 5], 1, -4),
        ([-4.0, 3], 0, 3),
        ([-2.0, -1], 0, -1),
        ([0.0], 1, 0),
    ],
)
def test_zeros_are_counted_and_the_number_nearest_to_them_is_told(
    numbers: list[float], n_zeros: int, nearest: float
) -> None:
    described = describe_numbers(np.array(numbers))
    assert (described["zeros"], described["nearest_to_zero"]) == (n_zeros, nearest)


@pytest.mark.parametrize("largest", [1e-200, 1e200, 1.7e308])
def test_numbers_of_any_size_are_described(largest: float) -> None:
    values = np.random.default_rng(0).uniform(-1, 1, 500)
    small, large = describe_numbers(values), describe_numbers(values * largest)
    for name in ("min", "max", "mean", "std", "nearest_to_zero"):
        assert large[name] == pytest.approx(small[name] * largest, rel=1e-9, abs=0)
    assert large["skewness"] == pytest.approx(small["skewness"])
    assert large["quantiles"]["0.25"] == pytest.approx(
        small["quantiles"]["0.25"] * largest, rel=1e-9, abs=0
    )


def test_a_table_of_very_large_numbers_is_analysed(workshop: Workshop) -> None:
    numbers = np.random.default_rng(0).normal(size=(600, 2)) * 1e300
    rows = "".join(f"{x!r},{y!r}\n" for x, y in numbers.tolist())
    analysis = workshop.analyse("x,y\n" + rows)
    assert 0 <= analysis.statistics["x"]["prediction_power"] < 0.1
