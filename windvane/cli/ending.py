"""How commands that work on a user's data end."""

from __future__ import annotations

import sys
from collections.abc import Callable

from windvane.automl.local.hosted import HostDied
from windvane.errors import CandidateFault, CorruptArtifact, DataFault, InvalidRequest, JobFault


def exit_code(command: str, work: Callable[[], None]) -> int:
    """0; 2 for a bad argument or bad data, 1 for our fault, each told once on stderr; 130 if interrupted."""
    try:
        work()
    except (InvalidRequest, DataFault, CorruptArtifact, CandidateFault) as error:
        sys.stderr.write(f"windvane {command}: {error}\n")
        return 2
    except (JobFault, HostDied) as error:
        sys.stderr.write(f"windvane {command}: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write(f"windvane {command}: stopped.\n")
        return 130
    return 0
