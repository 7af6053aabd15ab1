"""When commands that work on a user's data began, and how they end."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from windvane.engine.local.hosted import HostDied
from windvane.errors import CandidateFault, CorruptArtifact, DataFault, InvalidRequest, JobFault

_START_TIME = 22
"""Number of the field in /proc/self/stat (proc(5)): when the process started, in ticks since the machine did."""


def process_start() -> float:
    """The time.monotonic() at which this process started: loading libraries is a part of a command's time."""
    # The second field, the program's name in brackets, may hold anything.
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    started = int(fields[_START_TIME - 3]) / os.sysconf("SC_CLK_TCK")
    return time.monotonic() - (time.clock_gettime(time.CLOCK_BOOTTIME) - started)


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
