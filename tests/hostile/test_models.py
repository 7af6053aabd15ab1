"""Hostile saved models, one for each way in which a native library trusts what it reads: each is refused where it is loaded,
with what is wrong and where, and the process goes on.

Before files were checked, most of these ended the process by signal 11, went round for ever, or answered with what lay
in memory next to the model.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hostile.fuzz_models.making import CELLS, made, packaged, table

from windvane.artifacts.base import parse_location
from windvane.artifacts.local import LocalArtifacts
from windvane.domain.candidate import Container
from windvane.domain.deployment import Deployed, Endpoint, EndpointStatus, Variant
from windvane.domain.problem import ProblemType
from windvane.engine.arrays import read_arrays, write_arrays
from windvane.engine.learners import xgboost_native
from windvane.engine.manifest import write_manifest
from windvane.engine.packages.tarball import pack
from windvane.names import Scope
from windvane.notes.sentences import reason
from windvane.serving.pool import Bounds
from windvane.serving.process import PROGRAM, ModelProcess
from windvane.serving.router import Router
from windvane.store.base import Store
from windvane.store.open import open_store
from windvane.work.hosting.hosting import Hosting

_LOAD_AND_ASK = """
import os, signal, sys
from pathlib import Path
import pandas as pd
from windvane.automl.estimator import AutoML
from windvane.errors import CorruptArtifact
for package in map(Path, sys.argv[1:]):
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        try:
            model = AutoML.load(package)
            model.predict(pd.read_csv(package / "rows.csv", dtype=str))
            told = "answered"
        except CorruptArtifact as error:
            told = f"refused: {error}"
        (package / "told").write_text(told)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if status != 0:
        (package / "told").write_text(f"ended with {os.waitstatus_to_exitcode(status)}")
"""
_OF_SIX_TREES = {"lightgbm": {"num_iterations": 6}, "xgboost": {"num_round": 6}}
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

Change = Callable[[bytes], bytes]


def _line(name: str, tree: int, change: Callable[[list[bytes]], list[bytes]]) -> Change:
    """The numbers of a line of a tree, changed."""

    def changed(text: bytes) -> bytes:
        start = text.index(b"Tree=%d\n" % tree)
        at = text.index(b"\n%b=" % name.encode(), start) + len(name) + 2
        end = text.index(b"\n", at)
        return text[:at] + b" ".join(change(text[at:end].split(b" "))) + text[end:]

    return changed


def _first(value: int) -> Callable[[list[bytes]], list[bytes]]:
    return lambda told: [str(value).encode(), *told[1:]]


ATTACKS = {
    "a feature far beyond the row": (
        _line("split_feature", 0, _first(2_000_000_000)),
        "tree 0, node 0 has split_feature=2000000000",
    ),
    "a feature just beyond the row": (
        _line("split_feature", 1, _first(64)),
        "tree 1, node 0 has split_feature=64",
    ),
    "a child far beyond the tree": (
        _line("left_child", 0, _first(1_000_000_000)),
        "tree 0, node 0 names the child 1000000000",
    ),
    "a circle": (
        _line("left_child", 0, _first(0)),
        "tree 0, node 0 names the child 0, which must be a later node",
    ),
    "a leaf that there is not": (
        _line("right_child", 2, _first(-1_000_000)),
        "tree 2, node 0 names the child -1000000",
    ),
    "a node with two parents": (
        _line("right_child", 0, lambda told: [told[0], *told[1:-1], b"-1"]),
        "follows",
    ),
    "a tree of leaves that it lacks": (_line("num_leaves", 0, _first(500_000)), "500000"),
    "more classes than anybody has": (
        lambda text: text.replace(b"\nnum_class=1\n", b"\nnum_class=999999\n"),
        "999999 classes",
    ),
    "a linear tree": (
        lambda text: text.replace(b"shrinkage=", b"is_linear=1\nnum_features=9\nshrinkage=", 1),
        "what should be tree 0 is not written as one",
    ),
    "an option of training": (
        lambda text: text.replace(
            b"feature_names", b"forcedsplits_filename=/etc/passwd\nfeature_names"
        ),
        "its head",
    ),
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    posed = table(ProblemType.BINARY)
    folders = {}
    for name in ("lightgbm", "xgboost"):
        root = tmp_path_factory.mktemp(name)
        packaged(root, posed, [made(root / "saved", name, posed, **_OF_SIX_TREES[name])])
        folders[name] = root
    return folders


def _changed(saved: Path, into: Path, algorithm: str, change: Change) -> Path:
    """The package with its trees' text changed, and all sums made anew."""
    for file in saved.rglob("*"):
        if file.is_file() and file.relative_to(saved).parts[0] != "saved":
            target = into / file.relative_to(saved)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    member = into / "model/members/0"
    if algorithm == "lightgbm":
        text = (member / "model.txt").read_bytes()
        assert change(text) != text
        (member / "model.txt").write_bytes(change(text))
    else:
        arrays = read_arrays(member / "trees.npz")
        text = arrays["text"].tobytes()
        assert change(text) != text
        arrays["text"] = np.frombuffer(change(text), np.uint8)
        write_arrays(member / "trees.npz", arrays)
    _sum_up(into)
    return into


def _sum_up(package: Path) -> None:
    for folder in ("model/members/0", "model"):
        told = json.loads((package / folder / "manifest.json").read_bytes())
        write_manifest(package / folder, told["kind"], told["about"])


def _told(*packages: Path) -> list[str]:
    """What became of each package in a process of its own: AutoML.load, and an answer."""
    for package in packages:
        lines = ["a,b,colour,day,note", *(",".join(row) for row in CELLS)]
        (package / "rows.csv").write_text("\n".join(lines) + "\n")
    done = subprocess.run(
        [sys.executable, "-c", _LOAD_AND_ASK, *map(str, packages)],
        env={**os.environ, **_ONE_THREAD},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-1_000:]
    return [(package / "told").read_text() for package in packages]


@pytest.fixture(scope="module")
def outcomes(
    saved: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str], str]:
    root = tmp_path_factory.mktemp("hostile")
    packages = {("honest", name): folder for name, folder in saved.items()}
    for number, attack in enumerate(ATTACKS):
        for name, folder in saved.items():
            into = root / f"{name}-{number}"
            packages[attack, name] = _changed(folder, into, name, ATTACKS[attack][0])
    return dict(zip(packages, _told(*packages.values()), strict=True))


@pytest.mark.parametrize("algorithm", ["lightgbm", "xgboost"])
def test_what_was_not_changed_is_answered(algorithm, outcomes):
    assert outcomes["honest", algorithm] == "answered"


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("algorithm", ["lightgbm", "xgboost"])
def test_a_hostile_model_is_refused_by_name_tree_and_node(algorithm, attack, outcomes):
    told = outcomes[attack, algorithm]
    assert told.startswith("refused: ")
    assert ATTACKS[attack][1] in told
    assert ("model.txt" if algorithm == "lightgbm" else "trees.npz") in told


def test_what_xgboost_explains_by_cannot_name_a_feature_beyond_its_output(saved, tmp_path):
    """Shapley values were written to where a node's feature said."""
    package = _changed(saved["xgboost"], tmp_path / "package", "xgboost", lambda text: text + b"\n")
    file = package / "model/members/0/trees.npz"
    arrays = {name: array.copy() for name, array in read_arrays(file).items()}
    arrays["node_feature"][0] = 60_000
    write_arrays(file, arrays)
    _sum_up(package)
    (told,) = _told(package)
    assert told.startswith("refused: ")
    assert "feature that there is not" in told


def test_nor_can_a_file_of_an_earlier_version(saved, tmp_path, monkeypatch):
    """Which had honest trees for few rows beside the file that XGBoost read for many and for explanations."""
    seen: list[bytes] = []
    trained = xgboost_native._trained
    monkeypatch.setattr(
        xgboost_native, "_trained", lambda *given: seen.append(trained(*given)) or seen[-1]
    )
    posed = table(ProblemType.BINARY)
    one = made(tmp_path / "saved", "xgboost", posed)
    packaged(tmp_path / "package", posed, [one])
    member = tmp_path / "package/model/members/0"
    trees = one.model.trees
    old = {
        "text": np.frombuffer(trees.text.text, np.uint8),
        "first_leaf": trees.first_leaf,
        "values": trees.values,
        "base": trees.base,
    }
    write_arrays(member / "trees.npz", old)
    mark = seen[0].index(b"split_indices[$l#L") + len(b"split_indices[$l#L") + 8
    bad = seen[0][:mark] + (60_000).to_bytes(4, "big") + seen[0][mark + 4 :]
    (member / "model.ubj").write_bytes(bad)
    _sum_up(tmp_path / "package")
    (told,) = _told(tmp_path / "package")
    assert told.startswith("refused: ")
    assert "feature that there is not" in told


@pytest.mark.parametrize(
    ("algorithm", "attack"),
    [("lightgbm", "a feature far beyond the row"), ("xgboost", "a circle")],
)
def test_a_model_process_says_why_it_cannot_serve(algorithm, attack, saved, tmp_path):
    change, message = ATTACKS[attack]
    package = _changed(saved[algorithm], tmp_path / "package", algorithm, change)
    spec = tmp_path / "spec.json"
    containers = [{"environment": {}, "folder": str(package)}]
    spec.write_text(json.dumps({"memory_mb": 2048, "containers": containers}))
    process = ModelProcess(PROGRAM, spec, tmp_path / "log", {})
    try:
        process.channel.setblocking(True)
        process.channel.settimeout(60)
        hello = None
        while hello is None:
            hello = process.hello()
        assert message in hello.failed
    finally:
        process.close()
        process.channel.close()


_READ_COLUMN = """
import sys
from pathlib import Path
from windvane.engine.data.dataset import _read_column
from windvane.errors import CorruptArtifact
try:
    print(_read_column(Path(sys.argv[1]), 0).tolist())
except CorruptArtifact as error:
    print("refused:", error)
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (np.array([0, 3, 8, 12], np.int64), np.array([0, 3, 8, 2**40], np.int64)),
        (np.array([0, 1, 0, 2], np.int32), np.array([0, 1, 0, 2_000_000_000], np.int32)),
    ],
    ids=["a text far beyond all texts", "a position beyond the texts"],
)
def test_rows_that_a_model_keeps_cannot_lead_arrow_out_of_its_memory(old, new, tmp_path):
    """Explaining with them ended the process; so did training on a table of somebody else's."""
    (tmp_path / "columns").mkdir()
    texts = pa.array(["red", "green", None, "blue"], pa.large_string()).dictionary_encode()
    whole = pa.table({"value": texts})
    file = tmp_path / "columns/0.arrow"
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, whole.schema) as out:
        out.write_table(whole)
    assert file.read_bytes().count(old.tobytes()) == 1
    file.write_bytes(file.read_bytes().replace(old.tobytes(), new.tobytes()))
    done = subprocess.run(
        [sys.executable, "-c", _READ_COLUMN, tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"ended with {done.returncode}"
    assert done.stdout.startswith("refused: ")


def test_an_endpoint_of_a_hostile_model_fails_and_says_why(saved, tmp_path):
    """It was InService, and its process died of every request."""
    attack = "a feature far beyond the row"
    package = _changed(saved["lightgbm"], tmp_path / "package", "lightgbm", ATTACKS[attack][0])
    endpoint = asyncio.run(_deployed(package, tmp_path))
    assert endpoint.status is EndpointStatus.FAILED
    assert reason(endpoint.failure).startswith("Production variant A could not be started: ")
    assert ATTACKS[attack][1] in reason(endpoint.failure)
    assert "members/0/model.txt" in reason(endpoint.failure)
    assert "s3://models/hostile.tar.gz" in reason(endpoint.failure)
    assert str(tmp_path) not in reason(endpoint.failure)


async def _deployed(package: Path, folder: Path) -> Endpoint:
    """The endpoint of a package, when its creation has come to an end."""
    store = open_store("", folder)
    store.migrate()
    artifacts = LocalArtifacts(folder / "s3")
    artifacts.ensure_bucket("models")
    pack(package, folder / "hostile.tar.gz")
    url = "s3://models/hostile.tar.gz"
    artifacts.write(parse_location(url), (folder / "hostile.tar.gz").read_bytes())
    variant = Deployed(Variant("A", "m", 1, 1.0), (Container("image", url),))
    now = datetime(2026, 1, 2, tzinfo=UTC)
    scope = Scope("000000000000", "us-east-1")
    with store.transaction() as tx:
        tx.insert(
            Endpoint(
                scope=scope,
                name="E",
                created=now,
                modified=now,
                config_name="c",
                generation=1,
                desired=(variant,),
            )
        )
    hosting = Hosting(store, artifacts, folder, Router(Bounds()))
    hosting.start()
    try:
        async with asyncio.timeout(120):
            while (endpoint := _found(store, scope)).status is EndpointStatus.CREATING:
                await asyncio.sleep(0.02)
            return endpoint
    finally:
        await asyncio.to_thread(hosting.stop)


def _found(store: Store, scope: Scope) -> Endpoint:
    with store.snapshot() as tx:
        return tx.find(Endpoint, scope, "E")
