import numpy as np
import pandas as pd

from windvane.engine.exploration.stored import drawn_rows, text_lengths


def test_words_are_the_cells_of_the_column(stored_amounts, mixed):
    for name in ("colour", "said"):
        words = stored_amounts.words(name)
        texts = np.array([*words.texts.to_pylist(), None], dtype=object)
        expected = mixed[name].astype(object).where(mixed[name].notna(), None)
        assert texts[words.codes].tolist() == expected.tolist()


def test_lengths_of_texts_are_their_characters(store):
    random = np.random.default_rng(0)
    table = pd.DataFrame(
        {"word": ["ab", "äöü", "日本語日", None] * 50, "y": random.normal(size=200)}
    )
    words = store(table, "y").words("word")
    assert text_lengths(words)[words.codes[:3]].tolist() == [2, 3, 4]
    assert np.isnan(text_lengths(words)[words.codes[3]])


def test_features_come_by_what_they_tell_of_the_target_and_texts_last(stored_amounts):
    names = [column.name for column in stored_amounts.by_power]
    assert names[0] in ("size", "twice")
    assert names[-1] == "said"


def test_drawn_rows_are_different_rising_and_the_same_for_a_seed():
    rows = drawn_rows(1000, 100, 7)
    assert len(rows) == 100
    assert (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(rows, drawn_rows(1000, 100, 7))
    assert drawn_rows(5, 100, 7).tolist() == [0, 1, 2, 3, 4]
