"""Learning the order of openings from what they did."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest

from benchmarks import portfolio
from benchmarks.portfolio import Tried, area, key_of, learn, main, orders_without
from windvane.automl.estimator import AutoML
from windvane.engine.tuning.portfolio import OPENINGS

OPENED = ["first", "slow", "good", "useless"]


def _tried(name: str = "t") -> Tried:
    worth = {"first": 0.1, "slow": 0.2, "good": 0.15, "useless": 0.0}

    def excess(keys: frozenset[str]) -> float:
        return 0.5 - sum(worth[key] for key in keys)

    return Tried(name, {"first": 1.0, "slow": 10.0, "good": 1.0, "useless": 1.0}, excess)


def test_the_next_is_what_brings_most_for_its_time_and_the_first_stays():
    assert learn([_tried(), _tried()], OPENED) == ["first", "good", "slow", "useless"]


def test_what_no_table_knows_comes_last():
    assert learn([_tried()], ["first", "unheard of", "useless"])[-1] == "unheard of"


def test_an_order_is_worth_what_it_leaves_to_gain_over_the_time():
    # 0.5 for 1 s, 0.4 for 1 s, 0.25 for 10 s, 0.05 for 1 s
    assert area(["first", "good", "slow", "useless"], _tried()) == pytest.approx(3.45 / 13)


def test_openings_have_keys_of_their_own():
    keys = [key_of(opening) for opening in OPENINGS]
    assert len(set(keys)) == len(keys)


def test_the_report_of_kept_jobs(tmp_path, capsys, monkeypatch):
    home = tmp_path / "one"
    home.mkdir()
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(300, 3)), columns=list("abc"))
    frame["y"] = frame["a"] + random.normal(size=300)
    AutoML("y", max_candidates=4, max_runtime_s=60).fit(frame, keep=home / "job")
    shutil.copytree(home, tmp_path / "other")
    monkeypatch.setattr(portfolio, "_MOST_ROWS", 100)
    monkeypatch.setattr(portfolio, "ORDERS", tmp_path / "orders.json")
    assert main([str(tmp_path), "--record"]) == 0
    told = capsys.readouterr().out
    orders = orders_without()
    assert list(orders) == ["one", "other"]
    assert sorted(orders["one"]) == sorted(key_of(opening) for opening in OPENINGS)
    assert "| one" in told
    assert "| mean" in told
    assert "1. lightgbm: sound defaults, quick to train" in told


def test_without_jobs_it_says_how_it_is_called(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2
    assert "python -m benchmarks.portfolio FOLDER" in capsys.readouterr().err
