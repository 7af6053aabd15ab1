from threading import Event

import pytest

from windvane.automl.local import preload
from windvane.automl.local.preload import preloading_libraries
from windvane.engine.learners import catalogue


def _candidate(algorithm, state="finished"):
    return {"event": "candidate", "state": state, "algorithm": algorithm}


def test_the_library_of_each_finished_algorithm_is_loaded_once_and_all_is_passed_on(monkeypatch):
    loaded, told = [], []
    is_loaded = Event()

    class Card:
        def __init__(self, name):
            self.name = name

        def load_library(self):
            loaded.append(self.name)
            is_loaded.set()

    monkeypatch.setattr(preload, "learner", Card)
    events = [
        {"event": "stage", "stage": "search", "state": "started"},
        _candidate("xgboost", "started"),
        _candidate("catboost", "failed"),
        _candidate("xgboost"),
        _candidate("xgboost"),
    ]
    with preloading_libraries(told.append) as hear:
        for event in events:
            hear(event)
        assert is_loaded.wait(240)
    assert loaded == ["xgboost"]
    assert told == events


def test_a_job_that_fails_ends_the_loading():
    with (
        pytest.raises(RuntimeError, match="job"),
        preloading_libraries(lambda _: None),
    ):
        raise RuntimeError("the job")


def test_loading_a_library_imports_the_module_that_answers(monkeypatch):
    imported = []
    monkeypatch.setattr(catalogue, "import_module", imported.append)
    for name in ("xgboost", "catboost", "linear-learner"):
        catalogue.learner(name).load_library()
    modules = [name.rpartition(".")[2] for name in imported]
    assert modules == ["xgboost", "catboost", "linear"]
