"""How a table of wordings is applied to a note."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from windvane.notes.codes import NoteCode

Facts = Mapping[str, Any]
"""Of a note, as text and numbers; and `because`, worded, "" if nothing is known."""

Wording = str | Callable[[Facts], str]
"""A template for str.format, or what makes a sentence of facts."""

Wordings = Mapping[NoteCode, Wording]


def worded(wording: Wording, facts: Facts) -> str:
    """Return the sentence.

    raises    KeyError for a fact that is not there
    """
    return wording.format_map(facts) if isinstance(wording, str) else wording(facts)
