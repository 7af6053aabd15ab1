"""What docs/coming-from.md calls the same task in Windvane is code that runs."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import windvane

PAGE = Path(__file__).resolve().parents[3] / "docs" / "coming-from.md"


def of_windvane():
    """The code in the second column of the tables that name a library, in order."""
    text = PAGE.read_text()
    tables = re.findall(
        r"^\| [\w]+ \| Windvane \|\n\|---\|---\|\n((?:\|.*\n)+)", text, re.MULTILINE
    )
    cells = [row.split(" | ")[1] for table in tables for row in table.splitlines()]
    found = [code for cell in cells for code in re.findall(r"`([^`]+)`", cell)]
    return [code.replace("fit(frame)", "fit(train)") for code in found]


class Quick(windvane.AutoML):
    """As the page has it, on a few rows: a single candidate will do."""

    def __init__(self, **parameters):
        super().__init__(**{**parameters, "max_candidates": 1, "threads": 1})


def run(code, names):
    return eval(code, {"__builtins__": {}}, names)


@pytest.fixture(scope="module")
def names(make_table, tmp_path_factory):
    frame = make_table(120, seed=3).drop(columns="amount")
    frame["customer"] = np.arange(len(frame)) // 2
    frame["date"] = pd.date_range("2024-01-01", periods=len(frame))
    [fitted] = {code for code in of_windvane() if code.startswith("AutoML(")}
    model = run(fitted, {"AutoML": Quick, "train": frame})
    folder = tmp_path_factory.mktemp("saved") / "model"
    model.save(folder)
    return {
        "AutoML": Quick,
        "AutoForecast": windvane.AutoForecast,
        "train": frame,
        "rows": frame.head(20),
        "model": model,
        "folder": folder,
    }


def test_the_page_has_such_code():
    assert len(of_windvane()) > 15


@pytest.mark.parametrize(
    "code", dict.fromkeys(code for code in of_windvane() if ".fit(" not in code)
)
def test_code_runs(code, names, tmp_path):
    """Names of columns are read with the data, other parameters before."""
    if re.match(r"\w+=", code):
        code = f'AutoML(target="y", {code})' + (".fit(train)" if "_column=" in code else "")
    if ".save(" in code:
        run(code, {**names, "folder": tmp_path / "saved"})
        assert (tmp_path / "saved").is_dir()
    else:
        assert run(code, names) is not None
