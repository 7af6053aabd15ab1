"""Loading libraries ahead, without what they can do without."""

import subprocess
import sys

import pytest

from windvane.engine.libraries import Libraries, absent

LEAN = """
import sys
from windvane.engine.libraries import Libraries
libraries = Libraries(["lightgbm"])
while libraries.load_next():
    pass
libraries.load_for("xgboost")
libraries.load_for("catboost")
for name in ("lightgbm", "xgboost", "catboost"):
    assert name in sys.modules, name
for name in ("sklearn", "pandas"):
    assert name not in sys.modules, name

import numpy as np
import lightgbm
X, y = np.random.default_rng(0).normal(size=(2, 200, 3))
y = y[:, 0]
booster = lightgbm.train({"verbosity": -1}, lightgbm.Dataset(X, y), 3)
assert booster.predict(X).shape == (200,)
from sklearn.ensemble import RandomForestRegressor
assert RandomForestRegressor(2).fit(X, y).predict(X).shape == (200,)
"""


def test_boosters_load_without_what_they_only_offer_their_users_and_the_rest_still_can():
    done = subprocess.run([sys.executable, "-c", LEAN], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_each_is_loaded_once_in_their_order(monkeypatch):
    loaded = []
    monkeypatch.setattr("windvane.engine.libraries.import_module", loaded.append)
    libraries = Libraries(["a", "b"])
    assert [libraries.load_next() for _ in range(3)] == [True, True, False]
    assert loaded == ["a", "b"]


def test_an_algorithm_gets_its_library_unless_it_is_there(monkeypatch):
    loaded = []
    monkeypatch.setattr("windvane.engine.libraries.import_module", loaded.append)
    monkeypatch.delitem(sys.modules, "sklearn.ensemble", raising=False)
    monkeypatch.setitem(sys.modules, "catboost", sys)
    libraries = Libraries([])
    for algorithm in ("randomforest", "catboost", "baseline"):
        libraries.load_for(algorithm)
    assert loaded == ["sklearn.ensemble"]


def test_what_is_absent_is_back_after_the_block():
    assert "wave" not in sys.modules
    with absent(["wave"]), pytest.raises(ModuleNotFoundError):
        __import__("wave")
    assert __import__("wave").__name__ == "wave"


def test_what_is_loaded_stays_there():
    with absent(["sys"]):
        assert __import__("sys") is sys
