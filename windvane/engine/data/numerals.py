"""Numbers as people write them: plain, with thousands separators, currency, percent, decimal comma.

A `Notation` reads one text to a float; the same notation reads the training file and later requests.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_PLAIN = re.compile(r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?")
"""As all patterns here it gives back nothing that it has taken: a cell may have a million characters, and where it could be
taken apart in many ways all of them would be tried before it is no number."""

_CURRENCY = "$€£¥₹₽₩₺₴₫฿¢"
_CODES = r"(?:USD|EUR|GBP|JPY|CHF|CAD|AUD|NZD|INR|CNY|BRL|MXN|SEK|NOK|DKK|PLN|ZAR|US\$|R\$|kr)"
_SIGN = r"(?P<sign>[+\-−]?)"
_GROUPED = {
    ",": r"[1-9][0-9]{0,2}(?:,[0-9]{3})++",
    ".": r"[1-9][0-9]{0,2}(?:\.[0-9]{3})++",
    " ": r"[1-9][0-9]{0,2}(?:[ \u00a0\u202f][0-9]{3})++",
    "'": r"[1-9][0-9]{0,2}(?:['’][0-9]{3})++",
}


@dataclass(frozen=True)
class Notation:
    """The notation of the numbers of one column.

    thousands   separator of groups of three digits: "," "." " " "'" or "" for none
    decimal     "." or ","
    affix       "" for bare numbers, "money" for a currency sign or code before or after, "%" for a percent sign,
                else the unit that follows every number, such as "kg"
    """

    thousands: str = ""
    decimal: str = "."
    affix: str = ""

    def to_json(self) -> dict[str, str]:
        return {"thousands": self.thousands, "decimal": self.decimal, "affix": self.affix}

    @classmethod
    def from_json(cls, parse: dict[str, Any]) -> Notation:
        return cls(parse.get("thousands", ""), parse.get("decimal", "."), parse.get("affix", ""))

    @property
    def is_plain(self) -> bool:
        return self == Notation()

    def describe(self) -> str:
        """Describe the notation in plain words, to follow "numbers": "" for plain ones."""
        parts = [
            f"with {_SEPARATOR_NAMES[self.thousands]} between thousands" if self.thousands else "",
            "with decimal comma" if self.decimal == "," else "",
            _AFFIX_NAMES.get(self.affix, f"followed by '{self.affix}'") if self.affix else "",
        ]
        return ", ".join(part for part in parts if part)


_SEPARATOR_NAMES = {",": "commas", ".": "points", " ": "spaces", "'": "apostrophes"}
_AFFIX_NAMES = {"money": "with a currency sign", "%": "with a percent sign"}


def number_reader(notation: Notation) -> Callable[[str], float]:
    """Return a function from stripped text to a finite float; it raises ValueError for anything else."""
    return _read_plain if notation.is_plain else _read_written(notation)


def _read_plain(text: str) -> float:
    if _PLAIN.fullmatch(text) is None:
        raise ValueError(text)
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _read_written(notation: Notation) -> Callable[[str], float]:
    pattern = re.compile(_pattern(notation))
    negative = ("-", "−")

    def read(text: str) -> float:
        match = pattern.fullmatch(text)
        if match is None:
            # A bare number among written ones ("1,200" and "950", "$5" and "5") is a number too.
            return _read_plain(text)
        whole = re.sub(r"[^0-9]", "", match["whole"])
        if (match["opening"] == "(") != text.endswith(")"):
            raise ValueError(text)
        number = float(f"{whole or '0'}.{match['part'] or '0'}{match['power'] or ''}")
        is_negative = match["sign"] in negative or match["opening"] == "("
        return -number if is_negative else number

    return read


def _pattern(notation: Notation) -> str:
    grouped = f"{_GROUPED[notation.thousands]}|" if notation.thousands else ""
    number = (
        rf"(?P<whole>{grouped}[0-9]*+)(?:{re.escape(notation.decimal)}(?P<part>[0-9]*+))?"
        r"(?P<power>[eE][+-]?[0-9]++)?"
    )
    before, after = _affix_patterns(notation.affix)
    return rf"(?=.*[0-9])(?P<opening>\(?){before}{_SIGN}{before}{number}{after}\)?"


def _affix_patterns(affix: str) -> tuple[str, str]:
    if affix == "":
        return "", ""
    if affix == "money":
        sign = rf"(?:[{_CURRENCY}]|{_CODES})?"
        return rf"{sign}\s*+", rf"\s*+{sign}"
    if affix == "%":
        return "", r"\s*+%"
    return "", rf"\s*+{re.escape(affix)}"


NOTATIONS: tuple[Notation, ...] = (
    Notation(),
    Notation(thousands=","),
    Notation(affix="%"),
    Notation(thousands=",", affix="money"),
    Notation(decimal=","),
    Notation(thousands=".", decimal=","),
    Notation(thousands=" ", decimal=","),
    Notation(thousands=" "),
    Notation(thousands="'"),
    Notation(decimal=",", affix="%"),
    Notation(thousands=".", decimal=",", affix="money"),
    Notation(thousands=" ", decimal=",", affix="money"),
    Notation(thousands="'", affix="money"),
)
"""In the order in which they are tried: of those that read the same number of cells the first is taken.

Reading "1,234" needs thousands commas before decimal commas; a column that also holds "1,23" fits only the latter.
"""
