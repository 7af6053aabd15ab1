"""The pages on security name tests that exist, every attack of old, and every requirement that they count."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SECURITY = ROOT / "docs" / "security.md"
ASVS = ROOT / "docs" / "asvs.md"
N_ATTACKS = 17
VERDICTS = ("yes", "partly", "no", "n/a")


@cache
def functions_of(path: Path) -> frozenset[str]:
    """Names of the test functions of a file, those of its classes included."""
    kinds = ast.FunctionDef, ast.AsyncFunctionDef
    tree = ast.parse(path.read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds))


def named_tests(text: str) -> list[tuple[str, str]]:
    """(file below tests/, test) of each name such as `unit/test_x.py::test_y`; `::test_z` is in the file before it."""
    file, found = "", []
    for given, name in re.findall(r"`([\w/]*(?:\.py)?)::(\w+)`", text):
        file = given or file
        found.append((file, name))
    return found


def rows(text: str) -> list[list[str]]:
    """Cells of each row of each table, heads and rules left out."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


@pytest.mark.slow
@pytest.mark.parametrize("page", [SECURITY, ASVS], ids=lambda page: page.name)
def test_tests_that_are_named_exist(page):
    named = named_tests(page.read_text())
    assert len(named) > 50
    missing = [
        (file, name)
        for file, name in named
        if not (ROOT / "tests" / file).is_file() or name not in functions_of(ROOT / "tests" / file)
    ]
    assert missing == []


def test_every_promise_names_a_test():
    promises = (
        SECURITY.read_text().split("## Promises")[1].split("## Attacks that succeeded once")[0]
    )
    kept = [row for row in rows(promises) if row[0] != "promise"]
    assert len(kept) > 50
    assert [row[0] for row in kept if not named_tests(row[-1])] == []


def test_every_attack_has_a_row_that_names_a_test():
    attacks = SECURITY.read_text().split("## Attacks that succeeded once")[1].split("\n## ")[0]
    closed = {row[0]: named_tests(row[-1]) for row in rows(attacks) if row[0] != "attack"}
    assert list(closed) == [str(number) for number in range(1, N_ATTACKS + 1)]
    assert all(closed.values())


def requirements(cell: str) -> list[str]:
    """Numbers in a cell: `V1.2.3`, `V1.2.3 to V1.2.5`, and several of these after commas."""
    found = []
    for part in cell.split(", "):
        first, _, last = part.partition(" to ")
        section, _, number = first.rpartition(".")
        end = int(last.rpartition(".")[2]) if last else int(number)
        found += [f"{section}.{one}" for one in range(int(number), end + 1)]
    return found


def test_every_requirement_stands_once_with_a_verdict_and_a_reason_and_is_counted():
    text = ASVS.read_text()
    judged = [row for row in rows(text) if re.match(r"V\d", row[0])]
    counted = Counter()
    numbers = []
    for where, about, verdict, reason in judged:
        assert verdict in VERDICTS, where
        assert about, where
        assert reason, where
        numbers += requirements(where)
        counted[verdict] += len(requirements(where))
    assert len(numbers) == len(set(numbers))
    assert numbers == sorted(numbers, key=lambda one: [int(part) for part in one[1:].split(".")])
    assert {
        verdict: int(re.search(rf"(\d+) `{verdict}`", text)[1]) for verdict in VERDICTS
    } == counted
