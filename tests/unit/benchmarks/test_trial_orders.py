"""Openings in the order that was learnt without a table, in the trial of the library."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from benchmarks import harness
from benchmarks.portfolio import key_of
from windvane.engine.tuning import portfolio

FOLDER = Path(harness.__file__).parent / "trial"


@pytest.fixture
def trial(monkeypatch):
    """The module of the library's trial, as the trial's own process has it."""
    monkeypatch.syspath_prepend(str(FOLDER))
    file = FOLDER / "systems" / "windvane.py"
    spec = importlib.util.spec_from_file_location("trial_of_windvane", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    for name in ("systems", "systems.base"):
        sys.modules.pop(name, None)


def test_openings_come_in_the_order_that_was_learnt_and_unknown_ones_last(
    trial, tmp_path, monkeypatch
):
    before = portfolio.OPENINGS
    monkeypatch.setattr(portfolio, "OPENINGS", before)
    known = [key_of(one) for one in before[1:]][::-1]
    orders = tmp_path / "orders.json"
    orders.write_text(json.dumps({"t": known}))
    monkeypatch.setattr(trial, "_ORDERS", orders)
    options = {"order": "t"}
    trial.Trial("binary", 1, 1, 0, tmp_path / "own", options).setup()
    assert [key_of(one) for one in portfolio.OPENINGS] == [*known, key_of(before[0])]
