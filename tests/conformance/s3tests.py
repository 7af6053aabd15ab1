"""What is run of Ceph's public tests of S3, and what of it does not pass, as s3tests.toml has it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("s3tests.toml")


@dataclass(frozen=True)
class Unmet:
    """Tests that do not pass, by their names without `test_`; `why` is a sentence."""

    tests: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class CephTests:
    """commit      that was run
    n_tests     that are chosen of it
    markers     of pytest that tests must not have
    names       parts of names that tests must not have
    """

    commit: str
    n_tests: int
    markers: tuple[str, ...]
    names: tuple[str, ...]
    unmet: tuple[Unmet, ...]

    @property
    def options(self) -> list[str]:
        """What chooses the tests, for pytest."""
        markers = " and ".join(f"not {marker}" for marker in self.markers)
        return ["-m", markers, "-k", " and ".join(f"not {name}" for name in self.names)]

    @property
    def expected_to_fail(self) -> frozenset[str]:
        return frozenset(f"test_{name}" for group in self.unmet for name in group.tests)


@cache
def ceph_tests() -> CephTests:
    read = tomllib.loads(FILE.read_text())
    return CephTests(
        read["commit"],
        read["n_tests"],
        tuple(read["without_markers"]),
        tuple(read["without_names"]),
        tuple(Unmet(tuple(one["tests"]), one["why"]) for one in read["unmet"]),
    )
