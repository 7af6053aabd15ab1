"""The process of a whole job: `python -m windvane.automl.local.job_process` reads a Job from stdin and tells on stdout, one
JSON object a line, how it goes (automl/local/events.py). It ends with 0, or 1 after a 'failed' event.

A process of its own: it forks, so it must have one thread and must not be the caller's; what libraries print
goes to stderr.
"""

from __future__ import annotations

import json
import os
import select
import sys
from collections.abc import Callable

from windvane.automl.local.events import Event, OnEvent
from windvane.automl.local.job import Job
from windvane.automl.local.libraries import Libraries, keep_pandas_from_arrow
from windvane.errors import DataFault, JobFault
from windvane.process.linux import name_process

ENVIRONMENT = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    "OMP_WAIT_POLICY": "PASSIVE",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}
"""What this process is to be started with: one thread a child, and none before it forks; threads that sleep while they wait for
each other (LightGBM's on a busy machine took ten times as long otherwise); and an allocator that does not take a gigabyte of
an action's memory before it is needed."""


def main() -> int:
    from windvane.automl.local.run import run_here  # the process of forecasts does without it

    name_process("windvane job")
    return run_asked(
        Libraries(), lambda text, tell, loaded: run_here(Job.from_json(text), tell, loaded)
    )


def run_asked(libraries: Libraries, run: Callable[[str, OnEvent, Libraries], None]) -> int:
    """Read a job from stdin and run it; return the exit code of the process. The job may take a while to come, since its table
    is being written: libraries are loaded meanwhile."""
    tell = told_on_stdout()
    keep_pandas_from_arrow()
    while not select.select([sys.stdin], [], [], 0)[0] and libraries.load_next():
        pass
    try:
        run(sys.stdin.read(), tell, libraries)
    except JobFault as fault:
        kind = "DataFault" if isinstance(fault, DataFault) else "JobFault"
        tell({"event": "failed", "error": kind, "text": str(fault)})
        return 1
    return 0


def told_on_stdout() -> OnEvent:
    """Tells on what is stdout now; whatever else is written there goes to stderr from now on."""
    events = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def tell(event: Event) -> None:
        events.write(json.dumps(event) + "\n")

    return tell


if __name__ == "__main__":
    sys.exit(main())
