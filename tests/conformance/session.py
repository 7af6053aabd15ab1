"""The notes of this test session: where they lie, and how a server is started that writes into them."""

from __future__ import annotations

import sys
from pathlib import Path

from conformance.notes import Desk, Notes

_LAUNCHER = Path(__file__).resolve().parents[1] / "serve_watched.py"

_desk: list[Desk] = []
_notes: list[Notes] = []


def open_in(folder: Path) -> Desk:
    """The desk of this process, which has one from now on."""
    _desk[:] = [Desk(folder)]
    _notes[:] = [Notes(folder)]
    return _desk[0]


def notes() -> Notes | None:
    """For applications in this process; None outside of a session."""
    return _notes[0] if _notes else None


def folder() -> Path:
    """Where the notes of this process lie."""
    return _desk[0].folder


def serving() -> list[str]:
    """The words that start `windvane serve`, up to its options."""
    if not _desk:
        return [str(Path(sys.executable).with_name("windvane")), "serve"]
    return [sys.executable, str(_LAUNCHER), str(_desk[0].folder), "serve"]
