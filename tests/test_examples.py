"""Examples in docstrings say what is so."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "windvane"


def modules_with_examples():
    for file in sorted(PACKAGE.rglob("*.py")):
        if ">>> " in file.read_text():
            yield ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts)


@pytest.mark.parametrize("name", list(modules_with_examples()))
def test_the_examples_of_a_module_are_true(name):
    told = doctest.testmod(import_module(name))
    assert told.attempted > 0
    assert told.failed == 0
