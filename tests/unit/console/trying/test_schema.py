"""What the form of a model knows of its columns."""

from __future__ import annotations

from typing import Any

import pytest

from windvane.console.trying.schema import Schema


def numbers(**more: Any) -> dict[str, Any]:
    return {
        "Name": "AGE",
        "Type": "numeric",
        "Used": True,
        "Minimum": "21",
        "Maximum": "79",
        **more,
    }


@pytest.mark.parametrize("cell", ["1e9", "138", "-38", " 200 "])
def test_a_number_far_outside_the_training_range_is_warned_of(cell: str) -> None:
    schema = Schema("v", "y", "Regression", "xgboost", (), (numbers(),), True)
    [told] = schema.far_outside([cell])
    assert told.startswith(f"AGE is {cell.strip()}, far outside the range")
    assert "21 to 79" in told


@pytest.mark.parametrize("cell", ["", "50", "100", "-37", "137", "old", "nan"])
def test_other_values_are_not(cell: str) -> None:
    schema = Schema("v", "y", "Regression", "xgboost", (), (numbers(),), True)
    assert schema.far_outside([cell]) == ()


def test_columns_that_are_not_used_or_have_no_range_are_passed_over() -> None:
    columns = (numbers(Used=False), numbers(Minimum="", Maximum=""), numbers(Type="text"))
    schema = Schema("v", "y", "Regression", "xgboost", (), columns, True)
    assert schema.far_outside(["1e9", "1e9", "1e9"]) == ()
