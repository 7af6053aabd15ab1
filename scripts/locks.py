"""Lock files (requirements/*.txt): each package with its version, marker and the SHA-256 of every file it may come from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})(?=\s|$)")


@dataclass(frozen=True)
class Locked:
    """One entry of a lock.

    requirement    name, exact version and the marker that says where it is installed
    sha256         of each file, wheels alone, that may be installed
    """

    requirement: Requirement
    sha256: tuple[str, ...]

    @property
    def name(self) -> str:
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        return str(self.requirement.specifier).removeprefix("==")


def read_lock(path: Path) -> list[Locked]:
    """raises    packaging.requirements.InvalidRequirement for a line that is no requirement"""
    text = re.sub(r"\s*\\\n\s*", " ", path.read_text())
    lines = [
        line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")
    ]
    return [
        Locked(Requirement(line.partition(" --hash=")[0]), tuple(_HASH.findall(line)))
        for line in lines
    ]
