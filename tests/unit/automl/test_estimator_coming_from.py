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
    tables = re.findall(r"^\| [\w]+ \| Windvane \|\n\|---\|---\|\n((?:\|.*\n)+)", text, re.MULTILINE)
    cells = [row.split(" | ")[1] for table in tables for row in table.splitlines()]
    return [code for cell in cells for code in re.findall(r"`([^`]+)`", cell)]


def quick(**parameters):
    """As the page has it, on a few rows: a single candidate will do."""
    return windvane.AutoML(**{**parameters, "max_candidates": 1, "threads": 1})


@pytest.fixture(scope="module")
def names(make_table, tmp_path_factory):
    frame = make_table(120, seed=3).drop(columns="amount")
    frame["customer"] = np.arange(len(frame)) // 2
    frame["date"] = pd.date_range("2024-01-01", periods=len(frame))
    model = quick(target="y").fit(frame)
    folder = tmp_path_factory.mktemp("saved") / "model"
    model.save(folder)
    return {
        "AutoML": quick,
        "AutoForecast": windvane.AutoForecast,
        "frame": frame,
        "train": frame,
        "rows": frame.head(20),
        "model": model,
        "folder": folder,
    }


def test_the_page_has_such_code():
    found = of_windvane()
    assert len(found) > 15
    assert sum(code.startswith("AutoML(") for code in found) > 2


@pytest.mark.parametrize("code", dict.fromkeys(of_windvane()))
def test_code_runs(code, names, tmp_path):
    if re.match(r"\w+=", code):
        code = f'AutoML(target="y", {code}).fit(train)'
    if ".save(" in code:
        names = {**names, "folder": tmp_path / "saved"}
    assert eval(code, {"__builtins__": {}}, names) is not None or ".save(" in code
