"""Networks trained with PyTorch: what NumPy answers is what PyTorch would, and only training needs PyTorch."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from windvane.domain.problem import ProblemType
from windvane.engine.learners.base import Rows
from windvane.engine.learners.catalogue import learner
from windvane.engine.learners.stack_model import read_stack
from windvane.engine.learners.torch_embedded import one_cycle
from windvane.errors import CandidateFault
from windvane.testing.learner_contract import Never, lesson


def trained(monkeypatch, name, posed):
    """A model, and the network in PyTorch that it was made of."""
    from windvane.engine.learners import torch_embedded, torch_tabm, torch_training

    networks = []

    def kept(network, *others):
        networks.append(network)
        return torch_training.train_network(network, *others)

    monkeypatch.setattr(torch_tabm, "train_network", kept)
    monkeypatch.setattr(torch_embedded, "train_network", kept)
    card = learner(name)
    few = posed.few(card, 5)
    model = card.fit(posed.train, posed.valid, few, posed.setting, Never())
    return model, networks[0].eval()


@pytest.mark.parametrize("problem_type", ProblemType)
@pytest.mark.parametrize("name", ["nn-torch", "fastai"])
def test_numpy_answers_what_pytorch_would(name, problem_type, monkeypatch):
    posed = lesson(problem_type, seed=7, has_missing=name == "fastai")
    model, network = trained(monkeypatch, name, posed)
    plan = model.inputs
    with torch.no_grad():
        outputs = network(
            torch.from_numpy(plan.numbers_of(posed.valid.X)),
            torch.from_numpy(plan.places_of(posed.valid.X)),
        ).double()
    if problem_type is ProblemType.REGRESSION:
        target = model.target
        expected = outputs[:, :, 0].mean(dim=1).numpy() * target.scale + target.centre
        expected = expected.clip(target.low, target.high)
    elif problem_type is ProblemType.BINARY:
        share = outputs[:, :, 0].sigmoid().mean(dim=1).numpy()
        expected = np.stack([1 - share, share], axis=1)
    else:
        expected = outputs.softmax(dim=2).mean(dim=1).numpy()
    np.testing.assert_allclose(model.predict(posed.valid.X), expected, rtol=1e-4, atol=1e-5)


def test_codes_that_were_not_seen_count_as_missing():
    posed = lesson(ProblemType.BINARY, seed=7, has_missing=True)
    card = learner("fastai")
    model = card.fit(posed.train, posed.valid, posed.few(card, 3), posed.setting, Never())
    rows = np.repeat(posed.valid.X[:1], 4, axis=0)
    rows[:, 4] = [np.nan, -1, 5, 1e9]
    answers = model.predict(rows)
    assert (answers == answers[0]).all()


def test_a_saved_model_answers_without_pytorch(tmp_path):
    posed = lesson(ProblemType.BINARY, seed=7, has_missing=False)
    card = learner("nn-torch")
    model = card.fit(posed.train, posed.valid, posed.few(card, 2), posed.setting, Never())
    (tmp_path / "model").mkdir()
    model.save(tmp_path / "model")
    np.save(tmp_path / "X.npy", posed.valid.X)
    program = (
        "import sys, numpy as np; from pathlib import Path; "
        "from windvane.engine.learners.catalogue import learner; folder = Path(sys.argv[1]); "
        "model = learner('nn-torch').load(folder / 'model'); "
        "np.save(folder / 'answers.npy', model.predict(np.load(folder / 'X.npy'))); "
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True)
    np.testing.assert_array_equal(
        np.load(tmp_path / "answers.npy"),
        read_stack(tmp_path / "model", "nn-torch").predict(posed.valid.X),
    )


def test_values_that_are_missing_are_refused_by_a_network_that_cannot_have_them():
    posed = lesson(ProblemType.REGRESSION, seed=7, has_missing=False)
    X = posed.train.X.copy()
    X[0, 0] = np.nan
    card = learner("nn-torch")
    with pytest.raises(CandidateFault, match="missing or infinite"):
        card.fit(Rows(X, posed.train.y), None, posed.few(card, 2), posed.setting, Never())


def test_a_cycle_rises_and_falls():
    shares = [one_cycle(at) for at in (0, 0.1, 0.25, 0.6, 1)]
    assert shares[0] == pytest.approx(1 / 25)
    assert shares[0] < shares[1] < shares[2] == pytest.approx(1)
    assert shares[2] > shares[3] > shares[4] == pytest.approx(1e-5)
