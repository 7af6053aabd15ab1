"""Many classes, one of them rare, and an objective that counts them alike: from the search to the saved model."""

import json

import numpy as np
import pandas as pd
import pytest

from windvane import AutoML
from windvane.engine.manifest import read_json, write_manifest
from windvane.errors import CorruptArtifact


def _table(seed=0):
    random = np.random.default_rng(seed)
    y = random.choice(3, 900, p=[0.6, 0.34, 0.06])
    X = 0.9 * np.eye(3)[y] + random.normal(size=(900, 3))
    return pd.DataFrame(X, columns=list("abc")).assign(y=np.array(["often", "some", "rare"])[y])


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class-weights") / "model"
    model = AutoML("y", objective="F1macro", max_runtime_s=60, max_candidates=3).fit(_table())
    model.save(folder)
    return model, folder


def test_what_is_predicted_is_the_highest_of_the_weighed_probabilities(saved):
    model, folder = saved
    rows = _table(seed=1)
    weights = np.array(read_json(folder / "model" / "model.json")["class_weights"])
    assert weights.shape == (3,)
    probabilities = model.predict_proba(rows)
    expected = model.classes_[np.argmax(probabilities * weights, axis=1)]
    plain = model.classes_[np.argmax(probabilities, axis=1)]
    for answers in (model, AutoML.load(folder)):
        assert (answers.predict(rows) == expected).all()
    assert (expected == "rare").sum() > (plain == "rare").sum()
    chosen = model.leaderboard().query("chosen").iloc[0]
    assert (
        "class probabilities are reweighted to optimise F1macro before the class is chosen"
        in chosen.notes
    )


def test_switched_off_the_most_probable_class_is_predicted(tmp_path):
    model = AutoML(
        "y",
        objective="F1macro",
        algorithms=["linear-learner"],
        max_candidates=1,
        tune_threshold=False,
    ).fit(_table())
    rows = _table(seed=1)
    highest = model.classes_[np.argmax(model.predict_proba(rows), axis=1)]
    assert (model.predict(rows) == highest).all()


@pytest.mark.parametrize("weights", [[1.0, 2.0], [1.0, -1.0, 1.0], ["many", 1, 1]])
def test_weights_that_cannot_be_are_refused(saved, tmp_path, weights):
    saved[0].save(tmp_path / "model")
    home = tmp_path / "model" / "model"
    document = json.loads((home / "model.json").read_text())
    (home / "model.json").write_text(json.dumps({**document, "class_weights": weights}))
    write_manifest(home, "model", read_json(home / "manifest.json").get("about", {}))
    write_manifest(tmp_path / "model", "automl", {"label_kind": "string"})
    with pytest.raises(CorruptArtifact, match="decides"):
        AutoML.load(tmp_path / "model")
