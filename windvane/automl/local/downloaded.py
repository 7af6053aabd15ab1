"""A candidate's model as it lies in S3, downloaded: what `AutoML.load` needs is made of it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from windvane.domain.problem import METRICS_OF, MetricName, ProblemType
from windvane.engine.data.analysis import Analysis
from windvane.engine.manifest import MANIFEST, check_manifest, read_json, write_json
from windvane.engine.packages.package import Predictor, load_predictor
from windvane.engine.packages.tarball import unpack
from windvane.errors import CorruptArtifact, InvalidRequest

_PARTS = ("transformers", "model")
_ARCHIVE = "*.tar.gz"


def is_saved(folder: Path) -> bool:
    """Return whether this is what `AutoML.save` wrote, rather than a package or what holds some."""
    manifest = folder / MANIFEST
    return manifest.is_file() and read_json(manifest).get("kind") not in _PARTS


def unpack_model(source: Path, home: Path) -> Predictor:
    """Put the packages of a downloaded model into `home`, an existing folder, with an analysis of what they tell.

    source    a model.tar.gz that holds transformers/ and model/; or a folder with the two packages below it, as
              archives or unpacked, whatever their names: a pipeline's two model.tar.gz, for example
    raises    InvalidRequest if there is not exactly one of each; CorruptArtifact
    """
    if not source.exists():
        raise InvalidRequest(f"There is no {source}: give a saved model, or a model.tar.gz.")
    with tempfile.TemporaryDirectory(prefix="windvane-download-") as scratch:
        found: dict[str, list[Path]] = {part: [] for part in _PARTS}
        for folder in (*_unpacked(source, Path(scratch)), *([source] if source.is_dir() else [])):
            for part, package in _packages(folder):
                found[part].append(package)
        for part, packages in found.items():
            package = _only(source, part, packages)
            check_manifest(
                package, part
            )  # a link would be copied as what it leads to, devices without end
            shutil.copytree(package, home / part)
    predictor = load_predictor(home / "transformers", home / "model")
    write_json(home / "analysis.json", _analysis(predictor).to_json())
    return predictor


def _unpacked(source: Path, scratch: Path) -> Iterator[Path]:
    archives = sorted(source.rglob(_ARCHIVE)) if source.is_dir() else [source]
    if odd := next((one for one in archives if not one.is_file()), None):
        raise CorruptArtifact(f"{odd} is not a regular file.")
    for number, archive in enumerate(archives):
        into = scratch / str(number)
        unpack(archive, into)
        yield into


def _packages(folder: Path) -> Iterator[tuple[str, Path]]:
    for manifest in sorted(folder.rglob(MANIFEST)):
        kind = read_json(manifest).get("kind")
        if kind in _PARTS:
            yield kind, manifest.parent


def _only(source: Path, part: str, packages: list[Path]) -> Path:
    if len(packages) == 1:
        return packages[0]
    if packages:
        raise InvalidRequest(
            f"{source} contains {len(packages)} packages of the kind '{part}'; it must contain "
            "those of one model."
        )
    raise InvalidRequest(
        f"{source} contains no package of the kind '{part}'. A pipeline's model is two archives: "
        "download the model.tar.gz of its transformers and that of its model into one folder, "
        "and pass the folder."
    )


def _analysis(predictor: Predictor) -> Analysis:
    """Return what packages know of the table that they were made from."""
    schema, about = predictor.schema, predictor.about
    problem_type = ProblemType(schema.problem_type)
    return Analysis(
        target=schema.target,
        problem_type=problem_type,
        problem_reason="as the model says",
        objective=MetricName(about.get("objective", METRICS_OF[problem_type][0])),
        columns=predictor.columns,
        labels=schema.labels,
        label_type=schema.label_type,
        class_counts=(0,) * len(schema.labels),
        n_rows=int(about.get("n_rows") or 0),
        n_rows_read=int(about.get("n_rows") or 0),
        n_folds=1,
        seed=int(about.get("seed") or 0),
        calibrate=bool(about.get("calibrate", True)),
        tune_threshold=bool(about.get("tune_threshold", True)),
    )
