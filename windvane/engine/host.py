"""The process of a whole job: `python -m windvane.engine.host` reads a Job from stdin and tells on stdout, one
JSON object a line, how it goes (engine/telling.py). It ends with 0, or 1 after a 'failed' event.

A process of its own: it forks, so it must have one thread and must not be the caller's; what libraries print
goes to stderr.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module

from windvane.engine.conduct import conduct
from windvane.engine.job import Job
from windvane.engine.telling import Event
from windvane.errors import DataFault, JobFault

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""The environment this process is to be started with: one thread a child, and none before it forks."""


_LIBRARIES = ("lightgbm", "xgboost", "catboost", "sklearn.ensemble", "sklearn.linear_model")
"""Loaded once here; what is forked from here has them at once."""


def main() -> int:
    events = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def tell(event: Event) -> None:
        events.write(json.dumps(event) + "\n")

    job = Job.from_json(sys.stdin.read())
    try:
        conduct(job, tell, _load_libraries)
    except JobFault as fault:
        kind = "DataFault" if isinstance(fault, DataFault) else "JobFault"
        tell({"event": "failed", "error": kind, "text": str(fault)})
        return 1
    return 0


def _load_libraries() -> None:
    for name in _LIBRARIES:
        import_module(name)


if __name__ == "__main__":
    sys.exit(main())
