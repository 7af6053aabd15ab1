"""A table of which a column of texts is all that is learnt from."""

import numpy as np
import pytest

from windvane.domain.problem import MetricName, ProblemSpec, ProblemType
from windvane.engine.columns import ColumnType
from windvane.errors import DataFault

TEXTS = ProblemSpec("kind", objective=MetricName.ACCURACY, text_column="text")
WORDS = ["rain", "sun", "wind", "snow", "cloud", "storm", "fog", "frost", "hail", "thaw"]


def table(kinds, text=None, n_rows=600):
    random = np.random.default_rng(0)
    told = text or (lambda i: " ".join(random.choice(WORDS, 6)) + f" {i}")
    rows = (f"{i},{told(i)},{i % 7},{kinds[i % len(kinds)]}" for i in range(n_rows))
    return "id,text,noise,kind\n" + "\n".join(rows) + "\n"


def test_other_columns_are_not_even_read(workshop):
    analysis = workshop.analyse(table(["a", "b", "c"]), problem=TEXTS)
    assert [(one.name, one.type) for one in analysis.columns] == [("text", ColumnType.TEXT)]
    assert analysis.problem_type is ProblemType.MULTICLASS
    assert analysis.objective is MetricName.ACCURACY


def test_texts_that_look_like_categories_or_numbers_are_texts(workshop):
    analysis = workshop.analyse(table(["a", "b"], lambda i: str(i % 5)), problem=TEXTS)
    assert analysis.columns[0].type is ColumnType.TEXT
    assert analysis.problem_type is ProblemType.BINARY


def test_classes_may_be_any_numbers(workshop):
    analysis = workshop.analyse(table([f"{n}.5" for n in range(30)]), problem=TEXTS)
    assert analysis.problem_type is ProblemType.MULTICLASS
    assert analysis.n_classes == 30
    assert "the objective is Accuracy" in analysis.problem_reason


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (table(["a"]), "only one"),
        (table(["a", "b"], lambda _: ""), "'text'"),
        (table(["a", "b"]).replace("text", "message", 1), "The content column 'text' is not"),
        (table(["a", "b"]).replace("kind", "class", 1), "The target column 'kind' is not"),
        (table([""]), "The target column 'kind' is empty in all 600 rows"),
        (table([f"c{n}" for n in range(600)]), "has a single row"),
        (table([f"{n}.5" for n in range(2100)], n_rows=4200), "at most 2000 classes"),
        (table(["a", "b"], n_rows=400), "At least 500 are needed"),
    ],
)
def test_what_cannot_be_learnt_from_is_told(text, told, workshop):
    with pytest.raises(DataFault) as raised:
        workshop.analyse(text, problem=TEXTS)
    assert told in str(raised.value)
