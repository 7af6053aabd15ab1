import gzip
import shutil

import numpy as np
import pandas as pd
import pytest

from benchmarks.packed import TABLE, pack_model
from windvane import AutoML
from windvane.engine.packages.tarball import unpack
from windvane.errors import CorruptArtifact, InvalidRequest


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    parameters = {"num_iterations": 5, "learning_rate": 0.3}
    return pack_model(tmp_path_factory.mktemp("packed") / "model", parameters, n_rows=600)


@pytest.fixture(scope="module")
def rows():
    with gzip.open(TABLE) as file:
        return pd.read_csv(file, nrows=20)


def test_a_model_in_one_archive_is_loaded_and_answers(packed, rows):
    model = AutoML.load(packed.whole)
    answers = model.predict(rows)
    assert set(answers) <= {"yes", "no"}
    probabilities = model.predict_proba(rows)
    assert probabilities.shape == (20, 2)
    assert np.allclose(probabilities.sum(axis=1), 1)
    assert model.classes_.tolist() == ["no", "yes"]
    assert model.problem.objective == "F1"
    assert "Accuracy" in [one.metric for one in model.score(rows)]


@pytest.mark.parametrize("is_packed", [True, False])
def test_a_pipelines_two_packages_in_one_folder_answer_the_same(packed, rows, tmp_path, is_packed):
    for name, archive in (("first", packed.transformers), ("second", packed.model)):
        if is_packed:
            (tmp_path / name).mkdir()
            shutil.copy(archive, tmp_path / name / "model.tar.gz")
        else:
            unpack(archive, tmp_path / name)
    expected = AutoML.load(packed.whole).predict_proba(rows)
    assert (AutoML.load(tmp_path).predict_proba(rows) == expected).all()


def test_a_downloaded_model_is_explained_and_saved_as_any_other(packed, rows, tmp_path):
    model = AutoML.load(packed.whole)
    explained = model.explain(rows, budget_s=60, background=rows)
    assert explained.outputs == ["yes"]
    model.save(tmp_path / "saved")
    del model
    saved = AutoML.load(tmp_path / "saved")
    assert len(saved.predict(rows)) == 20
    with pytest.raises(InvalidRequest, match="This model was downloaded"):
        saved.leaderboard()


def test_one_half_of_a_pipeline_is_refused_naming_the_other(packed):
    with pytest.raises(InvalidRequest, match="contains no package of the kind 'transformers'"):
        AutoML.load(packed.model)
    with pytest.raises(InvalidRequest, match="contains no package of the kind 'model'"):
        AutoML.load(packed.transformers)


def test_several_models_in_one_folder_are_refused(packed, tmp_path):
    for name in ("one", "two"):
        shutil.copy(packed.whole, tmp_path / f"{name}.tar.gz")
    with pytest.raises(InvalidRequest, match="contains 2 packages of the kind 'transformers'"):
        AutoML.load(tmp_path)


def test_what_is_no_model_is_refused(tmp_path):
    with pytest.raises(InvalidRequest, match="There is no"):
        AutoML.load(tmp_path / "nothing")
    (tmp_path / "model.tar.gz").write_bytes(b"no archive")
    with pytest.raises(CorruptArtifact, match="cannot be unpacked"):
        AutoML.load(tmp_path / "model.tar.gz")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidRequest, match="contains no package"):
        AutoML.load(tmp_path / "empty")
