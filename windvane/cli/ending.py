"""How commands that work on a user's data end."""

from __future__ import annotations

import sys
from collections.abc import Callable

from windvane.automl.local.run_job import HostDied
from windvane.errors import CandidateFault, CorruptArtifact, DataFault, InvalidRequest, JobFault
from windvane.process.log_lines import printable


def exit_code(command: str, work: Callable[[], None]) -> int:
    """0; 2 for a bad argument or bad data, 1 for our fault, each told once on stderr; 130 if interrupted."""
    try:
        work()
    except (InvalidRequest, DataFault, CorruptArtifact, CandidateFault) as error:
        _tell(command, str(error))
        return 2
    except (JobFault, HostDied) as error:
        _tell(command, str(error))
        return 1
    except KeyboardInterrupt:
        _tell(command, "stopped.")
        return 130
    return 0


def _tell(command: str, text: str) -> None:
    """What is wrong with a file quotes it."""
    sys.stderr.write(f"windvane {command}: {printable(text)}\n")
