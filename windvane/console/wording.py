"""Numbers, times and names as people read them: the filters of templates."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup

from windvane.engine.reports.labels import seen
from windvane.titles import candidate_title
from windvane.wording import number as number_of_reports
from windvane.wording import share

NOTHING = "–"
_MOST_LETTERS = 1_000
"""Of a name where a pointer rests on it: nobody reads more, and a page may have many."""

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def number(value: float | None) -> str:
    """Format a number as reports do: with four digits that count, and the whole part in full.

    >>> number(1234567), number(0.123456), number(12.0), number(1e-9)
    ('1,234,567', '0.1235', '12', '1e-09')
    """
    return number_of_reports(value)


def short(value: float) -> str:
    """Format a number for the ticks of an axis, where there is little room.

    >>> short(0.25), short(120_000), short(2_400_000), short(-1.5e9), short(3e13)
    ('0.25', '120,000', '2.4 M', '-1.5 bn', '3e+13')
    """
    size, unit = unit_of(value)
    if unit:
        return f"{value / size:.4g}{unit}"
    return f"{value:.3g}" if abs(value) >= 1e12 else number(value)


def unit_of(value: float) -> tuple[float, str]:
    """Return the size and the name, with a space before it, of what a large number is told in; (1, "") for others.

    >>> unit_of(2_400_000), unit_of(1.5e9), unit_of(12.0)
    ((1000000.0, ' M'), (1000000000.0, ' bn'), (1.0, ''))
    """
    for size, unit in ((1e9, " bn"), (1e6, " M")):
        if size <= abs(value) < 1e12:
            return size, unit
    return 1.0, ""


def score(value: float | None) -> str:
    """Format a score whose error is not known: with four digits, and large ones in the unit that those with an error have.

    >>> score(0.93214567), score(438266010.4), score(1234.5678), score(0.5), score(0.00012345)
    ('0.9321', '438.3 M', '1,235', '0.5000', '0.0001234')
    """
    if value is None or not math.isfinite(value):
        return NOTHING
    if 0 < abs(value) < 0.001:
        return f"{value:.4g}"
    size, unit = unit_of(value)
    digits_before = math.floor(math.log10(abs(value) / size)) + 1 if value else 0
    return f"{value / size:,.{min(4, max(0, 4 - digits_before))}f}{unit}"


def in_bytes(value: float | None) -> str:
    """
    >>> in_bytes(999), in_bytes(1_400_000)
    ('999 B', '1.4 MB')
    """
    if value is None:
        return NOTHING
    size = float(value)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def seconds(value: float | None) -> str:
    """
    >>> seconds(0), seconds(0.0012), seconds(12.34), seconds(250), seconds(180), seconds(7325)
    ('0 s', '1.2 ms', '12.3 s', '4 min 10 s', '3 min', '2 h 2 min')
    """
    if value is None or not math.isfinite(value):
        return NOTHING
    if value == 0:
        return "0 s"
    if value < 1:
        return millis(value)
    if value < _MINUTE:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min" + (f" {rest} s" if (rest := whole % _MINUTE) else "")
    if whole < _DAY:
        return f"{whole // _HOUR} h" + (
            f" {rest} min" if (rest := whole % _HOUR // _MINUTE) else ""
        )
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def millis(value: float | None) -> str:
    """Return seconds as milliseconds.

    >>> millis(0.00123), millis(0.25)
    ('1.2 ms', '250 ms')
    """
    if value is None or not math.isfinite(value):
        return NOTHING
    told = value * 1000
    return f"{told:.0f} ms" if told >= 100 else f"{told:.2g} ms" if told < 10 else f"{told:.1f} ms"


def percent(value: float | None) -> str:
    """Return a part of 1 as reports do.

    >>> percent(0.1234), percent(1), percent(0.90012)
    ('12.3 %', '100 %', '90 %')
    """
    return share(value)


def moment(value: datetime | None) -> Markup | str:
    """Return a time, which the browser shows in its reader's zone."""
    return _time(value, "moment")


def ago(value: datetime | None) -> Markup | str:
    """Return a time, which the browser shows as how long ago it is."""
    return _time(value, "ago")


def _time(value: datetime | None, how: str) -> Markup | str:
    if value is None:
        return NOTHING
    utc = value.astimezone(UTC)
    element = Markup('<time datetime="{}" data-show="{}">{} UTC</time>')
    return element.format(utc.isoformat(timespec="milliseconds"), how, f"{utc:%Y-%m-%d %H:%M:%S}")


def name(text: Any, limit: int = 200) -> str:
    """Return a text of somebody's data on one line, in which every character has a look of its own."""
    return seen(str(text), limit)


def named(text: Any, limit: int = 60) -> Markup | str:
    """Return the same, and what was cut of a long one where a pointer rests on it.

    >>> named("a" * 70, 5)
    Markup('<span title="aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa">aaaa…</span>')
    """
    whole, shown = name(text, _MOST_LETTERS), name(text, limit)
    if shown == whole:
        return shown
    return Markup('<span title="{}">{}</span>').format(whole, shown)


def sentence(text: str) -> str:
    """Return what stands alone as a sentence: with a capital letter and a full stop.

    >>> sentence("scored on 3 of 5 folds"), sentence("Its weights were given.")
    ('Scored on 3 of 5 folds.', 'Its weights were given.')
    """
    ended = text if not text or text.endswith((".", "!", "?")) else f"{text}."
    return ended[:1].upper() + ended[1:]


def spoken(algorithm: str, number: int) -> str:
    """Return a name for a candidate that people can say: its algorithm, and its number within the job.

    >>> spoken("lightgbm", 9), spoken("linear-learner", 2), spoken("ets", 4), spoken("seasonal-naive", 1)
    ('LightGBM 9', 'Linear model 2', 'ETS 4', 'Seasonal naive 1')
    """
    return name(candidate_title(algorithm, number))


def words(text: str) -> str:
    """Return a status of AWS as words.

    >>> words("MaxAutoMLJobRuntimeReached"), words("InService")
    ('Time limit reached', 'In service')
    """
    if text in _PLAINER:
        return _PLAINER[text]
    parts = _WORD.findall(text.replace("AutoML", "\N{SOFT HYPHEN}"))
    told = " ".join(parts[:1] + [part.lower() for part in parts[1:]])
    return told.replace("\N{SOFT HYPHEN}", "AutoML")


_WORD = re.compile("[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\N{SOFT HYPHEN}|[0-9]+")

_PLAINER = {
    "MaxAutoMLJobRuntimeReached": "Time limit reached",
    "MaxCandidatesReached": "Maximum candidates reached",
}
"""Statuses that are clearer in other words than their own."""

FILTERS: dict[str, Callable[..., Any]] = {
    "number": number,
    "score": score,
    "bytes": in_bytes,
    "seconds": seconds,
    "millis": millis,
    "percent": percent,
    "moment": moment,
    "ago": ago,
    "seen": name,
    "named": named,
    "words": words,
    "sentence": sentence,
}
