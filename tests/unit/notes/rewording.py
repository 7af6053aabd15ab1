"""Words all notes otherwise, so that whatever goes by their wording is found out."""

from __future__ import annotations

import pytest

from windvane.notes import log, sentences
from windvane.notes.codes import NoteCode


def reword(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on every sentence of ours is another; what only a text tells stays, since it is not ours."""
    others = {
        code: f"Worded otherwise, as the {number}th thing."
        for number, code in enumerate(NoteCode)
        if code is not NoteCode.SAID
    }
    for table in (sentences.SENTENCES, log._WORDINGS):
        for code, other in others.items():
            if code in table:
                monkeypatch.setitem(table, code, other)
