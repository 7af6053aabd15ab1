"""The page of errors leaves nothing out that a user can meet."""

from __future__ import annotations

import ast

import pytest

from scripts.errors_page import PACKAGE, texts_of
from scripts.remedies import INSIDE, OPERATIONS, REASONS, S3, STARTING, UNLISTED
from windvane.notes.sentences import SENTENCES
from windvane.wire.faults import TABLE
from windvane.wire.s3.refusals import CODES

PAGE = (PACKAGE.parent / "docs" / "errors.md").read_text()


def classes_of_errors():
    """Names of all subclasses of WindvaneError in the package, with those that they extend."""
    extended = {}
    for path in PACKAGE.rglob("*.py"):
        source = path.read_text()
        if "errors" not in source or "\nclass " not in source:
            continue
        for node in ast.parse(source).body:
            if isinstance(node, ast.ClassDef):
                bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
                extended.setdefault(node.name, set()).update(bases)
    found = {"WindvaneError"}
    while more := {name for name, bases in extended.items() if bases & found} - found:
        found |= more
    return found, extended


def lineage(name, extended):
    """A class with those that it extends, but for the root of all."""
    above = set().union(*(lineage(base, extended) for base in extended.get(name, ())))
    return {name} | above - {"WindvaneError"}


def test_every_reason_is_explained_once():
    explained = [row.code for section in REASONS for row in section.rows]
    assert sorted(explained) == sorted(set(SENTENCES) - UNLISTED)
    assert all(f'<a id="{code.value}"></a>' in PAGE for code in explained)


def test_every_code_of_an_operation_is_explained():
    assert set(OPERATIONS) == set(TABLE)
    assert {fault.code for row in TABLE.values() for fault in row.values()} <= set(
        PAGE.replace("`", " ").replace(",", " ").split()
    )


def test_every_code_of_s3_is_explained_once():
    explained = [code for _, codes in S3 for code in codes.split()]
    assert sorted(explained) == sorted(CODES)


def test_every_class_of_errors_is_explained_or_never_met():
    found, extended = classes_of_errors()
    explained = {kind.__name__ for kind in OPERATIONS} | set(STARTING) | INSIDE
    explained |= {name for name in found if f"`{name}`" in PAGE}
    missing = {one for one in found if not lineage(one, extended) & explained}
    assert missing == set()
    assert set(STARTING) | INSIDE <= found


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["BadSettings", "DataFault"])
def test_texts_are_found_in_the_code(kind):
    found = texts_of(kind)
    assert len(found) > 15
    assert all(text.replace("…", "").strip() for text in found)
