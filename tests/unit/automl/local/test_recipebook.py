"""How far the recipes of a job are fitted."""

from windvane.automl.local.recipebook import Features, Fitting, RecipeBook
from windvane.process.child import Ending, Exit

DONE = Exit(Ending.FINISHED)


def _fitted(n_fits):
    book = RecipeBook()
    book.begin(Features("dpp0", n_fits))
    book.end(Features("dpp0", n_fits), DONE)
    return book


def test_a_recipe_is_ready_for_as_many_folds_as_it_was_fitted_to():
    book = _fitted(3)
    assert book.state("dpp0", 3) is Fitting.READY
    assert book.state("dpp0", 5) is None
    assert book.fitted == ["dpp0"]


def test_work_on_a_recipe_begins_once():
    book = RecipeBook()
    assert book.state("dpp0", 1) is None
    assert book.unknown(["dpp0", "dpp1"]) == "dpp0"
    book.begin(Features("dpp0", 1))
    assert book.state("dpp0", 1) is Fitting.UNDER_WAY
    assert book.unknown(["dpp0", "dpp1"]) == "dpp1"
    assert book.unknown(["dpp0"]) is None


def test_a_recipe_that_fails_says_why_and_is_not_begun_again():
    book = RecipeBook()
    book.begin(Features("dpp9", 1))
    book.end(Features("dpp9", 1), Exit(Ending.FAILED, "no column is of use"))
    assert book.state("dpp9", 1) is Fitting.FAILED
    assert book.reason("dpp9") == "The feature recipe dpp9 failed: no column is of use"
    assert book.fitted == []


def test_a_recipe_stays_fitted_while_further_folds_are_made():
    book = _fitted(1)
    book.begin(Features("dpp0", 5))
    assert book.fitted == ["dpp0"]
    assert book.fit_s(["dpp0"]) >= 0.0
    assert book.fit_s([]) == 0.0
