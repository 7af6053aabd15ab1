"""A server whose model processes run what they should not (serve_breakable.py), and where there is what they look for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

_LAUNCHER = Path(__file__).resolve().parents[1] / "serve_breakable.py"


def told_of(
    server: int, folders: list[Path], port: int, socket: Path, model: int
) -> dict[str, Any]:
    """What is to be tried in a model process of a server, as `breakout.attempts` takes it.

    server     its process
    folders    where it keeps what it has, the data folder first
    port       where it listens;  socket: that somebody listens on;  model: the process
    """
    own = folders_of(model)
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    first = [folders[0] / name for name in ("keys.json", "windvane.db", "s3/index.sqlite")]
    assert set(first) <= set(files)
    others = {path for path in files if not any(map(path.is_relative_to, own))} - {*first}
    return {
        "secret": [str(path) for path in (*first, *sorted(others))],
        "folder": str(folders[0]),
        "port": port,
        "socket": str(socket),
        "parent": server,
        "sibling": next(pid for pid in children(server) if pid != model),
        "own": str(next(own[0].rglob("manifest.json"))),
    }


def folders_of(model: int) -> list[Path]:
    """Of the containers of a model process."""
    words = Path(f"/proc/{model}/cmdline").read_bytes().decode().split("\0")
    spec = json.loads(Path(words[words.index("--spec") + 1]).read_bytes())
    return [Path(container["folder"]) for container in spec["containers"]]


def children(server: int) -> list[int]:
    """Of each thread of the process."""
    lists = Path(f"/proc/{server}/task").glob("*/children")
    return [int(pid) for path in lists for pid in path.read_text().split()]


def model_processes(server: int) -> set[int]:
    return {
        pid
        for pid in children(server)
        if b"broken_instance" in Path(f"/proc/{pid}/cmdline").read_bytes()
    }


def command(notes: Path) -> list[str]:
    return [sys.executable, str(_LAUNCHER), str(notes), "serve"]


UNPRIVILEGED = ("unshare", "--user", "--map-user=1000", "--map-group=1000", "--")
"""Has a command of root run without any privilege: as a user of a namespace that has nobody else."""


def why_not_unprivileged() -> str:
    """What the machine says; "" if root can run something so."""
    if os.geteuid() != 0:
        return "only root has privileges to give up: the other test is this one"
    done = subprocess.run([*UNPRIVILEGED, "true"], capture_output=True, text=True, check=False)
    return done.stderr.strip()
