"""Notebook files are what nbformat makes of the same cells."""

import json
import subprocess
import sys

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from windvane.engine.reports.ipynb import code_cell, notebook_file, text_cell

PICTURE = {"a.png": {"image/png": "AAAA"}}


def test_a_file_is_what_nbformat_makes_of_the_same_cells():
    made = notebook_file([text_cell("# é", PICTURE), code_cell("print(1)"), text_cell("end")])
    theirs = [
        new_markdown_cell("# é", attachments=PICTURE, id="cell-0"),
        new_code_cell("print(1)", id="cell-1"),
        new_markdown_cell("end", id="cell-2"),
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    assert json.loads(made) == new_notebook(cells=theirs, metadata={"kernelspec": kernel})
    nbformat.validate(nbformat.reads(made, as_version=4))


def test_notebooks_are_written_without_nbformat():
    """It checks each cell with a library whose import takes as long as half of the others of a task."""
    modules = "windvane.engine.definitions.define, windvane.engine.reports.files"
    code = f"import sys, {modules}; print('nbformat' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert said.stdout == "False\n"
