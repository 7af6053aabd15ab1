"""Logs of failures whose reasons quote as much as a client likes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from windvane.domain.logs import LONGEST_MESSAGE, LogLine, LogPlace, line_of
from windvane.names import Scope
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note, note_to_json, said
from windvane.notes.sentences import sentence
from windvane.store.logbook import LineQuery
from windvane.store.open import open_store

WIDE = "\U0001f600"
"""A character that takes twelve bytes of JSON."""

SCOPE = Scope("111122223333", "us-east-1")


def test_lines_of_logs_keep_nothing_of_what_they_do_not_tell(tmp_path: Path) -> None:
    """Logs that withhold a reason kept it beside each line, at any length: ten thousand of them, which are read at once, were
    a gigabyte."""
    note = Note(
        NoteCode.ENDPOINT_IS, {"endpoint": "e", "status": "Failed"}, said("a cell" + WIDE * 9999)
    )
    wordy = LogLine(
        "at last", Note(NoteCode.READING_DATA, {"uri": "s3://b/k", "target": WIDE * 9999})
    )
    assert "cell" not in json.dumps(note_to_json(line_of(note).note or note))
    store = open_store("", tmp_path)
    store.migrate()
    with store.transaction() as tx:
        tx.log(LogPlace(SCOPE, "group", "stream"), [line_of(note), wordy], datetime.now(UTC))
    with store.snapshot() as tx:
        first, second = tx.log_lines(LineQuery(scope=SCOPE, group="group", limit=2))
    store.close()
    assert first.note is not None
    assert first.note.has(NoteCode.ENDPOINT_IS)
    assert len(sentence(said("a cell"))) < len(first.message) < LONGEST_MESSAGE
    assert second.note is None
