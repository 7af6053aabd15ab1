"""What happened is a note (windvane/notes); its wording is for people, and no code reads it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "windvane"

EXCEPTIONS = {
    "notes/earlier.py": "sentences that earlier versions kept in records",
    "store/migrations/versions/v0007_notes_of_log_lines.py": "lines that earlier versions wrote",
    "engine/data/csvfiles.py": "what DuckDB and Arrow say of a file, which have no codes for it",
    "serving/csvblocks.py": "what Python's csv says of a file, likewise",
    "engine/learners/faults.py": "how libraries say that there is not enough memory, without an error of their own for it",
    "engine/data/missing_markers.py": "markers of missing values in somebody's data",
    "engine/forecasting/holidays.py": "names of holidays, as the package of calendars has them",
    "engine/learners/monotone.py": "names of features",
    "engine/definitions/modules.py": "a line of a module that is cut there",
    "domain/events.py": "detail types of events, which rules compare",
    "cli/own_api.py": "the last line of a certificate",
    "sharing.py": "likewise",
    "executor/cluster.py": "what Python says where Ray is not installed, in another process",
}
"""Files in which texts with several words are compared or searched, and what those are."""

SEARCHES = frozenset(
    {
        "compile",
        "count",
        "endswith",
        "find",
        "findall",
        "finditer",
        "fullmatch",
        "index",
        "match",
        "partition",
        "removeprefix",
        "removesuffix",
        "rfind",
        "rpartition",
        "search",
        "split",
        "startswith",
        "sub",
    }
)
PROSE = re.compile(
    r"[A-Za-z]{2,} [A-Za-z]{2,}|[A-Za-z]{3,} $|^ [A-Za-z]{2,} [a-z]|^(?:Candidate|It|The|Update|Variant)$"
)
"""A text of several words, or the first word of a sentence."""

IN_TEMPLATES = re.compile(r"""(["'])(?:(?!\1).)+\1 (?:not )?in |(?:start|end)swith\((["'])""")
"""A text that a template looks for in another."""


Known = dict[str, list[ast.expr]]
"""What stands behind a name."""


def texts_of(node: ast.AST, known: Known) -> Iterator[str]:
    for one in ast.walk(node):
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield one.value
        elif isinstance(one, ast.Name):
            for behind in known.get(one.id, ()):
                keys = behind.keys if isinstance(behind, ast.Dict) else [behind]
                for key in keys:
                    yield from texts_of(key, {}) if key is not None else ()


def constants_of(tree: ast.Module) -> Known:
    """What a module calls by name."""
    found: Known = {}
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        target = node.target if isinstance(node, ast.AnnAssign) else target
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if isinstance(target, ast.Name) and value is not None:
            found[target.id] = [value]
    return found


def first_of(node: ast.For | ast.comprehension, known: Known) -> Known:
    """What stands behind the first variable of a loop over a table: its keys, or the first of each of its rows."""
    target = node.target.elts[0] if isinstance(node.target, ast.Tuple) else node.target
    names = [one.id for one in ast.walk(node.iter) if isinstance(one, ast.Name)]
    tables = [table for name in names for table in known.get(name, ())]
    found: list[ast.expr] = []
    for table in tables:
        rows = table.keys if isinstance(table, ast.Dict) else getattr(table, "elts", [])
        found += [row.elts[0] if isinstance(row, ast.Tuple) else row for row in rows if row]
    return {target.id: found} if isinstance(target, ast.Name) and found else {}


def compared(node: ast.AST, known: Known | None = None) -> Iterator[str]:
    """The texts that are compared with others, or looked for in them."""
    if known is None:
        known = constants_of(node) if isinstance(node, ast.Module) else {}
    loops = [node] if isinstance(node, ast.For) else getattr(node, "generators", [])
    known = {
        **known,
        **{name: one for loop in loops for name, one in first_of(loop, known).items()},
    }
    sides: list[ast.expr] = []
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        sides = node.args if node.func.attr in SEARCHES else []
    for side in sides:
        if not isinstance(side, ast.Call | ast.Attribute | ast.Subscript):
            yield from texts_of(side, known)
    for child in ast.iter_child_nodes(node):
        yield from compared(child, known)


@pytest.mark.slow
def test_no_code_reads_a_sentence() -> None:
    found = {
        f"{name}: {text!r}"
        for file in sorted(PACKAGE.rglob("*.py"))
        if (name := str(file.relative_to(PACKAGE))) not in EXCEPTIONS
        and not name.startswith("testing/")
        for text in compared(ast.parse(file.read_text()))
        if PROSE.search(text)
    }
    assert found == set()


@pytest.mark.parametrize("name", sorted(EXCEPTIONS))
def test_every_exception_is_one(name: str) -> None:
    tree = ast.parse((PACKAGE / name).read_text())
    assert any(PROSE.search(text) for text in compared(tree))


def test_no_template_looks_for_a_text_in_a_message() -> None:
    found = [
        f"{file.name}: {line.strip()[:80]}"
        for file in sorted((PACKAGE / "console" / "templates").rglob("*.html"))
        for line in file.read_text().splitlines()
        if IN_TEMPLATES.search(line) and re.search(r"reason|message|sentence|failure", line)
    ]
    assert [one for one in found if "fault.action.startswith" not in one] == []


@pytest.mark.parametrize(
    "code",
    [
        "is_it = text.startswith('The endpoint ')",
        "is_it = 'exploration notebook' in message",
        "CUT = 'training was cut short'\nis_it = any(note.startswith(CUT) for note in notes)",
        "MISSING = {'The report is missing': 1}\nnamed = [p for t, p in MISSING.items() if r.startswith(t)]",
        "is_it = told == 'It was stopped.'",
        "import re\nSAFE = re.compile('It was (ended|stopped) because')",
    ],
)
def test_what_was_read_before_would_be_found(code: str) -> None:
    assert any(PROSE.search(text) for text in compared(ast.parse(code)))
