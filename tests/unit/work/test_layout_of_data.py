"""Jobs with validation data, weights and a feature specification: what is published, told and can be sent back."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from unit.work.test_layout import Made, _sent_back
from unit.work.world import make_job

from windvane.artifacts.base import parse_location
from windvane.automl.actions import FitOnAllRows
from windvane.domain.datasource import DataSource
from windvane.domain.features import FeatureSpecification, FeatureType, read_specification
from windvane.domain.jobspec import Channel, DataSpec, JobSpec, Purpose, TabularProblem
from windvane.domain.problem import MetricName, ProblemType
from windvane.domain.task import TaskKind
from windvane.engine.candidate_io import FULL_FIT, fold_fit, read_candidate
from windvane.engine.candidates import Plan
from windvane.engine.columns import ColumnType
from windvane.engine.data.dataset import read_dataset
from windvane.engine.tuning.vocabulary import completed
from windvane.errors import DataFault
from windvane.notes.sentences import sentences
from windvane.work.workspace import workspace_of

N_ROWS, N_HELD_OUT = 560, 90
SPECIFICATION = {
    "FeatureAttributeNames": ["amount", "colour", "code"],
    "FeatureDataTypes": {"code": "categorical"},
}
PLANS = (
    Plan(1, "dpp0", "lightgbm", {"num_iterations": 15, "num_leaves": 4}, seed=1),
    Plan(2, "dpp0", "lightgbm", {"num_iterations": 25, "num_leaves": 8}, seed=2),
)


def _table(n_rows: int, seed: int) -> bytes:
    """Every tenth row has no weight."""
    random = np.random.default_rng(seed)
    amounts, noise = random.normal(size=(2, n_rows)).round(4)
    colours = random.choice(["red", "green", "blue"], n_rows)
    labels = np.where(amounts + (colours == "red") + noise > 0, "yes", "no")
    lines = ["amount,colour,code,spare,w,y"]
    for i in range(n_rows):
        weight = "" if i % 10 == 9 else 1 + i % 3
        day = f"2024-01-{1 + i % 28:02d}"
        lines.append(f"{amounts[i]},{colours[i]},{i % 7},{day},{weight},{labels[i]}")
    return "\n".join(lines).encode()


def _asked(spec: JobSpec, share: float | None) -> JobSpec:
    channels = (
        Channel(source=DataSource("s3://bucket/held-out/"), purpose=Purpose.VALIDATION),
        Channel(source=DataSource("s3://bucket/train/")),
    )
    problem = TabularProblem(
        target="y", sample_weight="w", feature_specification="s3://bucket/features.json"
    )
    data = DataSpec(channels=channels if share is None else channels[1:], validation_fraction=share)
    return replace(spec, data=data, problem=problem)


def _made(folder: Path, share: float | None = None) -> Made:
    """Up to the split."""
    job = make_job(mode="ENSEMBLING")
    document = json.dumps(SPECIFICATION).encode()
    now = datetime.now(UTC)
    job = replace(
        job,
        spec=_asked(job.spec, share),
        features=read_specification(document, {"y": "the target"}).features,
        created=now,
        deadline=now + timedelta(seconds=job.limits.max_runtime_s),
    )
    made = Made(folder, job)
    made.artifacts.ensure_bucket("bucket")
    for name, content in (
        ("train/t.csv", _table(N_ROWS, 0)),
        ("held-out/v.csv", _table(N_HELD_OUT, 1)),
        ("features.json", document),
    ):
        made.artifacts.write(parse_location(f"s3://bucket/{name}"), content)
    found = made.do(TaskKind.ANALYZE)
    made.job = replace(
        job,
        problem_type=ProblemType(found["problem_type"]),
        objective=MetricName(found["objective"]),
    )
    made.do(TaskKind.SPLIT)
    return made


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """One with two candidates and reports on the first."""
    made = _made(tmp_path_factory.mktemp("data"))
    made.do(TaskKind.EXPLORE)
    made.do(TaskKind.FEATURES, "features/dpp0", recipe="dpp0")
    for plan in PLANS:
        made.train(completed(read_dataset(_dataset(made)).analysis, plan))
    made.do(TaskKind.EXPLAIN, index=1)
    made.do(TaskKind.INSIGHTS, index=1)
    return made


def _dataset(made: Made) -> Path:
    return workspace_of(made.folder, made.job).dataset


def _rows(made: Made, part: str) -> list[list[str]]:
    place = made.keys.tuning_folder / f"{part}/chunk_0.csv"
    return list(csv.reader(io.StringIO(made.artifacts.read(place).decode(), newline="")))


def _weighted(n_rows: int, seed: int) -> list[list[str]]:
    told = list(csv.reader(_table(n_rows, seed).decode().splitlines()))[1:]
    return [[row[5], *row[:4]] for row in told if row[4]]


def test_the_chunks_are_the_rows_of_the_channels_that_have_a_weight(made: Made) -> None:
    for part, n_rows, seed in (("train", N_ROWS, 0), ("validation", N_HELD_OUT, 1)):
        wanted = _weighted(n_rows, seed)
        found = _rows(made, part)
        assert [(row[0], float(row[1]), *row[2:]) for row in found] == [
            (row[0], float(row[1]), *row[2:]) for row in wanted
        ]
    headers = made.artifacts.read(made.keys.headers)
    assert headers == b"y,amount,colour,code,spare\n"


def test_the_dataset_knows_weights_types_and_what_is_left_out(made: Made) -> None:
    table = read_dataset(_dataset(made))
    assert [(column.name, column.type) for column in table.analysis.columns] == [
        ("amount", ColumnType.NUMERIC),
        ("colour", ColumnType.CATEGORICAL),
        ("code", ColumnType.CATEGORICAL),
        ("spare", ColumnType.UNUSED),
    ]
    assert table.weight is not None
    assert sorted({round(float(w / table.weight.min()), 6) for w in table.weight}) == [1, 2, 3]
    (finding,) = [one for one in table.analysis.findings if one.code == "invalid-weights"]
    assert finding.message.startswith("65 of 650 rows")


def test_candidates_learn_from_the_training_rows_alone_and_say_so(made: Made) -> None:
    table = read_dataset(_dataset(made))
    space = workspace_of(made.folder, made.job)
    for index in (1, 2):
        record = read_candidate(space.candidate(index))
        assert record.recipe_fit == fold_fit(0)
        assert record.outcome.folds_used == 1
        notes = " ".join(sentences(record.outcome.notes))
        assert f"the {table.analysis.n_held_out} rows of validation data" in notes
        assert "rows are weighted by 'w'" in notes
        assert "refit" not in notes
    made.act(FitOnAllRows("dpp0"))
    full, first = (space.features("dpp0") / fit / "matrix.npy" for fit in (FULL_FIT, "fold0"))
    assert np.array_equal(np.load(full), np.load(first)), (
        "those of the validation set are not learnt from"
    )


def test_the_reports_say_which_rows_they_are_about(made: Made) -> None:
    pages = {
        path.rsplit("/", 1)[1]: made.artifacts.read(made.keys.root / path).decode()
        for path in made.paths()
        if path.endswith(("report.html", "Notebook.ipynb"))
    }
    exploration = next(text for name, text in pages.items() if "Exploration" in name)
    assert "81 of these rows are validation data" in exploration
    assert "this report does not use the weights" in exploration
    quality = next(
        made.artifacts.read(made.keys.root / path).decode()
        for path in made.paths()
        if "model_monitor/output" in path and path.endswith("report.html")
    )
    assert "the 81 rows of validation data" in quality
    assert "are unweighted: all rows count equally" in quality


def test_candidates_can_be_sent_back(made: Made) -> None:
    steps = made.steps()
    for candidate in made.candidates:
        scores = _sent_back(made, steps[candidate.name])["scores"]
        told = {one["metric"]: one["value"] for one in scores}
        assert told[made.job.objective] == candidate.score


@pytest.mark.parametrize("share", [None, 0.3])
def test_candidates_trained_on_the_files_of_the_job_score_as_they_did(
    made: Made, tmp_path: Path, share: float | None
) -> None:
    if share is not None:
        made = _made(tmp_path, share)
        made.do(TaskKind.FEATURES, "features/dpp0", recipe="dpp0")
        made.train(completed(read_dataset(_dataset(made)).analysis, PLANS[0]))
    candidate = made.candidates[0]
    step = made.steps()[candidate.name]
    places = {"train": "s3://bucket/train/", "feature-specification": "s3://bucket/features.json"}
    about = {"_target": "y", "_sample_weight": "w", "_objective": str(made.job.objective)}
    if share is None:
        places["validation"] = "s3://bucket/held-out/"
    else:
        about["_validation_fraction"] = str(share)
    sources = {name: {"S3DataType": "S3Prefix", "S3Uri": uri} for name, uri in places.items()}
    channels = [
        {"ChannelName": name, "DataSource": {"S3DataSource": source}}
        for name, source in sources.items()
    ]
    asked = {"HyperParameters": {**step.details["HyperParameters"], **about}}
    details = {**step.details, **asked, "InputDataConfig": channels}
    scores = _sent_back(made, replace(step, details=details))["scores"]
    told = {one["metric"]: one["value"] for one in scores}
    assert told[made.job.objective] == candidate.score


@pytest.mark.parametrize("share", [None, 0.3])
def test_the_split_can_be_sent_back(tmp_path: Path, share: float | None) -> None:
    made = _made(tmp_path, share)
    split = made.steps()[made.keys.split_name]
    inputs = {one["InputName"]: one["S3Input"] for one in split.details["ProcessingInputs"]}
    assert inputs["feature-specification"]["S3Uri"] == "s3://bucket/features.json"
    assert ("validation" in inputs) == (share is None)
    environment = split.details["Environment"]
    assert environment["SAMPLE_WEIGHT_ATTRIBUTE_NAME"] == "w"
    assert environment.get("VALIDATION_FRACTION") == (None if share is None else "0.3")
    table = read_dataset(_dataset(made))
    n_held_out = 81 if share is None else pytest.approx(0.3 * 504, abs=2)
    assert (np.asarray(table.folds) == 0).sum() == n_held_out == table.analysis.n_held_out
    assert table.analysis.has_validation_set == (share is None)
    written = [
        *(made.keys.dataset / f"{name}.npy" for name in ("y", "folds", "weight")),
        made.keys.tuning_folder / "validation/chunk_0.csv",
    ]
    before = [made.artifacts.read(one) for one in written]
    for one in written:
        made.artifacts.delete(one)
    _sent_back(made, split)
    again = json.loads(made.artifacts.read(made.keys.dataset / "analysis.json"))
    told = {**table.analysis.to_json(), "problem_reason": again["problem_reason"]}
    assert again == json.loads(json.dumps(told))
    assert [made.artifacts.read(one) for one in written] == before


def test_a_feature_that_is_not_in_the_data_fails_the_job_by_name(tmp_path: Path) -> None:
    made = _made(tmp_path)
    made.job = replace(made.job, features=FeatureSpecification(None, {"colours": FeatureType.TEXT}))
    with pytest.raises(DataFault, match=r"feature column 'colours' is not in the data.*'colour'\?"):
        made.do(TaskKind.ANALYZE)
