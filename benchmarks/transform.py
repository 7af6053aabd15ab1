"""How many rows of CSV a transform job answers in a second on one core, and how much memory it takes. Run by hand:

    python -m benchmarks.transform [--rows N] [--columns N]

A LightGBM pipeline of 100 trees of 31 leaves is trained on made-up columns of numbers; then an object of N rows is read,
answered (label and probability) and written, as the worker's child does it. Time is that of the processor, by stage;
the same is measured for a tenth of the rows, whose memory tells whether memory depends on them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks.markdown import markdown_table, number
from windvane.artifacts.base import Location
from windvane.artifacts.local import LocalArtifacts
from windvane.domain.problem import MetricName, ProblemSpec, ProblemType
from windvane.engine import stages
from windvane.engine.candidates import Plan
from windvane.engine.data.analysis import ReadOptions, SourceFile
from windvane.engine.features.recipe import Recipe
from windvane.engine.learners.catalogue import learner
from windvane.serving import batch, batch_output, csvblocks
from windvane.serving.batch import BatchRequest
from windvane.serving.content_types import CSV
from windvane.serving.model import LocalContainer, load_model
from windvane.work.tasks.transform_source import opened

_TRAINING_ROWS = 20_000
_BLOCK_ROWS = 50_000
_TREES, _LEAVES = 100, 31
_BUCKET = "b"
_HEAD = ("rows", "CPU s", "rows/s per core", "peak MB", "read %", "parse %", "model %", "write %")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.transform")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=30)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.measure is not None:
        print(json.dumps(measure(asked.measure, asked.rows)))
        return 0
    with tempfile.TemporaryDirectory(prefix="bench-transform-") as name:
        folder = Path(name)
        _train(folder, asked.columns)
        found = []
        for rows in (asked.rows // 10, asked.rows):
            _write_object(folder, rows, asked.columns)
            found.append(_in_a_process(folder, rows))
    print(markdown_table(_HEAD, [_row(one) for one in found]))
    return 0


def measure(folder: Path, n_rows: int) -> dict[str, float]:
    """CPU seconds in all and by stage, and the peak memory of this process."""
    keys = {"SAGEMAKER_INFERENCE_OUTPUT": "predicted_label,probability"}
    model = load_model([LocalContainer(keys, folder / "packages")])
    seconds: dict[str, float] = {}
    predictor = model.predictor
    with (
        _timed(seconds, "read", csvblocks, "_read_plain"),
        _timed(seconds, "parse", batch, "parse_columns"),
        _timed(seconds, "parse", Recipe, "transform"),
        _timed(seconds, "model", type(predictor.members[0].model), "predict"),
        _timed(seconds, "write", batch_output, "write_csv"),
    ):
        artifacts = LocalArtifacts(folder / "s3")
        started = time.process_time()
        with (
            opened(artifacts, Location(_BUCKET, "in"), "None") as read,
            (folder / "out").open("wb") as file,
        ):
            file.writelines(batch.transform(model, BatchRequest(CSV, CSV), read))
        cpu_s = time.process_time() - started
    with (folder / "out").open("rb") as file:
        if sum(1 for _ in file) != n_rows:
            raise AssertionError("not every row was answered")
    return {"rows": n_rows, "cpu_s": cpu_s, "peak_mb": _peak_mb(), **seconds}


def _peak_mb() -> float:
    """The most memory that this process has had, its program and libraries included."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


@contextmanager
def _timed(seconds: dict[str, float], stage: str, owner: object, name: str) -> Iterator[None]:
    """Adds up what the calls of a function take meanwhile."""
    real: Callable[..., object] = getattr(owner, name)

    def call(*arguments: object) -> object:
        started = time.process_time()
        try:
            return real(*arguments)
        finally:
            seconds[stage] = seconds.get(stage, 0.0) + time.process_time() - started

    setattr(owner, name, call)
    try:
        yield
    finally:
        setattr(owner, name, real)


def _row(found: dict[str, float]) -> list[str]:
    cpu_s = found["cpu_s"]
    shares = [
        number(100 * found[stage] / cpu_s, 0) for stage in ("read", "parse", "model", "write")
    ]
    rate = number(found["rows"] / cpu_s, 0)
    return [number(found["rows"], 0), number(cpu_s, 2), rate, number(found["peak_mb"], 0), *shares]


def _in_a_process(folder: Path, rows: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.transform", "--measure", str(folder)]
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    done = subprocess.run(
        [*command, "--rows", str(rows)],
        cwd=Path(__file__).resolve().parents[1],
        env={**os.environ, **one_thread},
        stdout=subprocess.PIPE,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _train(folder: Path, n_columns: int) -> None:
    random = np.random.default_rng(0)
    X = random.normal(size=(_TRAINING_ROWS, n_columns)).round(4)
    score = X[:, : n_columns // 4].sum(axis=1) + X[:, -1] * X[:, -2]
    labels = np.where(score + random.normal(size=len(X)) > 0, "yes", "no")
    lines = [",".join([*(f"c{i}" for i in range(n_columns)), "y"])]
    lines += [
        f"{row},{label}" for row, label in zip(_csv(X).splitlines(), labels.tolist(), strict=True)
    ]
    (folder / "table.csv").write_text("\n".join(lines))
    problem = ProblemSpec("y", ProblemType.BINARY, MetricName.AUC)
    dataset, features = folder / "dataset", folder / "features"
    source = SourceFile(folder / "table.csv", "table.csv")
    stages.analyse([source], ReadOptions(scratch=folder), problem, dataset)
    recipe = learner("lightgbm").recipes[0]
    stages.fit_features(dataset, recipe, features)
    settings = {"num_iterations": _TREES, "num_leaves": _LEAVES, "learning_rate": 0.1}
    limits = stages.TrainLimits(time.time() + 600)
    stages.train(dataset, features, Plan(1, recipe, "lightgbm", settings, 0), limits, folder / "1")
    packages = folder / "packages"
    stages.assemble(dataset, {recipe: features}, {1: folder / "1"}, 1, packages)


def _write_object(folder: Path, n_rows: int, n_columns: int) -> None:
    artifacts = LocalArtifacts(folder / "s3")
    artifacts.ensure_bucket(_BUCKET)
    random = np.random.default_rng(1)
    with (folder / "in.csv").open("w") as file:
        for start in range(0, n_rows, _BLOCK_ROWS):
            size = (min(_BLOCK_ROWS, n_rows - start), n_columns)
            file.write(_csv(random.normal(size=size).round(4)))
    artifacts.upload(Location(_BUCKET, "in"), folder / "in.csv")


def _csv(X: np.ndarray) -> str:
    return "".join(",".join(map(repr, row)) + "\n" for row in X.tolist())


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
