import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windvane.engine.features.terms import TermTable, terms_of
from windvane.engine.features.text import TextShape, TextTopics
from windvane.errors import CorruptArtifact, RejectColumn

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
_SUBJECT_TEXTS = _texts(60)[0].tolist()


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


def test_a_table_of_all_texts_tells_a_fit_nothing_of_the_others():
    texts = _texts(200)[0]
    texts[150:] = [f"{text} zebra zebra" for text in texts[150:]]
    alone, handed = TextTopics("t", 5), TextTopics("t", 5, table=TermTable(texts.tolist()))
    for topics in (alone, handed):
        topics.fit(texts[:150], None)
    assert handed.terms_ == alone.terms_
    assert "zebra" not in handed.terms_
    np.testing.assert_array_equal(handed.weights_, alone.weights_)
    np.testing.assert_array_equal(handed.directions_, alone.directions_)
    np.testing.assert_array_equal(handed.transform(texts), alone.transform(texts))


@settings(deadline=None)
@given(st.lists(st.text("cat dog\nbirdfish 7É", max_size=40), min_size=1, max_size=12))
def test_texts_of_the_table_give_the_vectors_that_serving_gives(drawn):
    texts = np.array([*_SUBJECT_TEXTS, *drawn, None], object)
    topics = TextTopics("t", 8, table=TermTable(texts.tolist()))
    topics.fit(texts[:-2], None)
    served = TextTopics.from_state(*topics.state())
    np.testing.assert_array_equal(topics.transform(texts), served.transform(texts))


def test_texts_are_searched_for_terms_once_for_all_fits():
    texts = _texts(100)[0]
    searched = []
    table = TermTable(texts.tolist(), lambda text: searched.append(text) or terms_of(text))
    for start in (0, 20, 40):
        topics = TextTopics("t", 5, table=table)
        topics.fit(texts[start : start + 60], None)
        topics.transform(texts)
    assert sorted(searched) == sorted(set(texts))


def test_texts_with_fewer_directions_than_asked_for_are_no_fault():
    topics = TextTopics("t", 50)
    topics.fit(np.array(["cat dog", "dog cat", "cat dog bird", "bird"] * 20, object), None)
    made = topics.transform(np.array(["cat dog", "bird"], object))
    assert np.isfinite(made).all()
    assert 1 <= made.shape[1] <= 4


def test_the_shape_counts_what_stands_in_the_text():
    row = TextShape("t").transform_one("AB, 12 ab")
    assert row == (np.log1p(9), np.log1p(3), 2 / 9, 2 / 9, 1 / 9)


def test_what_earlier_versions_saved_finds_words_as_they_did():
    texts = np.array(["हिन्दी 天気 good", "भाषा 天気 bad", "हिन्दी 気温 bad"] * 20, object)
    topics = TextTopics("t", 2)
    topics.fit(texts, None)
    state, arrays = topics.state()
    assert state.pop("words") == "any-script"
    earlier = TextTopics.from_state(state, arrays)
    assert list(earlier._terms_of("天気 good")) == ["天気", "good", "天気 good"]
    now = TextShape("t").transform_one("天気 हिन्दी")
    then = TextShape.from_state({"source": "t"}, {}).transform_one("天気 हिन्दी")
    assert np.expm1(now[1]) == pytest.approx(3)
    assert np.expm1(then[1]) == pytest.approx(4)


def test_a_saved_one_that_finds_words_in_no_known_way_is_refused():
    with pytest.raises(CorruptArtifact, match="found in an unknown way"):
        TextTopics.from_state({**TOPICS.state()[0], "words": "eval"}, TOPICS.state()[1])
