"""Loading libraries ahead, without what they can do without."""

import subprocess
import sys

import pytest

from windvane.automl.local.libraries import Libraries, absent

LEAN = """
import sys
import time

import numpy as np

from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.features.base import Feature
from windvane.engine.learners.base import Rows, Setting
from windvane.engine.learners.catalogue import learner
from windvane.automl.local.libraries import Libraries
from windvane.engine.training.learning_task import Deadline

libraries = Libraries(["lightgbm"])
while libraries.load_next():
    pass
libraries.load_for("xgboost")
for name in ("sklearn", "pandas"):
    assert name not in sys.modules, name

X = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)
y = (X[:, 0] > 0).astype(float)
features = tuple(Feature(name, name) for name in "abc")
setting = Setting(ProblemType.BINARY, MetricName.AUC, 2, features, 0, 1)
for name in ("lightgbm", "xgboost", "catboost", "linear-learner", "extra-trees"):
    libraries.load_for(name)
    model = learner(name).fit(
        Rows(X, y), None, learner(name).defaults(setting, 200), setting, Deadline(time.time() + 60)
    )
    assert model.predict(X).shape == (200, 2), name
"""


def test_boosters_load_without_what_they_only_offer_their_users_and_the_rest_still_can():
    done = subprocess.run([sys.executable, "-c", LEAN], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


WITHOUT_PANDAS = """
import sys

import numpy as np
import pyarrow as pa

from windvane.automl.local.libraries import keep_pandas_from_arrow

keep_pandas_from_arrow()
texts = pa.array(np.array(["a", None, "b"], dtype=object)).dictionary_encode()
assert texts.indices.fill_null(-1).to_numpy(zero_copy_only=False).tolist() == [0, -1, 1]
assert texts.dictionary.to_pylist() == ["a", "b"]
assert "pandas" not in sys.modules
import pandas
"""


def test_columns_of_arrow_become_arrays_without_pandas_being_loaded():
    done = subprocess.run([sys.executable, "-c", WITHOUT_PANDAS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_each_is_loaded_once_in_their_order(monkeypatch):
    loaded = []
    monkeypatch.setattr("windvane.automl.local.libraries.import_module", loaded.append)
    libraries = Libraries(["a", "b"])
    assert [libraries.load_next() for _ in range(3)] == [True, True, False]
    assert loaded == ["a", "b"]


def test_an_algorithm_gets_its_library_unless_it_is_there(monkeypatch):
    loaded = []
    monkeypatch.setattr("windvane.automl.local.libraries.import_module", loaded.append)
    monkeypatch.delitem(sys.modules, "sklearn.ensemble", raising=False)
    monkeypatch.setitem(sys.modules, "catboost", sys)
    libraries = Libraries([])
    for algorithm in ("randomforest", "catboost", "baseline"):
        libraries.load_for(algorithm)
    assert loaded == ["sklearn.ensemble"]


def test_an_extra_that_is_not_installed_is_not_loaded(monkeypatch):
    loaded = []
    monkeypatch.setattr("windvane.automl.local.libraries.import_module", loaded.append)
    for name in ("catboost", "torch"):
        monkeypatch.setitem(sys.modules, name, None)
    for algorithm in ("catboost", "nn-torch"):
        Libraries([]).load_for(algorithm)
    assert loaded == []


def test_what_is_absent_is_back_after_the_block():
    assert "wave" not in sys.modules
    with absent(["wave"]), pytest.raises(ModuleNotFoundError):
        __import__("wave")
    assert __import__("wave").__name__ == "wave"


def test_what_is_loaded_stays_there():
    with absent(["sys"]):
        assert __import__("sys") is sys
