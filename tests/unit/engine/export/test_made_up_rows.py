"""Rows that a model can be asked about, made of what its columns usually hold."""

import numpy as np

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.parse import parse_cells
from windvane.engine.data.sketch import ColumnSketch
from windvane.engine.export.made_up_rows import N_ROWS, made_up_rows, terms_of
from windvane.engine.features.numeric import Number
from windvane.engine.features.recipe import Recipe
from windvane.engine.features.text import TextTopics

COLUMNS = (
    ColumnSpec("n", ColumnType.NUMERIC, ""),
    ColumnSpec("c", ColumnType.CATEGORICAL, ""),
    ColumnSpec("d", ColumnType.DATETIME, "", {"formats": ["%Y-%m-%d"]}),
    ColumnSpec("t", ColumnType.TEXT, ""),
    ColumnSpec("id", ColumnType.IDENTIFIER, ""),
)
SKETCH = {
    "n": ColumnSketch(typical="2", least="-1", most="9", drawn=(2.5, None)),
    "c": ColumnSketch(typical="red", values=("red", "blue"), drawn=("green",)),
    "d": ColumnSketch(typical="2024-01-05", least="2024-01-01", most="2024-02-01", drawn=(0.0,)),
    "t": ColumnSketch(typical="a text"),
}


def test_rows_have_what_columns_usually_hold_and_what_they_never_had():
    rows = made_up_rows(COLUMNS, SKETCH)
    assert len(rows) == N_ROWS
    cells = [set(column) for column in zip(*rows, strict=True)]
    assert cells[0] == {"", "2", "-1", "9", "2.5", "0", "1"}
    assert cells[1] == {"", "red", "blue", "green", "never seen before", "red never seen before"}
    assert cells[2] == {"", "2024-01-05", "2024-01-01", "2024-02-01", "1970-01-01"}
    assert cells[3] == {"", "a text", "never seen before", "a text never seen before"}
    assert cells[4] == {""}


def test_every_cell_can_be_read():
    for spec, column in zip(COLUMNS, zip(*made_up_rows(COLUMNS, SKETCH), strict=True), strict=True):
        parse_cells(column, spec)


def test_the_same_seed_makes_the_same_rows():
    assert made_up_rows(COLUMNS, SKETCH, seed=3) == made_up_rows(COLUMNS, SKETCH, seed=3)
    assert made_up_rows(COLUMNS, SKETCH, seed=3) != made_up_rows(COLUMNS, SKETCH, seed=4)


def test_nothing_need_be_known_of_the_columns():
    cells = [set(column) for column in zip(*made_up_rows(COLUMNS, {}), strict=True)]
    assert cells[0] == {"", "0", "1"}
    assert cells[2] == {""}


def test_texts_are_of_words_that_the_model_knows():
    texts = np.array(["good food and wine", "bad food", "good wine", "bad service"] * 5, object)
    topics = TextTopics("t")
    topics.fit(texts, None)
    recipe = Recipe("r", [("n", Number("n")), ("t", topics)], {})
    terms = terms_of([recipe])
    assert set(terms) == {"t"}
    assert {"good", "wine"} <= set(terms["t"])
    column = [row[3] for row in made_up_rows(COLUMNS, SKETCH, terms)]
    assert sum("good" in text for text in column) > N_ROWS / 10
