"""Which date formats a column is written in, if it holds dates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from windvane.engine.data.dates import (
    AMBIGUOUS,
    EPOCH_MILLISECONDS,
    EPOCH_SECONDS,
    FORMATS,
    date_reader,
    readable_format,
)

PROBE = 40
"""Texts a format is tried on before it is tried on all."""

MOST_FORMATS = 3
UNDECIDED = "no value shows whether the day or the month comes first"
"""What the reason of a column's type says if its dates can be read either way."""

_EPOCH_NAME = re.compile(
    r"(?:^|[^a-z])(?:time|date|epoch|ts|timestamp|created|updated|at)(?:$|[^a-z])|time|date"
)
_SECONDS = (631_152_000, 2_208_988_800)  # 1990 to 2040


@dataclass(frozen=True)
class Dates:
    """The notation of a column's dates, and the texts that are no date.

    formats      each cell is read by the first that can
    described    for a person, e.g. "in DD/MM/YYYY format"
    unreadable   texts that are no dates, with counts
    """

    formats: tuple[str, ...]
    described: str
    unreadable: dict[str, int]


def find_dates(
    texts: Sequence[str], counts: NDArray[np.int64], least_readable: float
) -> Dates | None:
    """Formats that together read the share `least_readable` of cells; None if there are none."""
    remaining = {text: int(count) for text, count in zip(texts, counts, strict=True)}
    total = sum(remaining.values())
    formats: list[str] = []
    while remaining and len(formats) < MOST_FORMATS:
        chosen = _best_format(remaining)
        if chosen is None:
            break
        date_format, read = chosen
        if len(read) < min(10, max(2, 0.01 * len(texts))):
            break
        formats.append(date_format)
        remaining = {text: count for text, count in remaining.items() if text not in read}
    if not formats or sum(remaining.values()) > (1 - least_readable) * total:
        return None
    if len(remaining) > 20:
        return None
    if formats == ["%Y"]:
        return None  # years alone are numbers; they are dates only among dates
    is_of_digits = formats[0] == "%Y%m%d" and any(map(str.isdigit, texts))
    if is_of_digits and (len(texts) < 5 or remaining or len(formats) > 1):
        return None  # they may as well be numbers
    return Dates(tuple(formats), _described(formats, texts), remaining)


def most_dates(texts: Sequence[str]) -> tuple[str, ...]:
    """Formats that together read the most texts, however few they are; () if none reads any."""
    remaining = dict.fromkeys(texts, 1)
    formats: list[str] = []
    while remaining and len(formats) < MOST_FORMATS:
        chosen = _best_format(remaining, len(remaining))
        if chosen is None:
            break
        formats.append(chosen[0])
        remaining = {text: count for text, count in remaining.items() if text not in chosen[1]}
    if formats:
        return tuple(formats)
    numbers = [float(text) for text in texts if text.isascii() and text.isdigit()]
    for date_format, scale in ((EPOCH_SECONDS, 1), (EPOCH_MILLISECONDS, 1000)):
        if any(_SECONDS[0] * scale <= number <= _SECONDS[1] * scale for number in numbers):
            return (date_format,)
    return ()


def find_epoch(name: str, texts: Sequence[str], n_distinct: int) -> Dates | None:
    """Integers that count seconds or milliseconds since 1970, if the column's name speaks of time."""
    if n_distinct < 10 or not _EPOCH_NAME.search(name.lower()):
        return None
    if not all(text.isascii() and text.isdigit() and len(text) in (9, 10, 13) for text in texts):
        return None
    numbers = [int(text) for text in texts]
    for date_format, scale, unit in (
        (EPOCH_SECONDS, 1, "seconds"),
        (EPOCH_MILLISECONDS, 1000, "milliseconds"),
    ):
        if all(_SECONDS[0] * scale <= number <= _SECONDS[1] * scale for number in numbers):
            return Dates((date_format,), f"as {unit} since 1970", {})
    return None


def _best_format(texts: dict[str, int], n_probed: int = PROBE) -> tuple[str, set[str]] | None:
    probe = list(texts)[:: max(1, len(texts) // n_probed)][:n_probed]
    best: tuple[str, set[str]] | None = None
    most = 0
    # Digits alone can only be compact dates or years; most columns of numbers end here.
    formats = ("%Y%m%d", "%Y") if all(text.isdigit() for text in probe) else FORMATS
    for date_format in formats:
        if not _read_by(date_format, probe):
            continue
        read = _read_by(date_format, texts)
        n_cells = sum(texts[text] for text in read)
        if n_cells > most:
            best, most = (date_format, read), n_cells
            if len(read) == len(texts):
                break
    return best


def _read_by(date_format: str, texts: Sequence[str] | dict[str, int]) -> set[str]:
    read = date_reader(date_format)
    readable = set()
    for text in texts:
        try:
            read(text)
        except ValueError:
            continue
        readable.add(text)
    return readable


def _described(formats: Sequence[str], texts: Sequence[str]) -> str:
    told = f"in {' or '.join(map(readable_format, formats))} format, e.g. '{texts[0]}'"
    swapped = AMBIGUOUS.get(formats[0])
    if swapped is None:
        return told
    order = "month first" if formats[0].startswith("%m") else "day first"
    if len(_read_by(swapped, texts)) == len(texts):
        return f"{told} (read as {order}: {UNDECIDED})"
    return f"{told} ({order}: confirmed by other values)"
