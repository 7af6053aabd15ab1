"""Notebook files: JSON of notebook format 4.5.

Source: https://nbformat.readthedocs.io/en/latest/format_description.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

Cell = dict[str, Any]

_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def text_cell(source: str, attachments: Mapping[str, Mapping[str, str]] | None = None) -> Cell:
    """Return a cell of Markdown.

    attachments    of a file name, its content in Base64 by media type
    """
    cell: Cell = {"cell_type": "markdown", "source": source, "metadata": {}}
    return cell if attachments is None else {**cell, "attachments": attachments}


def code_cell(source: str) -> Cell:
    """Return a cell of Python that has not been run."""
    return {
        "cell_type": "code",
        "metadata": {},
        "execution_count": None,
        "source": source,
        "outputs": [],
    }


def notebook_file(cells: Iterable[Cell]) -> str:
    """Return the text of a file; the same for the same cells."""
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": _KERNEL},
        "cells": [{"id": f"cell-{number}", **cell} for number, cell in enumerate(cells)],
    }
    return json.dumps(notebook, indent=1, ensure_ascii=True) + "\n"
