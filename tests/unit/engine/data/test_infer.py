from __future__ import annotations

import random

import pyarrow as pa
import pytest

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.encoded import encode
from windvane.engine.data.infer import infer_column

N = 400
_RNG = random.Random(3)
_WORDS = [
    "the",
    "quick",
    "brown",
    "fox",
    "jumps",
    "over",
    "a",
    "lazy",
    "dog",
    "while",
    "seven",
    "wizards",
    "watch",
    "from",
    "afar",
]


def spec_of(name: str, cells: list[str | None]) -> ColumnSpec:
    return infer_column(encode(name, pa.chunked_array([pa.array(cells, pa.string())])))


def many(choices: list[str]) -> list[str | None]:
    return [_RNG.choice(choices) for _ in range(N)]


def sentence() -> str:
    return " ".join(_RNG.choices(_WORDS, k=_RNG.randint(5, 12)))


COLUMNS: list[tuple[str, list[str | None], ColumnType]] = [
    ("age", [str(_RNG.randint(18, 90)) for _ in range(N)], ColumnType.NUMERIC),
    ("rating", many(["1", "2", "3", "4", "5"]), ColumnType.NUMERIC),
    ("flag", many(["0", "1"]), ColumnType.NUMERIC),
    ("year", many(["1999", "2000", "2001", "2013"]), ColumnType.NUMERIC),
    (
        "price",
        [f"${_RNG.randint(1, 9)},{_RNG.randint(100, 999)}.00" for _ in range(N)],
        ColumnType.NUMERIC,
    ),
    ("share", [f"{_RNG.randint(0, 100)}%" for _ in range(N)], ColumnType.NUMERIC),
    ("weight", [f"{_RNG.randint(40, 99)} kg" for _ in range(N)], ColumnType.NUMERIC),
    (
        "betrag",
        [f"{_RNG.randint(1, 99)},{_RNG.randint(10, 99)}" for _ in range(N)],
        ColumnType.NUMERIC,
    ),
    ("score", [f"{_RNG.gauss(0, 1):.12f}" for _ in range(N)], ColumnType.NUMERIC),
    ("lat", [f"{_RNG.uniform(-90, 90):.6f}" for _ in range(N)], ColumnType.NUMERIC),
    ("salary", [str(_RNG.randint(20_000, 9_000_000)) for _ in range(N)], ColumnType.NUMERIC),
    ("count", many(["1", "2", "3", "?", "NA", ""]), ColumnType.NUMERIC),
    ("zip", [f"{_RNG.randint(501, 99950):05d}" for _ in range(N)], ColumnType.CATEGORICAL),
    ("zipcode", many(["10001", "94103", "60601", "33101"]), ColumnType.CATEGORICAL),
    ("branch", many(["007", "012", "105"]), ColumnType.CATEGORICAL),
    ("store_id", many(["1", "2", "3", "17", "40"]), ColumnType.CATEGORICAL),
    ("colour", many(["red", "green", "blue"]), ColumnType.CATEGORICAL),
    ("member", many(["Yes", "No"]), ColumnType.CATEGORICAL),
    ("active", many(["True", "False"]), ColumnType.CATEGORICAL),
    ("region", many(["NA", "EU", "AS"]), ColumnType.CATEGORICAL),
    ("size", many(["S", "M", "L", "XL", "10", "12"]), ColumnType.CATEGORICAL),
    ("range", many(["0-10", "10-20", "20-30"]), ColumnType.CATEGORICAL),
    ("time", many(["3rd", "5th", "8th"]), ColumnType.CATEGORICAL),
    ("city", many([f"City {i}" for i in range(60)]), ColumnType.CATEGORICAL),
    ("gone", ["x" if i % 3 else None for i in range(N)], ColumnType.CATEGORICAL),
    ("only5", ["5" if i % 3 else None for i in range(N)], ColumnType.CATEGORICAL),
    ("id", [str(i) for i in range(1, N + 1)], ColumnType.IDENTIFIER),
    ("customer_id", [str(_RNG.randint(10**6, 10**9)) for _ in range(N)], ColumnType.IDENTIFIER),
    ("uuid", [f"{_RNG.getrandbits(128):032x}" for _ in range(N)], ColumnType.IDENTIFIER),
    ("key", [f"AB-{_RNG.getrandbits(40):010x}" for _ in range(N)], ColumnType.IDENTIFIER),
    ("email", [f"u{i}@example.org" for i in range(N)], ColumnType.IDENTIFIER),
    ("phone", [f"555{_RNG.randint(10**6, 10**7 - 1)}" for _ in range(N)], ColumnType.IDENTIFIER),
    ("comment", [sentence() for _ in range(N)], ColumnType.TEXT),
    (
        "title",
        [f"{_RNG.choice(_WORDS)} {_RNG.choice(_WORDS)} {i}" for i in range(N)],
        ColumnType.TEXT,
    ),
    ("day", [f"2020-01-{_RNG.randint(1, 28):02d}" for _ in range(N)], ColumnType.DATETIME),
    (
        "when",
        [f"{_RNG.randint(1, 12)}/{_RNG.randint(1, 28)}/2020 10:00" for _ in range(N)],
        ColumnType.DATETIME,
    ),
    (
        "date",
        [f"2020{_RNG.randint(1, 12):02d}{_RNG.randint(1, 28):02d}" for _ in range(N)],
        ColumnType.DATETIME,
    ),
    ("timestamp", [str(1_600_000_000 + 977 * i) for i in range(N)], ColumnType.DATETIME),
    ("empty", [None] * N, ColumnType.CONSTANT),
    ("blank", [" "] * N, ColumnType.CONSTANT),
    ("same", ["7"] * N, ColumnType.CONSTANT),
    ("nothing", ["NA"] * N, ColumnType.CONSTANT),
]


@pytest.mark.parametrize(("name", "cells", "expected"), COLUMNS, ids=[c[0] for c in COLUMNS])
def test_a_column_gets_the_type_a_person_would_give(
    name: str, cells: list[str | None], expected: ColumnType
) -> None:
    spec = spec_of(name, cells)
    assert spec.type is expected, spec.reason
    assert spec.reason


def test_the_reason_counts_what_was_seen() -> None:
    spec = spec_of("zip", [f"{i:05d}" for i in range(200)] * 2)
    assert spec.reason == "digits with leading zeros such as '00000': a code, not a quantity"


def test_a_question_mark_among_words_is_missing_and_unknown_is_a_word() -> None:
    spec = spec_of("job", many(["clerk", "cook", "?", "unknown"]))
    assert spec.parse == {"missing": ["?"]}
    assert "'?'" in spec.reason


def test_a_rare_word_does_not_turn_numbers_into_categories() -> None:
    spec = spec_of("age", [*(str(i % 70) for i in range(399)), "forty"])
    assert spec.type is ColumnType.NUMERIC


def test_many_words_among_numbers_make_categories() -> None:
    spec = spec_of("size", many(["10", "12", "14", "small", "large"]))
    assert spec.type is ColumnType.CATEGORICAL
