"""The transformer contract over every transformer, for cells met in training and cells never met."""

import numpy as np
import pytest

from windvane.engine.features.recipe import TRANSFORMERS
from windvane.testing.transformer_contract import CONTRACT

GENERATOR = np.random.default_rng(5)


def _numbers(n):
    values = GENERATOR.lognormal(3, 2, n)
    values[::9] = np.nan
    return values


def _dates(n):
    values = GENERATOR.uniform(9e8, 1.6e9, n)
    values[::9] = np.nan
    return values


def _categories(n):
    names = [f"c{i}" for i in range(40)] + [None, "", "ä ⛵", "\ud800", "a\x00b", "../x"]
    return GENERATOR.choice(np.array(names, object), n)


def _texts(n):
    words = ["Red", "green", "blue", "cat", "dog", "7", "42", "--", "zwölf", "猫"]
    texts = [" ".join(GENERATOR.choice(words, GENERATOR.integers(0, 9))) for _ in range(n)]
    return np.array([None, *texts[1:]], object)


STRANGE = {
    "numeric": np.array([np.nan, 0.0, -0.0, 1e300, -1e300, np.inf, -np.inf, 5e-324, 2.5]),
    "datetime": np.array([np.nan, 0.0, -1.0, -0.5, 951782399.9, 1e300, -1e300, np.inf, 1.7e9]),
    "categorical": np.array([None, "never met", "", "c1", "\ud800", "C1", "a\x00b"], object),
    "text": np.array([None, "", "unknown only", "red red RED cat", "\ud800 dog", "x" * 9], object),
}
CELLS = {"numeric": _numbers, "datetime": _dates, "categorical": _categories, "text": _texts}


def _type_of(transformer):
    module = transformer.__module__.rpartition(".")[2]
    return {"dates": "datetime", "text_scores": "text"}.get(module, module)


@pytest.fixture(params=TRANSFORMERS, ids=lambda transformer: transformer.kind)
def fitted(request):
    kind = _type_of(request.param)
    transformer = request.param("column/with\n'odd\" name")
    y = GENERATOR.integers(0, 2, 300).astype(float)
    transformer.fit(CELLS[kind](300), y)
    return transformer


@pytest.mark.parametrize("clause", CONTRACT, ids=lambda clause: clause.__name__)
def test_transformers_keep_their_contract_for_ordinary_cells(clause, fitted, tmp_path):
    clause(fitted, CELLS[_type_of(type(fitted))](80), tmp_path)


@pytest.mark.parametrize("clause", CONTRACT, ids=lambda clause: clause.__name__)
def test_transformers_keep_their_contract_for_strange_cells(clause, fitted, tmp_path):
    clause(fitted, STRANGE[_type_of(type(fitted))], tmp_path)
