"""Packages: what is written is read, and what was tampered with is refused."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from windvane.domain.problem import MetricName, ProblemType
from windvane.engine import manifest
from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.ensembles.pool import Pool, pooled
from windvane.engine.features.plan import fit_transform_recipe
from windvane.engine.features.recipe_data import RecipeData
from windvane.engine.learners.base import Rows, Setting
from windvane.engine.learners.catalogue import learner
from windvane.engine.packages.package import (
    Member,
    ModelSpec,
    Schema,
    Transformers,
    load_predictor,
    write_manifest,
    write_model,
    write_transformers,
)
from windvane.engine.scoring.calibration import at_temperature
from windvane.engine.scoring.threshold import Decision
from windvane.errors import CorruptArtifact, InvalidRequest
from windvane.testing.learner_contract import Never

HOSTILE = "../../etc/passwd\n\"name' \ud83d"
SPECS = (
    ColumnSpec("row id", ColumnType.IDENTIFIER, "all different"),
    ColumnSpec(HOSTILE, ColumnType.NUMERIC, "numbers"),
    ColumnSpec("colour", ColumnType.CATEGORICAL, "few words"),
)
SCHEMA = Schema(
    tuple(spec.name for spec in SPECS), ("no", "yes"), "string", "y", "BinaryClassification"
)
N = 200


def _table():
    generator = np.random.default_rng(0)
    columns = {
        HOSTILE: generator.normal(size=N),
        "colour": generator.choice(np.array(["red", "green", None], object), N),
    }
    y = ((columns[HOSTILE] > 0) ^ (columns["colour"] == "red")).astype(float)
    return columns, y


def _member(folder, name, weight):
    columns, y = _table()
    algorithm = learner(name)
    recipe, X = None, np.empty((N, 0), np.float32)
    if algorithm.recipes[0]:
        recipe, X = fit_transform_recipe(algorithm.recipes[0], RecipeData(SPECS, columns, y, 2, 0))
    setting = Setting(ProblemType.BINARY, MetricName.F1, 2, recipe.features if recipe else (), 1)
    parameters = algorithm.with_rounds(algorithm.defaults(setting, N), 20)
    model = algorithm.fit(Rows(X, y), None, parameters, setting, Never())
    folder.mkdir(parents=True)
    model.save(folder)
    return Member(weight, recipe.name if recipe else "", name, folder), recipe, model


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    root = tmp_path_factory.mktemp("package")
    trees, dpp0, _ = _member(root / "a", "lightgbm", 0.5)
    linear, dpp1, _ = _member(root / "b", "linear-learner", 0.25)
    constant, _, _ = _member(root / "c", "baseline", 0.25)
    write_transformers(
        root / "transformers", Transformers(SCHEMA, SPECS, {"dpp0": dpp0, "dpp1": dpp1})
    )
    members = [trees, replace(linear, temperature=2.0), constant]
    about = {"algorithm": "ensemble"}
    write_model(root / "model", ModelSpec(SCHEMA, members, Decision(0.5), about, 0.75))
    return root


@pytest.fixture
def package(written, tmp_path):
    shutil.copytree(written / "transformers", tmp_path / "transformers")
    shutil.copytree(written / "model", tmp_path / "model")
    return tmp_path


def _load(package):
    return load_predictor(package / "transformers", package / "model")


def _reseal(folder, kind):
    """A manifest that fits whatever is in the folder now, as a forger would write it."""
    write_manifest(folder, kind, {})


@pytest.mark.parametrize("pool", [*Pool, None])
def test_an_ensemble_answers_the_calibrated_pool_of_its_calibrated_members(package, pool):
    """Models from before there were two pools average."""
    document = json.loads((package / "model" / "model.json").read_text())
    assert document["pool"] == Pool.GEOMETRIC
    del document["pool"]
    (package / "model" / "model.json").write_text(
        json.dumps(document if pool is None else {**document, "pool": pool})
    )
    _reseal(package / "model", "model")
    columns, _ = _table()
    predictor = _load(package)
    answer = predictor.predict_columns(columns, N).probabilities
    parts = [
        (
            member.weight,
            at_temperature(
                member.model.predict(
                    predictor.recipes[member.recipe].transform(columns)
                    if member.recipe
                    else np.empty((N, 0), np.float32)
                ),
                temperature,
            ),
        )
        for member, temperature in zip(predictor.members, (1.0, 2.0, 1.0), strict=True)
    ]
    expected = at_temperature(pooled(parts, pool or Pool.ARITHMETIC), 0.75)
    np.testing.assert_allclose(answer, expected, rtol=1e-12)


def test_a_pool_that_is_none_is_refused(package):
    document = json.loads((package / "model" / "model.json").read_text())
    (package / "model" / "model.json").write_text(json.dumps({**document, "pool": "loudest"}))
    _reseal(package / "model", "model")
    with pytest.raises(CorruptArtifact, match="loudest"):
        _load(package)


def test_many_rows_and_one_row_get_the_same_answer(package):
    predictor = _load(package)
    rows = [["1", "0.5", "red"], ["2", "", None], ["3", "-1e5", "never met"]]
    together = predictor.predict(rows)
    for i, row in enumerate(rows):
        alone = predictor.predict([row])
        np.testing.assert_array_equal(alone.probabilities[0], together.probabilities[i])
        assert alone.classes[0] == together.classes[i]
    assert predictor.predict([]).probabilities.shape == (0, 2)


def test_the_threshold_decides_between_two_classes(written, tmp_path):
    member, _, _ = _member(tmp_path / "c", "baseline", 1.0)
    write_transformers(tmp_path / "t", Transformers(SCHEMA, SPECS, {}))
    rate = _table()[1].mean()
    for number, (threshold, expected) in enumerate([(rate, 1), (np.nextafter(rate, 1), 0)]):
        spec = ModelSpec(SCHEMA, [member], Decision(float(threshold)), {})
        write_model(tmp_path / str(number), spec)
        predictor = load_predictor(tmp_path / "t", tmp_path / str(number))
        assert predictor.predict([["1", "2", "red"]]).classes.tolist() == [expected]


def test_a_row_of_a_wrong_length_is_named(package):
    with pytest.raises(InvalidRequest, match="Row 2 has 2 values; this model takes 3"):
        _load(package).predict([["1", "2", "red"], ["1", "2"]])
    with pytest.raises(InvalidRequest, match="Row 1 has 4 values"):
        _load(package).predict([["1", "2", "red", "4"]])


def test_a_cell_that_cannot_be_read_is_named_by_row_and_column(package):
    for before in ([], [["1", "2", "red"]]):
        with pytest.raises(InvalidRequest) as refused:
            _load(package).predict([*before, ["1", "tall", "red"]])
        assert f"Row {len(before) + 1}" in str(refused.value)
        assert HOSTILE in str(refused.value)
        assert "tall" in str(refused.value)


def test_names_of_columns_name_no_files(package):
    names = {path.name for path in package.rglob("*")}
    assert not any("passwd" in name or "colour" in name for name in names)


@pytest.mark.parametrize("part", ["transformers", "model"])
def test_every_changed_missing_or_added_file_is_refused(part, package):
    folder = package / part
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        whole = file.read_bytes()
        file.write_bytes(whole[:-3] + b"\x00\x01\x02")
        with pytest.raises(CorruptArtifact):
            _load(package)
        file.unlink()
        with pytest.raises(CorruptArtifact):
            _load(package)
        file.write_bytes(whole)
    (folder / "more.txt").write_text("x")
    with pytest.raises(CorruptArtifact, match=r"more\.txt"):
        _load(package)


def test_a_file_that_two_manifests_name_is_summed_up_once_and_anew_at_the_next_loading(
    package, monkeypatch
):
    summed = []

    def sum_up(file):
        summed.append(file.relative_to(package).as_posix())
        return sum_of(file)

    sum_of = manifest._sha256
    monkeypatch.setattr(manifest, "_sha256", sum_up)
    _load(package)
    assert "model/members/0/model.txt" in summed
    assert len(summed) == len(set(summed))
    once = sorted(summed)
    summed.clear()
    _load(package)
    assert sorted(summed) == once


def test_links_are_refused_even_where_their_content_fits(package):
    file = package / "model" / "model.json"
    file.rename(package / "elsewhere.json")
    file.symlink_to(package / "elsewhere.json")
    with pytest.raises(CorruptArtifact, match="neither a plain file nor a folder"):
        _load(package)


def test_another_format_version_is_refused_naming_both(package):
    file = package / "model" / "manifest.json"
    document = json.loads(file.read_text())
    document["format_version"] = 2
    file.write_text(json.dumps(document))
    with pytest.raises(CorruptArtifact, match=r"format version 2; .* reads format version 1"):
        _load(package)


def test_two_folders_that_do_not_belong_together_are_refused(package, written):
    _, dpp0, _ = _member(package / "a", "lightgbm", 1.0)
    schema = replace(SCHEMA, labels=("nein", "ja"))
    write_transformers(package / "other", Transformers(schema, SPECS, {"dpp0": dpp0}))
    with pytest.raises(CorruptArtifact, match="other columns or labels"):
        load_predictor(package / "other", package / "model")
    with pytest.raises(CorruptArtifact, match="holds 'model', not 'transformers'"):
        load_predictor(package / "model", package / "model")


@pytest.mark.parametrize(
    ("part", "name", "old", "new"),
    [
        ("model", "model.json", '"lightgbm"', '"os.system"'),
        ("model", "model.json", '"dpp0"', '"../../dpp0"'),
        ("model", "model.json", '"dpp0"', '"dpp1"'),
        ("model", "model.json", '"weight": 0.5', '"weight": "x"'),
        ("model", "model.json", '"temperature": 2.0', '"temperature": 0'),
        ("model", "model.json", '"temperature": 0.75', '"temperature": NaN'),
        ("model", "model.json", '"weight": 0.5', '"weight": NaN'),
        ("transformers", "recipes/dpp0/recipe.json", '"number"', '"subprocess.Popen"'),
        ("transformers", "recipes/dpp0/recipe.json", '"arrays"', '"errors"'),
        ("transformers", "recipes/dpp0/recipe.json", '"green"', '"green", "more"'),
    ],
)
def test_a_forged_package_with_a_fitting_manifest_is_refused(part, name, old, new, package):
    file = package / part / name
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    _reseal(package / part, part)
    with pytest.raises(CorruptArtifact):
        _load(package)


def test_arrays_with_objects_in_them_are_refused(package):
    folder = package / "transformers"
    with (folder / "recipes/dpp0/recipe.npz").open("wb") as stream:
        np.savez(stream, **{"1.table": np.array([print], object)})
    _reseal(folder, "transformers")
    with pytest.raises(CorruptArtifact):
        _load(package)


def test_weights_must_add_up_to_one(tmp_path):
    member = Member(0.5, "", "baseline", tmp_path)
    with pytest.raises(ValueError, match="add up to 1"):
        write_model(tmp_path / "model", ModelSpec(SCHEMA, [member], Decision(), {}))


def test_loading_one_model_imports_no_other_library_nor_any_that_is_only_for_training(written):
    heavy = ("lightgbm", "catboost", "xgboost", "sklearn", "pandas", "scipy")
    program = (
        "import sys; from pathlib import Path; from windvane.engine.packages.package import load_predictor;"
        "p = load_predictor(Path(sys.argv[1]), Path(sys.argv[2])); p.predict([['1', '2', 'red']]);"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, written / "transformers", written / "model"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "[]"
