"""Cells as text."""

import numpy as np
import pytest

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.cells import cell_texts


@pytest.mark.parametrize(
    ("kind", "values", "texts"),
    [
        (ColumnType.NUMERIC, [3.0, -0.1, np.nan, 1e300], ["3", "-0.1", "", "1e+300"]),
        (
            ColumnType.DATETIME,
            [0.0, 86_399.5, np.nan, 1e30],
            ["1970-01-01T00:00:00+00:00", "1970-01-01T23:59:59.500000+00:00", "", "1e+30"],
        ),
    ],
)
def test_numbers_and_dates_are_written_out(kind, values, texts):
    assert cell_texts(np.array(values), ColumnSpec("x", kind, "")) == texts


def test_words_stay_as_they_are():
    values = np.array(["red, blue", None, ""], object)
    spec = ColumnSpec("x", ColumnType.CATEGORICAL, "")
    assert cell_texts(values, spec) == ["red, blue", "", ""]
