"""Errors by segment in a model insights report."""

from __future__ import annotations

from windvane.engine.quality.segments_section import MOST_SHOWN, segments_section


def _column(name, errors, **more):
    segments = [
        {"label": f"{name} {place}", "rows": rows, "error": error, "low": 0.0, "high": 1.0, **more}
        for place, (rows, error) in enumerate(errors)
    ]
    return {"name": name, "type": "categorical", "segments": segments}


def _document(columns, *, is_share):
    measure = "error rate" if is_share else "mean absolute error"
    overall = {"rows": 100, "error": 0.2}
    return {"measure": measure, "is_share": is_share, "overall": overall, "columns": columns}


def test_columns_that_differ_most_come_first_and_few_rows_do_not_count():
    counts = {"positive": 10, "predicted": 10, "hits": 5, "calibration_error": 0.1}
    columns = [
        _column("alike", [(50, 0.2), (50, 0.21)], **counts),
        _column("by few", [(90, 0.2), (20, 0.9)], **counts),
        _column("apart", [(50, 0.1), (50, 0.4)], **counts),
    ]
    [text, *tables] = segments_section(_document(columns, is_share=True)).blocks
    assert "The error rate of all evaluated rows is 20 %" in text.text
    assert [one.head[0] for one in tables[::2]] == ["apart", "alike", "by few"]
    assert tables[1].head[0] == "apart"
    assert tables[1].rows[0][1:] == ("20 %", "20 %", "50 %", "12.5 %", "50 %", "10 %")
    assert tables[4].rows[1][0] == "by few 1 (few rows)"


def test_a_regression_has_residuals_and_no_rates():
    columns = [_column(f"c{place}", [(50, 1.0)], bias=-2.0, rmse=3.0) for place in range(9)]
    [_, *tables] = segments_section(_document(columns, is_share=False)).blocks
    assert len(tables) == MOST_SHOWN
    assert tables[0].rows[0][-2:] == ("3", "-2")


def test_without_columns_there_is_no_section():
    assert segments_section(_document([], is_share=True)) is None
