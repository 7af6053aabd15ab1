"""Notebook files are what nbformat makes of the same cells."""

import json

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
