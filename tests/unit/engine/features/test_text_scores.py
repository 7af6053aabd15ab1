"""Scores of texts for classes: what they tell of new texts, and that no row is scored with its own target."""

import numpy as np
import pytest

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.features import text_scores
from windvane.engine.features.plan import fit_transform_recipe, gram_tables, term_tables
from windvane.engine.features.recipe_data import RecipeData
from windvane.engine.features.terms import TermTable, grams_of, terms_and_grams_of
from windvane.engine.features.text_scores import _PENALTY, TextScores, _ridge
from windvane.errors import CorruptArtifact, RejectColumn

GOOD, BAD, ANY = "好吃极了很棒服务周到", "难吃太差失望冷漠再也", "我们昨天去这家店点了面"


def reviews(n, seed=0):
    """Texts without spaces, each of characters that everybody uses and some that tell its class."""
    random = np.random.default_rng(seed)
    y = random.integers(0, 2, n)
    told = [
        "".join(random.permutation([*random.choice([*ANY], 12), *random.choice([*side], 3)]))
        for side in np.where(y, GOOD, BAD)
    ]
    return np.array(told, object), y.astype(float)


def parts_of(n, n_parts=5):
    return np.random.default_rng(1).permutation(n) % n_parts


def test_new_texts_without_spaces_are_told_apart():
    texts, y = reviews(600)
    scores = TextScores("t", n_classes=2)
    scores.fit(texts, y)
    new, truth = reviews(300, seed=1)
    made = scores.transform(new)
    assert made.shape == (300, 1)
    assert ((made[:, 0] > 0) == truth).mean() > 0.95


def test_a_training_row_is_scored_without_its_own_target():
    random = np.random.default_rng(0)
    words = [f"w{i}" for i in range(60)]
    texts = np.array([" ".join(random.choice(words, 8)) for _ in range(400)], object)
    y = random.integers(0, 2, 400).astype(float)
    scores = TextScores("t", n_classes=2)
    honest = scores.fit_transform(texts, y, parts_of(400))[:, 0]
    fitted = scores.transform(texts)[:, 0]
    assert ((fitted > 0) == y).mean() > 0.8, "it can learn rows by heart"
    assert ((honest > 0) == y).mean() < 0.6


def test_scores_of_a_part_do_not_depend_on_its_targets():
    texts, y = reviews(200)
    parts = parts_of(200)
    other = np.where(parts == 3, 1 - y, y)
    inside = parts == 3
    first = TextScores("t", 2).fit_transform(texts, y, parts)[inside, 0]
    second = TextScores("t", 2).fit_transform(texts, other, parts)[inside, 0]
    assert np.corrcoef(first, second)[0, 1] > 0.999


@pytest.mark.parametrize("few_rows", [0, 1_000], ids=["by iterations", "by inverse"])
def test_scores_are_those_of_models_fitted_to_the_other_parts(few_rows, monkeypatch):
    monkeypatch.setattr(text_scores, "_FEW_ROWS", few_rows)
    texts, y = reviews(240)
    y[::3] = 2.0
    parts = parts_of(240)
    scores = TextScores("t", n_classes=3)
    made = scores.fit_transform(texts, y, parts)
    matrix, targets = TextScores("t", n_classes=3)._read(texts, y)
    dense = matrix.toarray()
    for part in range(5):
        inside = parts == part
        others, penalty = dense[~inside], _PENALTY * np.eye((~inside).sum())
        weights = np.linalg.solve(others @ others.T + penalty, targets[~inside])
        assert made[inside] == pytest.approx(dense[inside] @ others.T @ weights, abs=0.01)
    weights = np.linalg.solve(dense @ dense.T + _PENALTY * np.eye(240), targets)
    assert scores.directions_ == pytest.approx(dense.T @ weights, abs=0.01)


def test_each_frequent_class_has_a_score():
    random = np.random.default_rng(0)
    y = random.choice(4, 400, p=[0.4, 0.3, 0.2, 0.1])
    words = [["red", "crimson"], ["blue", "navy"], ["green", "lime"], ["grey", "ash"]]
    texts = np.array([f"it is {random.choice(words[k])} today" for k in y], object)
    scores = TextScores("t", n_classes=4)
    scores.fit(texts, y.astype(float))
    assert (scores.transform(texts).argmax(axis=1) == y).all()
    few = TextScores("t", n_classes=4, width=2)
    few.fit(texts, y.astype(float))
    assert few.transform(texts).shape == (400, 2)


def test_a_number_is_scored_too():
    texts = np.array([f"size {'very ' * (i % 3)}large" for i in range(90)], object)
    y = np.arange(90.0) % 3
    scores = TextScores("t")
    scores.fit(texts, y)
    assert np.corrcoef(scores.transform(texts)[:, 0], y)[0, 1] > 0.9


def test_a_typing_error_is_close_to_the_word():
    texts = np.array(["delivery was perfect", "delivery was terrible"] * 50, object)
    scores = TextScores("t", n_classes=2)
    scores.fit(texts, np.array([1.0, 0.0] * 50))
    good, bad = scores.transform(np.array(["perfectt", "terribly"], object))[:, 0]
    assert good > 0 > bad


def test_the_coefficients_are_those_of_ridge_regression():
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import Ridge

    random = np.random.default_rng(0)
    X = csr_matrix(random.random((60, 12)) * (random.random((60, 12)) > 0.5))
    Y = random.normal(size=(60, 2))
    wanted = Ridge(alpha=_PENALTY, fit_intercept=False).fit(X, Y).coef_.T
    np.testing.assert_allclose(_ridge(X, Y), wanted, atol=0.01)


@pytest.mark.parametrize("of_grams", [True, False])
def test_what_was_saved_finds_terms_in_the_same_way(of_grams):
    texts, y = reviews(80)
    texts = np.array([f"Lieferung {text}" for text in texts], object)
    scores = TextScores("t", 2, of_grams=of_grams)
    scores.fit(texts, y)
    again = TextScores.from_state(*scores.state())
    np.testing.assert_array_equal(again.transform(texts), scores.transform(texts))
    assert again.features() == scores.features()
    assert ("lief" in again.terms_) == of_grams


def test_scores_of_words_and_their_parts_that_earlier_versions_saved_are_read():
    texts, y = reviews(80)
    texts = np.array([f"Lieferung {text}" for text in texts], object)
    scores = TextScores("t", 2, table=TermTable(texts.tolist(), terms_and_grams_of))
    scores.fit(texts, y)
    told, arrays = scores.state()
    again = TextScores.from_state({**told, "words": "with-grams"}, arrays)
    known = scores.transform(texts)
    np.testing.assert_array_equal(again.transform(texts), known)
    assert np.ptp(known) > 0


@pytest.mark.parametrize("classes", [[0], [0, 1, -1], [0, 1, True], [0, 1, 10**9], "012", None])
def test_scores_of_classes_that_there_are_not_are_refused(classes):
    texts, y = reviews(80)
    y[::3] = 2.0
    scores = TextScores("t", 3)
    scores.fit(texts, y)
    assert [one.of_class for one in scores.features()] == [0, 1, 2]
    told, arrays = scores.state()
    with pytest.raises(CorruptArtifact, match="scores of column 't'"):
        TextScores.from_state({**told, "classes": classes}, arrays)
    earlier = {key: value for key, value in told.items() if key != "classes"}
    assert {one.of_class for one in TextScores.from_state(earlier, arrays).features()} == {None}


def test_texts_that_share_nothing_are_rejected():
    texts = np.array([f"{chr(0x4E00 + i)}" for i in range(50)], object)
    with pytest.raises(RejectColumn, match="share no words"):
        TextScores("t", 2).fit(texts, np.arange(50.0) % 2)


def test_only_a_column_of_texts_that_is_alone_has_scores_in_a_recipe():
    texts, y = reviews(200)
    text = ColumnSpec("text", ColumnType.TEXT, "")
    number = ColumnSpec("number", ColumnType.NUMERIC, "")
    columns = {"text": texts, "number": np.arange(200.0)}
    for specs, has_scores in (([text], True), ([text, number], False)):
        grams = gram_tables(specs, columns)
        assert (list(grams) == ["text"]) == has_scores
        data = RecipeData(specs, columns, y, 2, 0, tables=term_tables(specs, columns), grams=grams)
        recipe, X = fit_transform_recipe("dpp1", data)
        names = [feature.name for feature in recipe.features]
        assert ("text (score 1)" in names) == has_scores
        assert ("text (word score 1)" in names) == has_scores
        assert X.shape == (200, len(names))


@pytest.mark.slow
@pytest.mark.parametrize(("n_classes", "has_topics"), [(2, True), (30, False), (60, True)])
def test_a_linear_model_has_no_more_weights_of_topics_than_there_are_texts(n_classes, has_topics):
    """Beside scores of classes; of very many classes not all have one."""
    texts, _ = reviews(900)
    y = np.arange(900.0) % n_classes
    specs, columns = [ColumnSpec("text", ColumnType.TEXT, "")], {"text": texts}
    tables = term_tables(specs, columns)
    for recipe, has_some in (("dpp1", has_topics), ("dpp0", True)):
        data = RecipeData(specs, columns, y, n_classes, 0, tables=tables)
        names = [one.name for one in fit_transform_recipe(recipe, data)[0].features]
        assert any("topic" in name for name in names) == has_some
        assert sum("score" in name for name in names) == min(50, n_classes if n_classes > 2 else 1)


def test_a_table_of_terms_gives_the_same_scores():
    texts, y = reviews(120)
    table = TermTable(texts.tolist(), grams_of)
    alone, handed = TextScores("t", 2), TextScores("t", 2, table=table)
    for scores in (alone, handed):
        scores.fit(texts[:90], y[:90])
    assert handed.terms_ == alone.terms_
    np.testing.assert_array_equal(handed.transform(texts), alone.transform(texts))
