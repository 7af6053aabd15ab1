"""Integers that are no quantities: row numbers, keys, postal codes; and those of which only the user knows."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from windvane.engine.columns import ColumnType

CATEGORICAL, IDENTIFIER = ColumnType.CATEGORICAL, ColumnType.IDENTIFIER

MOST_CODES = 15
"""Distinct integers of a column that may be codes of categories."""

_LEAST_PER_CODE = 10

_INTEGER = re.compile(r"[+-]?[0-9]+(?:\.0+)?")
_LEADING_ZERO = re.compile(r"0[0-9]+")
_KEY_NAME = re.compile(
    r"(?:^|[_\s.\-])(?:id|key|uuid|guid|index|idx|rownum|row|no|nr|number|num|serial|ssn|phone|fax|mobile)$|ID$|Id$"
)
_ROW_NAME = re.compile(r"^(?:unnamed.*|column_1|index|row.*|id|.*[_\s.\-]?id|order|no|nr|#)$")
_CODE_NAME = re.compile(r"(?:zip|postal|postcode|plz|fips|naics|sic_?code|area_?code|icd)")
_ID_ENDING = re.compile(r"(?:^|[_\s.\-])id$|ID$|Id$")
_CODE_ENDING = re.compile(r"(?:^|[_\s.\-])codes?$")


@dataclass(frozen=True)
class TypeAndReason:
    """A type for a column, and why, in words."""

    type: ColumnType
    reason: str


def type_of_codes(
    name: str, texts: Sequence[str], n_filled: int, n_distinct: int
) -> TypeAndReason | None:
    """Return a type for a column of plain numbers that are no quantities; None for quantities."""
    if not all(_INTEGER.fullmatch(text) for text in texts):
        return None
    is_unique = n_distinct >= 0.98 * n_filled and n_filled >= 20
    numbers = [float(text) for text in texts]
    names_code = _CODE_NAME.search(name.lower()) is not None and max(numbers) >= 100
    padded = [text for text in texts if _LEADING_ZERO.fullmatch(text)]
    if padded:
        kind = CATEGORICAL if names_code or not is_unique else IDENTIFIER
        return TypeAndReason(
            kind, f"digits with leading zeros such as '{padded[0]}': a code, not a quantity"
        )
    if is_unique and not names_code:
        return _unique(name, numbers, n_filled, n_distinct)
    if names_code or _names_key(name, n_distinct):
        return TypeAndReason(
            CATEGORICAL,
            f"integers that are codes according to the column name, {n_distinct:,} distinct in "
            f"{n_filled:,} rows",
        )
    return None


def may_be_codes(texts: Sequence[str], n_filled: int) -> bool:
    """Return whether integers are so few and occur so often that they may stand for categories, such as 1 for single and 2 for
    married. Counts of something look the same. Two values are left alone: a model learns the same from them either way.

    texts      all distinct ones
    n_filled   cells that are not missing
    """
    return (
        2 < len(texts) <= MOST_CODES
        and n_filled >= _LEAST_PER_CODE * len(texts)
        and all(_INTEGER.fullmatch(text.strip()) for text in texts)
    )


def _unique(
    name: str, numbers: list[float], n_filled: int, n_distinct: int
) -> TypeAndReason | None:
    is_dense = max(numbers) - min(numbers) + 1 <= 1.1 * n_filled
    is_rising = all(a < b for a, b in itertools.pairwise(numbers))
    if is_dense and (is_rising or _ROW_NAME.match(name.lower())):
        return TypeAndReason(
            IDENTIFIER,
            f"{n_distinct:,} distinct integers in {n_filled:,} rows without gaps: looks like a row "
            "number",
        )
    is_long = min(abs(number) for number in numbers) >= 1e8
    if _KEY_NAME.search(name) or is_long:
        return TypeAndReason(
            IDENTIFIER,
            f"{n_distinct:,} distinct integers in {n_filled:,} rows: looks like a row ID",
        )
    if is_dense:
        return TypeAndReason(
            IDENTIFIER,
            f"every integer from {min(numbers):.0f} to {max(numbers):.0f} about once: looks like a row number",
        )
    return None


def _names_key(name: str, n_distinct: int) -> bool:
    return n_distinct > 2 and (
        _CODE_ENDING.search(name.lower()) is not None or _ID_ENDING.search(name) is not None
    )
