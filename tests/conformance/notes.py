"""What is written down while tests run: by the test process and by the servers it starts, into one folder.

test          a link to the id of the test that runs: to replace a file has its content written to the disk first
facts*.jsonl  what was asked and answered, a Fact a line
faults*.jsonl what was wrong with answers: test and sentence a line
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Fact:
    """One kind of exchange that a test has shown.

    given     members of the request, if it was accepted
    answered  members of the answer
    refused   members that the answer says are not served
    error     the answer's error code, "" if the request was accepted
    """

    test: str
    client: str
    service: str
    operation: str
    given: tuple[str, ...] = ()
    answered: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    error: str = ""


class Notes:
    """Written by one process; what a test has shown once is not written again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mark = folder / "test"
        self._test = ""
        self._written: set[Fact] = set()

    def test(self) -> str:
        """The test that runs now, "" before the first."""
        try:
            test = str(self._mark.readlink())
        except FileNotFoundError:
            return ""
        if test != self._test:
            self._test = test
            self._written.clear()
        return test

    def add(self, fact: Fact) -> None:
        if fact not in self._written:
            self._written.add(fact)
            self._append("facts", json.dumps(asdict(fact)))

    def complain(self, test: str, fault: str) -> None:
        self._append("faults", json.dumps([test, fault]))

    def _append(self, kind: str, line: str) -> None:
        """In one write: the process may be killed between any two."""
        path = self._folder / f"{kind}-{os.getpid()}.jsonl"
        with path.open("ab", buffering=0) as file:
            file.write(f"{line}\n".encode())


class Desk:
    """The test process's side: says which test runs, and reads what was written."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._test = ""
        self._read: dict[Path, int] = {}

    def begin(self, test: str) -> None:
        if test == self._test:
            return
        self._test = test
        fresh = self.folder / "test.new"
        fresh.symlink_to(test)
        fresh.replace(self.folder / "test")
        with (self.folder / "ran.txt").open("a") as file:
            file.write(f"{test}\n")

    def new_faults(self) -> list[str]:
        """Those that were not asked for before, each once."""
        found: dict[str, None] = {}
        for path in self.folder.iterdir():
            if not path.name.startswith("faults-"):
                continue
            data = path.read_bytes()
            for line in data[self._read.get(path, 0) :].splitlines():
                test, fault = json.loads(line)
                found[f"{fault} (asked for by {test})"] = None
            self._read[path] = len(data)
        return list(found)


def read_facts(folder: Path) -> Iterator[Fact]:
    """Of every process that wrote into `folder` or a folder in it."""
    for path in sorted(folder.rglob("facts-*.jsonl")):
        for line in path.read_text().splitlines():
            members = json.loads(line)
            yield Fact(
                **{
                    name: tuple(value) if isinstance(value, list) else value
                    for name, value in members.items()
                }
            )


def ran_in(folder: Path) -> set[str]:
    """The same."""
    return {line for path in folder.rglob("ran.txt") for line in path.read_text().splitlines()}
