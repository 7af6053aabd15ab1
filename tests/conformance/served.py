"""What makes a server one whose answers are watched."""

from __future__ import annotations

from pathlib import Path

from conformance.notes import Notes
from conformance.watching import watched

from windvane import app
from windvane.settings import Settings
from windvane.work.workers.process import StartedWorkers


def watch(notes_folder: Path) -> None:
    """Have every server that is made from now on write its notes there."""
    notes = Notes(notes_folder)

    class Watched(app.Server):
        def __init__(
            self, settings: Settings, workers: StartedWorkers | None = None, address: str = ""
        ) -> None:
            super().__init__(settings, workers, address)
            self.asgi = watched(self.asgi, notes)

    app.Server = Watched
