"""`windvane serve` with every answer watched: `served.py NOTES serve --data-dir ...`.

It is started by its path, so that nothing but the program differs from the command: environment, signals, children and
exit codes are the server's own.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path


def watch(notes_folder: Path) -> None:
    """Have every server that is made from now on write its notes there."""
    from conformance.notes import Notes
    from conformance.watching import watched

    from windvane.cli import service
    from windvane.settings import Settings
    from windvane.work.workers.process import WorkerProcess

    notes = Notes(notes_folder)

    class Watched(service.Server):
        def __init__(self, settings: Settings, workers: Sequence[WorkerProcess] = ()) -> None:
            super().__init__(settings, workers)
            self.asgi = watched(self.asgi, notes)

    service.Server = Watched


if __name__ == "__main__":
    from windvane.cli.main import main

    sys.path[0] = str(Path(__file__).resolve().parents[1])
    watch(Path(sys.argv.pop(1)))
    sys.exit(main())
