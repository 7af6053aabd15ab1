"""One run of one system on one table, in a fresh process that is watched and ended in time."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.monitor import Monitor, descendants, machine_cpu_s
from benchmarks.peers import System
from benchmarks.records import ROOT, CannotMeasure, Record
from benchmarks.tables import Table

_MEASURED = (
    "windvane/engine",
    "windvane/automl",
    "windvane/executor",
    "windvane/work",
    "windvane/domain",
    "windvane/process",
    "windvane/errors.py",
    "requirements/core.txt",
)
"""What a figure depends on: the commit that it belongs to is the last one that changed any of this."""

_TRIAL = ROOT / "benchmarks" / "trial" / "run.py"
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_UNSET = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
_LATE, _LATE_S = 2.5, 240.0
"""A run is ended after so many budgets and so many seconds more."""


_SET_CHILD_SUBREAPER = 36
"""Of Linux's prctl."""


@dataclass(frozen=True)
class Task:
    """What is to be learnt: files, gzipped or not, and what is to be predicted ('binary', 'multiclass' or 'regression')."""

    name: str
    train: Path
    test: Path
    target: str
    problem: str


@dataclass(frozen=True)
class Errand:
    system: System
    table: Table
    budget_s: float
    seed: int


def measured_commit() -> str:
    """Of the code that is measured; ends in '-dirty' while it differs from the commit."""
    commit = _git("log", "-1", "--format=%h", "--", *_MEASURED)
    return f"{commit}-dirty" if _git("status", "--porcelain", "--", *_MEASURED) else commit


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise CannotMeasure(f"Results are kept with their commit, and git says: {done.stderr}")
    return done.stdout.strip()


def run_errand(errand: Errand) -> Record:
    """The record of the run, also of one that failed.

    raises    CannotMeasure if the table is not at hand
    """
    table = errand.table
    task = Task(table.name, table.file("train"), table.file("test"), table.target, table.kind)
    return run_task(errand.system, task, errand.budget_s, errand.seed)


def run_task(system: System, task: Task, budget_s: float, seed: int) -> Record:
    """As `run_errand`, on files of one's own."""
    threads = os.cpu_count() or 1
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        spec = {
            "system": system.adapter,
            "problem": task.problem,
            "budget_s": budget_s,
            "threads": threads,
            "seed": seed,
            "folder": str(folder / "own"),
            "options": dict(option.split("=", 1) for option in system.options),
            "train": str(task.train),
            "test": str(task.test),
            "target": task.target,
        }
        (folder / "spec.json").write_text(json.dumps(spec))
        about = {
            "system": system.name,
            "adapter": system.adapter,
            "opts": list(system.options),
            "dataset": task.name,
            "problem": task.problem,
            "budget": budget_s,
            "seed": seed,
            "threads": threads,
        }
        return {**about, **_watched(system.python, folder, budget_s, threads)}


def _watched(python: str, folder: Path, budget_s: float, threads: int) -> dict[str, Any]:
    """What is seen of a trial from outside, and what it tells."""
    environment = {name: text for name, text in os.environ.items() if name not in _UNSET}
    environment |= {name: str(threads) for name in _THREADS}
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment |= {"TMPDIR": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "HF_HUB_OFFLINE": "1"}
    environment |= {"PYTHONPATH": os.pathsep.join(paths)}
    command = [python, str(_TRIAL), str(folder / "spec.json"), str(folder / "result.json")]
    _adopt_orphans()
    load, (busy_s, stolen_s), started = os.getloadavg()[0], machine_cpu_s(), time.time()
    before_s = _ended_cpu_s()
    with (folder / "log.txt").open("wb") as log:
        trial = subprocess.Popen(
            command,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=folder,
            start_new_session=True,
        )
    monitor = Monitor(os.getpid())
    monitor.start()
    try:
        status = "ok" if trial.wait(_LATE * budget_s + _LATE_S) == 0 else "error"
    except subprocess.TimeoutExpired:
        status = "timeout"
    wall_s = time.time() - started
    monitor.stop()
    _end(trial, monitor)
    later_s, later_stolen_s = machine_cpu_s()
    own_s = max(_ended_cpu_s() - before_s, sum(monitor.cpu_s.values()))
    cores_s = wall_s * (os.cpu_count() or 1)
    told = folder / "result.json"
    found = json.loads(told.read_text()) if told.exists() else {}
    if status != "ok" and "error" not in found:
        found["error"] = (folder / "log.txt").read_text(errors="replace")[-400:]
    return {
        "status": status,
        "started": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(started)),
        "process_wall_s": round(wall_s, 2),
        "peak_rss_mb": round(monitor.rss_kb / 1024),
        "peak_pss_mb": round(monitor.pss_kb / 1024),
        "peak_besides_files_mb": round(monitor.besides_files_kb / 1024),
        "max_procs": monitor.n_processes,
        "own_cpu_s": round(own_s, 1),
        "load_before": round(load, 2),
        "others_cpu_frac": round(max(0.0, later_s - busy_s - own_s) / cores_s, 3),
        "wait_frac": round(monitor.wait_share, 3),
        "steal_frac": round((later_stolen_s - stolen_s) / cores_s, 3),
        **found,
    }


def _end(trial: subprocess.Popen[bytes], monitor: Monitor) -> None:
    """All that is left of it."""
    for process in descendants(os.getpid()).keys() & monitor.cpu_s.keys():
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            continue
    trial.wait()
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


def _adopt_orphans() -> None:
    """Have processes whose parent has ended become this one's, so that nothing of a trial is out of sight."""
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _ended_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
