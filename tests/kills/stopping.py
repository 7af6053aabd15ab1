"""Runs a command of Windvane and ends it by SIGKILL at the step that is asked for."""

import os
import subprocess
import sys
from pathlib import Path

POINTS = Path(__file__).parent / "points"


def environment(log, at, *, of_all=False, on_postgres=False):
    """What makes a process count its steps into `log`, and end before the one numbered `at` (0: count alone).

    of_all       its workers' steps count too
    on_postgres  its store is there
    """
    path = os.pathsep.join(filter(None, [str(POINTS), os.environ.get("PYTHONPATH", "")]))
    counting = {"KILL_AT": str(at), "KILL_LOG": str(log), "KILL_ALL": str(int(of_all))}
    counting["KILL_POSTGRES"] = str(int(on_postgres))
    return {**os.environ, "PYTHONPATH": path, **counting}


def run(log, at, *arguments):
    """The exit code of `windvane ARGUMENTS`; -9 if it came to the step."""
    command = [sys.executable, "-m", "windvane.cli.main", *map(str, arguments)]
    done = subprocess.run(
        command, env=environment(log, at), capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode in (0, -9), done.stderr
    return done.returncode


def steps(log):
    return log.read_text().splitlines()


def spread(n_steps, n_points):
    """So many numbers of steps, the first and the last among them, evenly between."""
    if n_points >= n_steps:
        return list(range(1, n_steps + 1))
    return sorted({1 + round(i * (n_steps - 1) / (n_points - 1)) for i in range(n_points)})
