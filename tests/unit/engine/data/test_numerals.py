from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from windvane.engine.data.notation import find_numbers
from windvane.engine.data.numerals import Notation, number_reader


@pytest.mark.parametrize(
    ("text", "number"),
    [("1", 1), ("-2.50", -2.5), ("+.5", 0.5), ("5.", 5), ("1e3", 1000), ("1E-2", 0.01)],
)
def test_plain_numbers_are_read(text: str, number: float) -> None:
    assert number_reader(Notation())(text) == number


@pytest.mark.parametrize(
    "text", ["", "abc", "1_000", "0x10", "nan", "inf", "1e999", "1 2", "٣", "-"]
)
def test_other_texts_are_no_plain_numbers(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        number_reader(Notation())(text)


@pytest.mark.parametrize(
    ("texts", "notation", "numbers"),
    [
        (["1,234", "12", "1,234,567.5"], Notation(thousands=","), [1234, 12, 1234567.5]),
        (["1,5", "0,25", "-3"], Notation(decimal=","), [1.5, 0.25, -3]),
        (["0,123", "0,456"], Notation(decimal=","), [0.123, 0.456]),
        (["1.234,5", "2.000"], Notation(thousands=".", decimal=","), [1234.5, 2000]),
        (["$1,200.50", "-$5", "($3)"], Notation(thousands=",", affix="money"), [1200.5, -5, -3]),
        (["12 €", "1.300,20 €"], Notation(".", ",", "money"), [12, 1300.2]),
        (["45%", "12.5 %"], Notation(affix="%"), [45, 12.5]),
        (["1 234,5", "12"], Notation(" ", ","), [1234.5, 12]),
        (["1'234", "12"], Notation("'"), [1234, 12]),
    ],
)
def test_the_notation_of_a_column_is_found(
    texts: list[str], notation: Notation, numbers: list[float]
) -> None:
    found = find_numbers(texts, np.ones(len(texts), dtype=np.int64), 1.0)
    assert found is not None
    assert found.notation == notation
    assert [number_reader(notation)(text) for text in texts] == numbers


def test_a_unit_after_every_number_is_found() -> None:
    texts = [f"{i}.5 km" for i in range(30)]
    found = find_numbers(texts, np.ones(30, dtype=np.int64), 1.0)
    assert found is not None
    assert found.notation == Notation(affix="km")
    assert number_reader(found.notation)("7.5 km") == 7.5


@pytest.mark.parametrize("texts", [["a1", "a2"], ["1-2", "3-4"], ["1.2.3", "4.5.6"], ["12:30"]])
def test_words_with_digits_are_no_numbers(texts: list[str]) -> None:
    assert find_numbers(texts, np.ones(len(texts), dtype=np.int64), 0.95) is None


def test_few_words_among_numbers_are_told() -> None:
    texts, counts = ["1", "2", "many"], np.array([60, 39, 1])
    found = find_numbers(texts, counts, 0.95)
    assert found is not None
    assert found.unreadable == {"many": 1}


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_float_survives_writing_and_reading(number: float) -> None:
    assert number_reader(Notation())(repr(number)) == number


@given(st.integers(-(10**12), 10**12))
def test_any_integer_survives_thousands_separators(number: int) -> None:
    assert number_reader(Notation(thousands=","))(f"{number:,}") == number


@given(st.sampled_from([Notation(".", ",", "money"), Notation(" "), Notation(affix="km")]))
def test_a_notation_survives_json(notation: Notation) -> None:
    assert Notation.from_json(notation.to_json()) == notation
