"""Whether answers can be monotone in the columns that were named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from windvane.domain.problem import check_ordered
from windvane.engine.columns import ColumnType
from windvane.engine.data.target import Target
from windvane.engine.data.typed import TypedColumn
from windvane.errors import DataFault, InvalidRequest


def check_monotone(
    monotone: Mapping[str, int], columns: Sequence[TypedColumn], target: Target
) -> None:
    """Check that monotone constraints can be kept.

    raises    DataFault if one is no column of numbers, or the answers have no order
    """
    if not monotone:
        return
    try:
        check_ordered(target.problem_type)
    except InvalidRequest as error:
        raise DataFault(
            f"{error} The problem is {target.problem_type}: {target.reason}."
        ) from error
    for column in columns:
        if column.name in monotone and column.spec.type is not ColumnType.NUMERIC:
            raise DataFault(
                f"Predictions cannot be monotone in the column '{column.name}': it is of type "
                f"{column.spec.type} ({column.spec.reason}). Monotone constraints require "
                "numeric columns."
            )
