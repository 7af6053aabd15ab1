"""The pages about the command line and the library say what the code says."""

from __future__ import annotations

import argparse
import inspect
import itertools
import re

import pytest

from scripts.reference import PAGE_OF, PAGES, Docstring
from windvane import AutoForecast, AutoML
from windvane.cli import automl


@pytest.mark.parametrize("page", sorted(PAGE_OF))
def test_pages_are_as_they_are_made(page):
    assert (PAGES / page).read_text() == PAGE_OF[page](), (
        "run .venv/bin/python -m scripts.reference"
    )


def test_a_docstring_is_taken_apart():
    def documented() -> None:
        """Do this.

        rows      a table,
                  or its path
        a_name_that_is_too_long
                  what it is
        raises    InvalidRequest

        Then that.
        """

    read = Docstring.of(documented)
    assert read.text == "Do this.\n\n\nThen that."
    assert read.entries == [
        ("rows", "a table, or its path"),
        ("a_name_that_is_too_long", "what it is"),
        ("raises", "InvalidRequest"),
    ]


@pytest.mark.parametrize("page", sorted(PAGE_OF))
def test_every_column_of_a_table_has_a_heading(page):
    lines = PAGE_OF[page]().splitlines()
    heads = [before for before, line in itertools.pairwise(lines) if line.startswith("|---")]
    assert page == "windvane.1" or heads
    assert [
        head for head in heads if "" in [one.strip() for one in head.strip("|").split("|")]
    ] == []


@pytest.mark.parametrize("estimator", [AutoML, AutoForecast])
def test_every_argument_of_an_estimator_is_documented(estimator):
    names = {one for entry, _ in Docstring.of(estimator).entries for one in entry.split(", ")}
    assert set(inspect.signature(estimator).parameters) - names == set()


def test_every_option_that_help_prints_is_on_the_page():
    commands = argparse.ArgumentParser(prog="windvane").add_subparsers()
    automl.add_parser(commands)
    printed = set(
        re.findall(r"^  (--[\w-]+)", commands.choices["automl"].format_help(), re.MULTILINE)
    )
    assert "--horizon" in printed
    section = PAGE_OF["cli.md"]().partition("## windvane automl\n")[2].partition("\n## ")[0]
    assert printed - set(re.findall(r"^\| `(--[\w-]+)", section, re.MULTILINE)) == set()
