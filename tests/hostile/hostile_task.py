"""A library of a fork server that makes every task run what it likes: it answers with what it found."""

import ctypes
import hashlib
import json
import re
import sys
from pathlib import Path

from hostile.breakout import all_results

from windvane.artifacts.base import Location
from windvane.errors import WindvaneError
from windvane.work.workers import performing

WORDS = re.compile(rb"(?<![A-Za-z0-9])[A-Za-z0-9]{40}(?![A-Za-z0-9])")
KNOWN = "known0known1known2known3known4known5knowN"[:40]


def attack(order, folder, open_artifacts, say, members):
    told = json.loads((folder / "told.json").read_text())
    artifacts = open_artifacts()
    found = all_results(told)
    for name, attempt in {
        "another account's object": lambda: artifacts.read(Location("other", "secret")).decode(),
        "a list of another bucket": lambda: str(list(artifacts.list(Location("other", "")))),
        "an object beside the input": lambda: artifacts.read(Location("data", "other")).decode(),
        "another bucket's existence": lambda: str(artifacts.bucket_exists("other") or ""),
        "a write beside the output": lambda: written(artifacts, Location("results", "elsewhere")),
        "a deletion": lambda: deleted(artifacts, Location("data", "train/rows.csv")),
    }.items():
        try:
            found[name] = attempt()
        except (OSError, WindvaneError):
            found[name] = ""
    found["the input"] = artifacts.read(Location("data", "train/rows.csv")).decode()
    artifacts.write(Location("results", "jobs/churn/made"), b"made")
    assert in_memory(told["known"]), "the search finds nothing"
    found["secrets in memory"] = in_memory(told["digest"])
    return found


def written(artifacts, location):
    artifacts.write(location, b"x")
    return "written"


def deleted(artifacts, location):
    artifacts.delete(location)
    return "deleted"


def in_memory(digest):
    """Whether a word of 40 letters and digits stands in this process of which this is the SHA-256."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        bounds, mode, *rest = line.split()
        start, end = (int(part, 16) for part in bounds.split("-"))
        if not mode.startswith("rw") or (len(rest) == 4 and not rest[3].startswith("[heap")):
            continue
        for word in set(WORDS.findall(ctypes.string_at(start, end - start))):
            if hashlib.sha256(word).hexdigest() == digest:
                return f"at {start:x}"
    return ""


if hasattr(sys.modules["__main__"], "ForkServer"):
    performing.perform_order = attack
