from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from unit.engine.forecasting.conftest import make_panel, prepared_of

from windvane.engine.forecasting.future import with_future_rows
from windvane.engine.forecasting.prepared import PreparedSeries
from windvane.engine.forecasting.reading import CovariateEncoding
from windvane.errors import InvalidRequest


def prepared():
    panel = make_panel([[1, 2], [3, 4, 5]], "D", known=np.ones((5, 1)), future=np.empty((2, 0, 1)))
    spec = replace(prepared_of(panel, horizon=2).spec, known_covariates=("x",))
    return PreparedSeries(panel, spec, (CovariateEncoding("x"),), ())


def columns(rows):
    """Rows of (item, day of January 1970 from 1 on, x)."""
    return {
        "id": pa.chunked_array([[row[0] for row in rows]]),
        "t": pa.chunked_array([[f"1970-01-{row[1]:02d}" for row in rows]]),
        "x": pa.chunked_array([[float(row[2]) for row in rows]]),
    }


ROWS = [
    ("s000", 3, 7),
    ("s000", 4, 8),
    ("s001", 5, 9),
    ("s001", 4, 6),
    ("other", 4, 1),
    ("s000", 1, 0),
]


def test_rows_in_any_order_become_the_steps_ahead_of_their_series():
    made = with_future_rows(prepared(), columns(ROWS))
    assert made.future[:, :, 0].tolist() == [[7, 8], [6, 9]]


def test_a_step_without_a_row_is_named():
    with pytest.raises(
        InvalidRequest,
        match=r"'x' has no value for the item 's000' at 1970-01-04T00:00:00, step 2 of 2",
    ):
        with_future_rows(
            prepared(), columns([row for row in ROWS if row[1] != 4 or row[0] != "s000"])
        )


def test_a_column_that_is_not_there_is_named():
    given = columns(ROWS)
    del given["x"]
    with pytest.raises(InvalidRequest, match=r"no column 'x' \(the known covariate\)"):
        with_future_rows(prepared(), given)
