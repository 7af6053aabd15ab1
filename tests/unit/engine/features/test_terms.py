"""The terms of texts in scripts of all kinds."""

import re

import pytest

from windvane.engine.features.terms import (
    grams_of,
    plain_terms_of,
    terms_and_grams_of,
    terms_of,
    words_of,
)


@pytest.mark.parametrize(
    "text", ["See you at 8, ok?", "Straße_7 ÉTÉ", "привет, мир", "", "don't\nstop", "γεια σου"]
)
def test_scripts_with_spaces_have_the_words_that_they_always_had(text):
    assert words_of(text) == re.findall(r"\w+", text)
    assert tuple(terms_of(text)) == tuple(plain_terms_of(text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("我很喜欢", ["我", "很", "喜", "欢"]),
        ("iPhoneを買う", ["iPhone", "を", "買", "う"]),
        ("กินข้าว", list("กินข้าว")),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("مُحَمَّد كتب", ["مُحَمَّد", "كتب"]),
        ("cafe\u0301 noir", ["cafe\u0301", "noir"]),
    ],
)
def test_words_of_other_scripts_are_whole_or_characters(text, words):
    assert words_of(text) == words


def test_characters_without_spaces_make_pairs_and_triples():
    assert tuple(terms_of("很好吃")) == ("很", "好", "吃", "很 好", "好 吃", "很 好 吃")
    assert "ok 好 吃" not in terms_of("ok 好吃")


def test_grams_are_adjacent_characters_across_words():
    found = grams_of("To  GO!")
    assert {"t", "to", "o g", "to g", "go!", " "} < set(found)
    assert max(map(len, found)) == 4
    assert len(found) == 6 + 5 + 4 + 3


def test_grams_of_long_texts_reach_to_their_end():
    assert "zebr" in grams_of("a word " * 1000 + "zebra")


def test_grams_of_earlier_versions_are_parts_of_words_with_their_ends():
    found = terms_and_grams_of("To go")
    assert set(terms_of("To go")) <= set(found)
    assert {"\n to", "\nto ", "\n go", "\ngo ", "\n to ", "\n go "} < set(found)
    assert not any("o g" in one for one in found if one.startswith("\n"))


def test_grams_of_earlier_versions_are_of_the_beginning_alone():
    found = terms_and_grams_of("a word " * 1000 + "zebra")
    assert "zebra" in found
    assert "\nzebra" not in found
