"""Bodies of versions that kept sentences where there are notes today: of failures, and of what is worth knowing."""

from __future__ import annotations

from typing import Any

from windvane.notes.earlier import note_of
from windvane.notes.note import note_to_json

_Body = dict[str, Any]


def with_failure(body: _Body) -> _Body:
    """Return a record's `failure_reason`, "" for none, as `failure`; likewise `partial_failures` and `notes` where there are
    any."""
    left = {name: value for name, value in body.items() if name != "failure_reason"}
    for name in ("partial_failures", "notes"):
        if name in body:
            left[name] = [note_to_json(note_of(text)) for text in body[name]]
    why = body.get("failure_reason", "")
    return {**left, "failure": note_to_json(note_of(why)) if why else None}
