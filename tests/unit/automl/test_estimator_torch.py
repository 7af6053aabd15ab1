"""Algorithms of the extra `torch`: tried where they are named, and answered without PyTorch."""

import subprocess
import sys

import numpy as np
import pytest

from windvane import AutoML
from windvane.engine.learners import extras
from windvane.errors import InvalidRequest

NAMED = ["nn-torch", "fastai"]


@pytest.fixture(scope="module")
def rows(make_table):
    return make_table(160, seed=11).drop(columns="amount")


@pytest.fixture(scope="module")
def model(rows):
    asked = {"algorithms": NAMED, "max_candidates": 3, "max_runtime_s": 600}
    return AutoML("y", objective="AUC", threads=2, **asked).fit(rows)


def test_a_search_of_networks_has_both(model):
    board = model.leaderboard()
    assert set(board["algorithm"]) - {"ensemble"} == set(NAMED)
    assert (board["status"] == "finished").all()
    assert (board["AUC"] > 0.75).all()


def test_its_model_answers_where_pytorch_cannot_be_imported(model, rows, tmp_path):
    model.save(tmp_path / "model")
    rows.to_csv(tmp_path / "rows.csv", index=False)
    program = (
        "import sys; sys.modules['torch'] = None\n"
        "import numpy as np, pandas as pd; from pathlib import Path; from windvane import AutoML\n"
        "folder = Path(sys.argv[1]); model = AutoML.load(folder / 'model')\n"
        "np.save(folder / 'answers.npy', model.predict_proba(pd.read_csv(folder / 'rows.csv')))"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "answers.npy"), model.predict_proba(rows))


def test_without_pytorch_it_is_said_how_to_install_it(monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    with pytest.raises(
        InvalidRequest, match=r"fastai needs the extra 'torch'.*pip install"
    ) as told:
        AutoML("y", algorithms=["lightgbm", "fastai"])
    assert "nn-torch" not in str(told.value), "it is no choice either"
