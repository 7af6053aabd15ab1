import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windvane.engine.features.text import TextShape, TextTopics
from windvane.errors import RejectColumn

GENERATOR = np.random.default_rng(0)
SUBJECTS = [
    ["cat", "dog", "bird", "fish", "horse", "cow"],
    ["bond", "stock", "loan", "bank", "credit", "fund"],
]


def _texts(n):
    subject = GENERATOR.integers(0, 2, n)
    texts = [" ".join(GENERATOR.choice(SUBJECTS[k], 6)) for k in subject]
    return np.array(texts, object), subject


def _fitted(width=8):
    topics = TextTopics("t", width)
    topics.fit(_texts(300)[0], None)
    return topics


TOPICS = _fitted()


def test_texts_on_different_subjects_are_apart():
    texts, subject = _texts(200)
    first = TOPICS.transform(texts)[:, :2]
    best = max(abs(np.corrcoef(column, subject)[0, 1]) for column in first.T)
    assert best > 0.95


def test_it_is_the_truncated_svd_of_scikit_learns_tfidf():
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = _texts(300)[0]
    topics = TextTopics("t", 5)
    topics.fit(texts, None)
    vectorizer = TfidfVectorizer(
        token_pattern=r"\w+", ngram_range=(1, 2), sublinear_tf=True, vocabulary=topics.terms_
    )
    matrix = vectorizer.fit_transform(texts)
    expected = TruncatedSVD(5, algorithm="arpack", random_state=0).fit_transform(matrix)
    expected /= expected.std(axis=0)
    made = topics.transform(texts)
    for j in range(3):
        assert abs(np.corrcoef(made[:, j], expected[:, j])[0, 1]) > 0.99


@settings(deadline=None)
@given(st.lists(st.text("cat dog\nbirdfish 7É", max_size=40), max_size=12))
def test_a_text_gives_the_same_vector_alone_and_among_others(texts):
    whole = TOPICS.transform(np.array(texts, object))
    alone = [TOPICS.transform_one(text) for text in texts]
    np.testing.assert_array_equal(np.array(alone, np.float32).reshape(whole.shape), whole)


def test_a_missing_text_or_one_of_unknown_words_is_zero():
    made = TOPICS.transform(np.array([None, "", "zebra"], object))
    assert not made.any()


def test_the_same_seed_gives_the_same_directions():
    texts = _texts(100)[0]
    first, second = TextTopics("t", 5, seed=4), TextTopics("t", 5, seed=4)
    first.fit(texts, None)
    second.fit(texts, None)
    np.testing.assert_array_equal(first.directions_, second.directions_)


def test_texts_that_share_no_words_are_rejected():
    with pytest.raises(RejectColumn, match="share too few words"):
        TextTopics("t").fit(np.array([f"word{i}" for i in range(50)], object), None)


def test_the_shape_counts_what_stands_in_the_text():
    row = TextShape("t").transform_one("AB, 12 ab")
    assert row == (np.log1p(9), np.log1p(3), 2 / 9, 2 / 9, 1 / 9)
