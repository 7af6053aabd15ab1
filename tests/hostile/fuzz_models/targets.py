"""What is fuzzed: a saved model of each algorithm, whole packages, and archives."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pyarrow as pa
from hostile.fuzz_models.guarding import at_both_edges, guarded
from hostile.fuzz_models.making import (
    CELLS,
    TRANSFORMED,
    Made,
    forecaster_of,
    made,
    packaged,
    table,
)
from hostile.fuzz_models.mutating import ABOUT, Files
from hostile.fuzz_models.running import Base, Target, WrongAnswer
from hostile.fuzz_models.walking import is_sum, walked_nodes, walked_text

from windvane.domain.problem import ProblemType
from windvane.engine.data.dataset import read_encoded
from windvane.engine.ensembles.blend import OutOfFold
from windvane.engine.ensembles.second_layer import SecondLayer, load_second_layer
from windvane.engine.ensembles.stacking import Stacking, _fit
from windvane.engine.forecasting.forecaster import Forecaster, load_forecaster
from windvane.engine.learners.catalogue import learner
from windvane.engine.learners.lightgbm import LightGbmModel
from windvane.engine.learners.xgboost_model import XgboostModel
from windvane.engine.manifest import write_manifest
from windvane.engine.packages.checks import check_answers
from windvane.engine.packages.package import load_predictor
from windvane.engine.packages.tarball import pack, unpack
from windvane.errors import CorruptArtifact

_MISSING, _FEW = 17, 3
"""Rows of training that are asked: so many from this one on, which lacks a value."""

Edges = tuple[np.ndarray, np.ndarray]

ALGORITHMS = (
    "lightgbm",
    "xgboost",
    "catboost",
    "linear-learner",
    "randomforest",
    "extra-trees",
    "mlp",
    "nn-torch",
    "fastai",
    "neighbors",
    "baseline",
)
NAMES = (
    *ALGORITHMS,
    "xgboost-ubjson",
    *TRANSFORMED,
    "second-layer",
    "package",
    "forecaster",
    "columns",
    "archive",
)
_KINDS = (ProblemType.BINARY, ProblemType.MULTICLASS, ProblemType.REGRESSION)


def target(name: str, scratch: Path) -> Target:
    """scratch    an empty folder for what is made"""
    if name == "package":
        return _package(scratch)
    if name == "forecaster":
        return _forecaster(scratch)
    if name == "columns":
        return _columns(scratch)
    if name == "archive":
        return _archive(scratch)
    if name == "second-layer":
        return _second_layer(scratch)
    if name == "xgboost-ubjson":
        return _of_xgboosts_own_file(scratch)
    if name in TRANSFORMED:
        inner = "lightgbm" if name == "residual" else "linear-learner"
        one = made(scratch / "m", inner, table(ProblemType.REGRESSION), **TRANSFORMED[name])
        return Target(name, (_of_learner(name, inner, one),))
    ones = [made(scratch / kind.name, name, table(kind)) for kind in _KINDS]
    bases = tuple(_of_learner(name, name, one) for one in ones)
    return Target(name, bases)


def _of_learner(name: str, algorithm: str, one: Made) -> Base:
    features = one.recipe.features if one.recipe else ()

    def load(folder: Path) -> Any:
        model = learner(algorithm).load(folder)
        if model.n_features != len(features):
            raise CorruptArtifact("A model of another recipe, as `load_predictor` says.")
        check_answers(model, features, one.n_classes, name)
        return model

    codes = [j for j, feature in enumerate(features) if feature.cardinality]
    few = at_both_edges(_rows(one.X, codes))
    return Base(_files(one.member.folder), _write, load, partial(_asked, few))


def _of_xgboosts_own_file(scratch: Path) -> Target:
    """As earlier versions kept it."""
    bases = []
    for kind in _KINDS:
        seen: list[bytes] = []
        of = XgboostModel.of
        with patch.object(XgboostModel, "of", _remembering(of, seen)):
            one = made(scratch / kind.name, "xgboost", table(kind))
        (one.member.folder / "trees.npz").unlink()
        (one.member.folder / "model.ubj").write_bytes(seen[0])
        bases.append(_of_learner("xgboost-ubjson", "xgboost", one))
    return Target("xgboost-ubjson", tuple(bases))


def _remembering(of: Callable[..., Any], seen: list[bytes]) -> Callable[..., Any]:
    return lambda *given: seen.append(given[0]) or of(*given)


def _second_layer(scratch: Path) -> Target:
    generator = np.random.default_rng(0)
    y = generator.integers(0, 3, 3_000).astype(float)
    said = {k: generator.dirichlet((1, 1, 1), 3_000) for k in (1, 2)}
    first = OutOfFold(said, y, np.arange(3_000) % 3, "LogLoss")
    layer = _fit(Stacking(rounds=3), first, {1: 0.5, 2: 0.5}, np.arange(3_000))
    layer.save(scratch / "m")

    edges = at_both_edges(np.zeros((2, 9), np.float32))

    def ask(loaded: SecondLayer, side: int) -> bytes:
        told = [one[:3] for one in said.values()]
        answer = loaded.answer(told, (told[0] + told[1]) / 2)
        return answer.tobytes() + guarded(loaded._booster, edges[side]).tobytes()

    base = Base(_files(scratch / "m"), _write, load_second_layer, ask)
    return Target("second-layer", (base,))


def _package(scratch: Path) -> Target:
    """Recipes of every kind, the schema and model.json; models are as they were."""
    posed = table(ProblemType.MULTICLASS)
    names = ("lightgbm", "linear-learner", "randomforest", "mlp")
    members = [made(scratch / name, name, posed) for name in names]
    bases = []
    for number, chosen in enumerate((*([one] for one in members), members)):
        packaged(scratch / f"p{number}", posed, chosen)
        bases.append(_of_package(_files(scratch / f"p{number}")))
    return Target("package", tuple(bases))


def _of_package(files: Files) -> Base:
    fixed = {name: one for name, one in files.items() if "/members/" in name}
    changing = {name: one for name, one in files.items() if name not in fixed}
    before = changing["transformers/schema.json"]

    def fit(files: Files) -> Files:
        told, schema = files["model/model.json"], files["transformers/schema.json"]
        document = json.loads(told) if schema != before and _is_json(told) else None
        if not isinstance(document, dict):
            return files
        return {**files, "model/model.json": _with_digest(document, schema)}

    def write(files: Files, folder: Path) -> None:
        _write(fixed | files, folder)

    def load(folder: Path) -> Any:
        return load_predictor(folder / "transformers", folder / "model")

    def ask(predictor: Any, _: int) -> bytes:
        said = [predictor.predict([CELLS[0]]), predictor.predict(list(CELLS))]
        return b"".join(one.probabilities.tobytes() + one.classes.tobytes() for one in said)

    return Base(changing, write, load, ask, fit, fixed)


def _forecaster(scratch: Path) -> Target:
    """Series of three items with covariates of all kinds, and models of every kind that is saved in its own way."""
    bases = []
    kinds = ("linear", "drift"), ("boosted-levels", "npts"), ("chronos-bolt", "theta")
    for number, names in enumerate(kinds):
        folder = scratch / f"f{number}"
        forecaster_of(folder, names)
        bases.append(Base(_files(folder), _write, _loaded_forecaster, _forecast))
    return Target("forecaster", tuple(bases))


def _loaded_forecaster(folder: Path) -> Forecaster:
    return load_forecaster(folder)[0]


def _forecast(one: Forecaster, _: int) -> bytes:
    panel = one.prepared.panel
    ahead = np.zeros((panel.n_series, one.prepared.spec.horizon, panel.known.shape[1]))
    made = one.forecast(panel.with_future(ahead))
    return made.mean.tobytes() + made.quantiles.tobytes()


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return False
    return True


def _with_digest(document: dict[str, Any], schema: bytes) -> bytes:
    """model.json remembers the schema: the change is to reach what reads it."""
    from windvane.engine.packages.predictor import Schema

    told = json.loads(schema)
    names = tuple(column["name"] for column in told["columns"])
    made_for = Schema(
        names, tuple(told["labels"]), told["label_type"], told["target"], told["problem_type"]
    )
    return json.dumps({**document, "schema": made_for.digest()}).encode()


def _columns(scratch: Path) -> Target:
    """A column of texts, as rows that a model keeps and the tables of jobs have them."""
    texts = pa.array(["red", "green", None, "blue"] * 30, pa.large_string()).dictionary_encode()
    whole = pa.table({"value": texts})
    with (
        pa.OSFile(str(scratch / "0.arrow"), "wb") as sink,
        pa.ipc.new_file(sink, whole.schema) as out,
    ):
        out.write_table(whole)

    def write(files: Files, folder: Path) -> None:
        (folder / "0.arrow").write_bytes(files["0.arrow"])

    def load(folder: Path) -> Any:
        return read_encoded(folder / "0.arrow")

    def ask(column: Any, _: int) -> bytes:
        positions, distinct = column
        found = positions.fill_null(-1).to_numpy(zero_copy_only=False)
        return repr(distinct.to_pylist()).encode() + found.tobytes()

    base = Base({"0.arrow": (scratch / "0.arrow").read_bytes()}, write, load, ask)
    return Target("columns", (base,), twice=1, as_files=1)


def _archive(scratch: Path) -> Target:
    one = made(scratch / "m", "linear-learner", table(ProblemType.BINARY))
    pack(one.member.folder, scratch / "m.tar.gz")
    content = gzip.decompress((scratch / "m.tar.gz").read_bytes())
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        heads = [entry.offset for entry in archive]
    content = content.rstrip(b"\0") + bytes(1_536)  # without the padding that nothing reads

    def write(files: Files, folder: Path) -> None:
        (folder / "a.tar.gz").write_bytes(gzip.compress(_summed(files["a.tar"], heads), 1))

    def load(folder: Path) -> Path:
        unpack(folder / "a.tar.gz", folder / "out")
        return folder / "out"

    def ask(folder: Path, _: int) -> bytes:
        found = sorted(folder.rglob("*"))
        if any(path.is_symlink() or not (path.is_file() or path.is_dir()) for path in found):
            raise AssertionError("a link or device was unpacked")
        shutil_free = [str(path.relative_to(folder)) for path in found]
        for path in reversed(found):
            path.unlink() if path.is_file() else path.rmdir()
        folder.rmdir()
        return "\n".join(shutil_free).encode("utf-8", "surrogateescape")

    return Target("archive", (Base({"a.tar": content}, write, load, ask),), as_files=1)


def _summed(content: bytes, heads: list[int]) -> bytes:
    """With the sums of its headers made anew: a change is to reach what reads them."""
    made_of = bytearray(content)
    for at in heads:
        head = made_of[at : at + 512]
        if len(head) == 512:
            told = sum(head[:148]) + 8 * ord(" ") + sum(head[156:])
            made_of[at + 148 : at + 156] = b"%06o\0 " % told
    return bytes(made_of)


def _files(folder: Path) -> Files:
    """What lies in a model's folder; of manifests what they say, since sums are made anew."""
    made_of: Files = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and path.name != "manifest.json":
            made_of[name] = path.read_bytes()
        elif path.is_file():
            document = json.loads(path.read_bytes())
            told = {"kind": document["kind"], "about": document["about"]}
            made_of[name.replace("manifest.json", ABOUT)] = json.dumps(told).encode()
    return made_of


def _write(files: Files, folder: Path) -> None:
    """Inner manifests first: outer ones name them."""
    abouts = sorted((name for name in files if name.endswith(ABOUT)), key=lambda n: -n.count("/"))
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if name not in abouts:
            (folder / name).write_bytes(content)
    for name in abouts:
        told = json.loads(files[name])
        write_manifest((folder / name).parent, told["kind"], told["about"])


def _rows(X: np.ndarray, codes: list[int]) -> np.ndarray:
    """Rows of training, one of zeros and one of large numbers, of codes that there are."""
    odd = np.zeros((2, X.shape[1]), np.float32)
    odd[1] = 1e38
    odd[1, codes] = 0
    return np.concatenate([X[_MISSING : _MISSING + _FEW], odd]).astype(np.float32)


def _asked(few: Edges, model: Any, side: int) -> bytes:
    told = [model.predict(few[side])]
    if isinstance(model, LightGbmModel):
        told += _of_lightgbm(model, few[side])
    elif isinstance(model, XgboostModel):
        told += _of_xgboost(model, few[side])
    elif hasattr(model, "contributions"):
        made_of = model.contributions(few[side][:1])
        told += [] if made_of is None else [made_of]
    return b"".join(one.tobytes() for one in told)


def _of_lightgbm(model: LightGbmModel, few: np.ndarray) -> list[np.ndarray]:
    told = [guarded(model._booster, few), guarded(model._explainer, few[:2])]
    _compare(told[0][:-1], walked_text(model.trees.text, few, leaves=False), _DOUBLE)
    return told


def _of_xgboost(model: XgboostModel, few: np.ndarray) -> list[np.ndarray]:
    leaves = guarded(model._booster, few)
    if not np.array_equal(leaves[:-1], walked_text(model.trees.text.text, few, leaves=True)):
        raise WrongAnswer
    return [leaves, *_of_library(model, few)]


def _of_library(model: XgboostModel, few: np.ndarray) -> list[np.ndarray]:
    """What XGBoost's own library says. A change of the text or the description does not get there: what it was given often
    it is not given again."""
    nodes = model.trees.nodes
    key = (b"".join([one.tobytes() for one in nodes.arrays().values()]), few.ctypes.data)
    times, told = _given.get(key, (0, []))
    if times >= _OFTEN:
        return told
    margins = model._library.margins(few)
    _compare(margins.astype(np.float64), walked_nodes(nodes, few), _SINGLE)
    told = [margins, model.contributions(few[:1])]
    if key in _given or len(_given) < _REMEMBERED:
        _given[key] = (times + 1, told)
    return told


_OFTEN, _REMEMBERED = 20, 100
_given: dict[tuple[bytes, int], tuple[int, list[np.ndarray]]] = {}


def _compare(answer: np.ndarray, values: np.ndarray, last_digits: float) -> None:
    """raises    WrongAnswer"""
    if not is_sum(answer, values, last_digits):
        raise WrongAnswer


_DOUBLE, _SINGLE = 1e-10, 1e-5
