"""Bodies to columns: a short body is no large table."""

import json

import pytest

from windvane.errors import InvalidRequest
from windvane.serving import request_rows
from windvane.serving.forecasting.request_columns import read_columns

WANTED = [f"c{i}" for i in range(50)]


@pytest.mark.parametrize("media", ["application/json", "application/jsonlines"])
def test_rows_that_leave_out_most_columns_do_not_become_a_large_table(media, monkeypatch):
    """A row that names every column, and a million that name none, were a milliard of cells."""
    rows = [dict.fromkeys(WANTED, "1"), *[{}] * 20]
    lines = [json.dumps(row) for row in rows]
    body = f"[{','.join(lines)}]" if media == "application/json" else "\n".join(lines)
    made = read_columns(body.encode(), media, WANTED)
    assert (len(made), len(made["c7"])) == (50, 21)
    monkeypatch.setattr(request_rows, "_MOST_LEFT_OUT", 100)
    with pytest.raises(InvalidRequest, match="21 rows, and the model 50 columns"):
        read_columns(body.encode(), media, WANTED)
