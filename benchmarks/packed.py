"""A small model, trained in a second and packed as a job packs its candidates: for what needs an endpoint and no job."""

from __future__ import annotations

import gzip
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from windvane.domain.problem import MetricName, ProblemSpec, ProblemType
from windvane.engine import stages
from windvane.engine.candidates import Plan
from windvane.engine.data.analysis import ReadOptions, SourceFile
from windvane.engine.learners.catalogue import learner
from windvane.engine.packages.tarball import pack

TABLE = Path(__file__).parents[1] / "examples" / "bank_marketing" / "train.csv.gz"

_LEARNER = "lightgbm"
_PARAMETERS = {"num_iterations": 100, "learning_rate": 0.1}
_ROWS = 5_000
_TRAINING_S = 120


@dataclass(frozen=True)
class Packed:
    """The archives of one model of the bundled table.

    transformers, model    of a pipeline's containers
    whole                  both in one
    row                    a line of the table without its target
    """

    transformers: Path
    model: Path
    whole: Path
    row: str


def pack_model(
    folder: Path, parameters: Mapping[str, float] = _PARAMETERS, n_rows: int = _ROWS
) -> Packed:
    """Train on the first rows of the bundled table; `folder` is made and must not exist."""
    folder.mkdir(parents=True)
    lines = gzip.decompress(TABLE.read_bytes()).decode().splitlines()[: n_rows + 1]
    table = folder / "table.csv"
    table.write_text("\n".join(lines) + "\n")
    problem = ProblemSpec("y", ProblemType.BINARY, MetricName.F1)
    dataset = folder / "dataset"
    options = ReadOptions(scratch=folder, min_rows=100)
    stages.analyse([SourceFile(table, table.name)], options, problem, dataset)
    recipe = learner(_LEARNER).recipes[0]
    stages.fit_features(dataset, recipe, folder / "features")
    plan = Plan(1, recipe, _LEARNER, dict(parameters), 0)
    limits = stages.TrainLimits(time.time() + _TRAINING_S)
    stages.train(dataset, folder / "features", plan, limits, folder / "candidate")
    stages.assemble(
        dataset, {recipe: folder / "features"}, {1: folder / "candidate"}, 1, folder / "whole"
    )
    archives = {}
    for part in ("whole", "whole/transformers", "whole/model"):
        archives[part] = folder / f"{Path(part).name}.tar.gz"
        pack(folder / part, archives[part])
    row = lines[1].rpartition(",")[0]
    return Packed(archives["whole/transformers"], archives["whole/model"], archives["whole"], row)
