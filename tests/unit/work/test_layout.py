"""What a job leaves in S3, made by its real stages: all of it is listed, and every step names what is there."""

from __future__ import annotations

import csv
import io
import json
import tarfile
import time
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from unit.work.world import START, make_job

from windvane.artifacts.base import parse_location
from windvane.artifacts.local import LocalArtifacts
from windvane.automl.actions import (
    Action,
    BuildEnsemble,
    FitFeatures,
    FitOnAllRows,
    Pack,
    Refit,
    TrainCandidate,
)
from windvane.automl.exchange import SharedFolder
from windvane.automl.limits import Limits
from windvane.automl.situation import Situation
from windvane.automl.task import ActionTask, task_for
from windvane.domain.candidate import Candidate, CandidateStatus, ProcessingJob
from windvane.domain.job import AutoMLJob
from windvane.domain.problem import MetricName, Mode, ProblemType
from windvane.domain.task import Task, TaskKind, TaskStatus
from windvane.domain.timing import timetable
from windvane.engine.candidates import Plan
from windvane.engine.data.dataset import read_analysis
from windvane.engine.tuning.vocabulary import completed
from windvane.errors import JobFault
from windvane.notes.note import said
from windvane.notes.sentences import reason
from windvane.store.records import from_json, to_json
from windvane.testing.tables import HEADER, lines
from windvane.work.allowance import TaskAllowance
from windvane.work.exchange import InFolder
from windvane.work.jobs import learning, records, steprecords
from windvane.work.jobs.finished import Finished
from windvane.work.jobs.state import JobState
from windvane.work.jobs.workflow import (
    ACTIONS,
    MADE_BY,
    action_of,
    history_of,
    request_of,
    task_of,
)
from windvane.work.layout import LAYOUT
from windvane.work.tasks.stage_context import Result, StageContext
from windvane.work.tasks.stages import perform
from windvane.work.tasks.step_context import StepContext
from windvane.work.workers.performing import perform_errand
from windvane.work.workspace import Keys, workspace_of

N_ROWS, MOST_TRANSFORMED = 600, 200
FAST = {"learning_rate": 0.5, "num_iterations": 10}
PLANS = (
    Plan(1, "dpp0", "lightgbm", {"num_leaves": 4, **FAST}, seed=1, n_rows=200),
    Plan(2, "dpp0", "lightgbm", {"num_leaves": 16, **FAST}, seed=2, n_rows=200),
)


def _telling() -> str:
    """A table from which something is learnt, and more by two than by one."""
    random = np.random.default_rng(0)
    amounts, noise = random.normal(size=(2, N_ROWS)).round(4)
    colours = random.choice(["red", "green", "blue"], N_ROWS)
    labels = np.where(amounts + (colours == "red") + noise > 0, "yes", "no")
    rows = zip(amounts, colours, labels, strict=True)
    return HEADER + "".join(f"{amount},{colour},{label}\n" for amount, colour, label in rows)


@dataclass
class Made:
    """A job whose stages are done one after the other, without store or workers."""

    folder: Path
    job: AutoMLJob
    tasks: list[Task] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)

    @property
    def artifacts(self) -> LocalArtifacts:
        return LocalArtifacts(self.folder / "objects")

    @property
    def allowance(self) -> TaskAllowance:
        return TaskAllowance(
            lambda: self.artifacts, 1, 4000, 10**9, 100, transformed_rows=MOST_TRANSFORMED
        )

    @property
    def keys(self) -> Keys:
        return Keys(self.job)

    def do(self, kind: TaskKind, key: str = "", **payload: Any) -> Result:
        task = Task(
            id=len(self.tasks) + 1,
            job_arn=self.job.arn,
            kind=kind,
            key=key or str(kind),
            payload=payload,
            status=TaskStatus.RUNNING,
            created=START,
            started=START,
        )
        context = StageContext(
            job=self.job,
            task=task,
            exchange=SharedFolder(workspace_of(self.folder, self.job).folder),
            stop_at=time.time() + 100,
            allowance=self.allowance,
            action=self.action(task) if kind in ACTIONS else None,
            finished=self.finished,
        )
        result: Result = json.loads(json.dumps(perform(context)))
        done = replace(task, status=TaskStatus.DONE, ended=START, result=result)
        self.tasks.append(done)
        return result

    @property
    def finished(self) -> Finished:
        return learning.finished(JobState(self.job, START, 2, tuple(self.tasks)), START)

    def action(self, task: Task) -> ActionTask:
        request = request_of(self.job, timetable(self.job, START), 2)
        analysis = read_analysis(workspace_of(self.folder, self.job).dataset)
        at = Situation(request, analysis, history_of(self.tasks, (), ()), time.time())
        limits = Limits(time.time() + 90, time.time() + 100)
        return replace(task_for(action_of(task), at, 4000, 4000), limits=limits)

    def act(self, action: Action, **more: Any) -> Result:
        task = task_of(action)
        return self.do(task.kind, task.key, **task.payload, **more)

    def train(self, plan: Plan) -> None:
        result = self.act(TrainCandidate(plan))
        self.add(records.begun(self.job, plan, START), result)

    def pack(self, plan: Plan) -> None:
        """Train a candidate on all rows, and pack it."""
        self.act(FitOnAllRows(plan.recipe))
        self.act(Refit(plan.index, plan.recipe))
        made_by = {MADE_BY: TrainCandidate(plan).key}
        result = self.act(Pack(plan.index, (plan.index,)), **made_by)
        place = next(i for i, c in enumerate(self.candidates) if c.index == plan.index)
        found = self.candidates[place]
        self.candidates[place] = records.completed(self.job, found, result, START)

    def add(self, begun: Candidate, result: Result) -> None:
        self.candidates.append(records.completed(self.job, begun, result, START))

    def paths(self) -> set[str]:
        root = self.keys.root
        return {
            info.location.key.removeprefix(f"{root.key}/") for info in self.artifacts.list(root)
        }

    def steps(self) -> dict[str, ProcessingJob]:
        shared = steprecords.step_jobs(self.job, self.tasks)
        own = (
            steprecords.training_job(self.job, candidate, None, self.candidates)
            for candidate in self.candidates
        )
        return {step.name: step for step in (*shared, *own)}

    def is_there(self, uri: str) -> bool:
        """An object, or a prefix with objects below it."""
        return any(True for _ in self.artifacts.list(parse_location(uri)))


def _prepared(folder: Path, mode: str, table: str) -> Made:
    """Up to the features."""
    job = make_job(mode=mode)
    now = datetime.now(UTC)
    job = replace(job, created=now, deadline=now + timedelta(seconds=job.limits.max_runtime_s))
    made = Made(folder, job)
    made.artifacts.ensure_bucket("bucket")
    made.artifacts.write(parse_location("s3://bucket/train/data.csv"), table.encode())
    found = made.do(TaskKind.ANALYZE)
    made.job = replace(
        job,
        problem_type=ProblemType(found["problem_type"]),
        objective=MetricName(found["objective"]),
    )
    made.do(TaskKind.SPLIT)
    made.act(FitFeatures("dpp0", 5))
    return made


def _make(folder: Path, mode: str) -> Made:
    made = _prepared(folder, mode, HEADER + lines(N_ROWS))
    made.do(TaskKind.EXPLORE)
    made.do(TaskKind.TRANSFORM, "transform/dpp0", recipe="dpp0")
    for plan in PLANS:
        made.train(plan)
    made.pack(PLANS[0])
    made.do(TaskKind.EXPLAIN, index=1)
    made.do(TaskKind.INSIGHTS, index=1)
    return made


@pytest.fixture(scope="module", params=["HYPERPARAMETER_TUNING", "ENSEMBLING"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return _make(tmp_path_factory.mktemp("layout"), request.param)


def test_every_file_is_listed_once_and_every_entry_of_the_list_is_written(made: Made) -> None:
    mode = made.job.mode
    listed = [artefact for artefact in LAYOUT if mode in artefact.modes]
    paths = made.paths()
    for path in paths:
        assert sum(artefact.matches(path) for artefact in listed) == 1, path
    written = {a.path for a in listed for path in paths if a.matches(path)}
    assert written == {artefact.path for artefact in listed}


def test_every_place_that_a_step_names_holds_something(made: Made) -> None:
    steps = made.steps()
    named = {step.name for candidate in made.candidates for step in candidate.steps}
    assert named <= set(steps)
    places = [uri for step in steps.values() for uri in _uris(step.details)]
    assert len(places) > 15
    for uri in places:
        assert made.is_there(uri), uri
    assert "s3://bucket/train" in places, "the raw data are the first step's input"


def _uris(document: Any) -> list[str]:
    if isinstance(document, dict):
        return [uri for value in document.values() for uri in _uris(value)]
    if isinstance(document, list):
        return [uri for value in document for uri in _uris(value)]
    return [document] if isinstance(document, str) and document.startswith("s3://") else []


def _lines(made: Made, prefix: str) -> list[list[str]]:
    found: list[list[str]] = []
    for info in made.artifacts.list(made.keys.root / prefix):
        text = made.artifacts.read(info.location).decode()
        found += csv.reader(io.StringIO(text, newline=""))
    return found


def test_the_split_data_are_all_rows_once_and_the_first_folds_rows_apart(made: Made) -> None:
    train, validation = (
        _lines(made, f"preprocessed-data/tuning_data/{part}/") for part in ("train", "validation")
    )
    assert len(validation) == N_ROWS // 5
    raw = sorted(
        (label, float(amount), colour)
        for amount, colour, label in csv.reader(lines(N_ROWS).splitlines())
    )
    assert sorted((a, float(b), c) for a, b, c in train + validation) == raw
    assert _lines(made, "preprocessed-data/header/") == [["y", "amount", "colour"]]
    split = made.steps()[made.keys.split_name]
    outputs = split.details["ProcessingOutputConfig"]["Outputs"]
    assert [one["OutputName"] for one in outputs] == ["header", "tuning_data", "dataset"]


def test_transformed_data_are_bounded_and_the_step_says_how_many(made: Made) -> None:
    train, validation = (
        _lines(made, f"transformed-data/dpp0/csv/{part}/") for part in ("train", "validation")
    )
    assert (len(train), len(validation)) == (MOST_TRANSFORMED, N_ROWS // 5)
    assert {line[0] for line in train} == {"0", "1"}
    step = made.steps()[made.keys.transform_name("dpp0")]
    assert step.details["Environment"] == {"TRAIN_ROWS": "200", "VALIDATION_ROWS": "120"}


def test_the_dataset_in_s3_is_the_dataset_that_was_trained_on(made: Made) -> None:
    local = workspace_of(made.folder, made.job).dataset
    there = {
        info.location.key.removeprefix(f"{made.keys.dataset.key}/"): info.location
        for info in made.artifacts.list(made.keys.dataset)
    }
    files = [file for file in local.rglob("*") if file.is_file()]
    assert set(there) == {file.relative_to(local).as_posix() for file in files}
    for file in files:
        where = there[file.relative_to(local).as_posix()]
        assert made.artifacts.read(where) == file.read_bytes()


def test_the_sample_holds_the_rows_that_were_explained(made: Made) -> None:
    sample = _lines(made, "preprocessed-data/explainability_samples/sample.csv")
    assert sample[0] == ["y", "amount", "colour"]
    assert 1 < len(sample) <= 301


def test_a_training_job_can_be_sent_again_from_what_it_says(made: Made) -> None:
    first = made.steps()[made.candidates[0].name].details
    assert first["HyperParameters"] == {
        "num_leaves": "4",
        "learning_rate": "0.5",
        "num_iterations": "10",
        "_seed": "1",
        "_recipe": "dpp0",
        "_folds": str(made.candidates[0].folds),
        "_rows": "200",
    }
    transformers = made.steps()[made.keys.transformers_name("dpp0")].details
    assert transformers["HyperParameters"] == {"_recipe": "dpp0"}
    for details in (first, transformers):
        [channel] = details["InputDataConfig"]
        assert channel["ChannelName"] == "dataset"
        assert channel["DataSource"]["S3DataSource"]["S3Uri"] == str(made.keys.dataset)


def test_beside_a_model_lie_its_definition_and_its_predictions(made: Made) -> None:
    model = parse_location(
        made.steps()[made.candidates[1].name].details["ModelArtifacts"]["S3ModelArtifacts"]
    )
    content = made.artifacts.read(model.parent / "output.tar.gz")
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        assert sorted(archive.getnames()) == ["oof.npy", "outcome.json"]
        outcome = archive.extractfile("outcome.json")
        assert outcome is not None
        assert json.load(outcome)["plan"] == asdict(PLANS[1])


def test_transformers_are_the_same_whoever_publishes_them(tmp_path: Path) -> None:
    made = _make(tmp_path, "HYPERPARAMETER_TUNING")
    by_candidate = made.artifacts.read(made.keys.transformers("dpp0"))
    made.act(FitFeatures("dpp0", 5))
    assert made.artifacts.read(made.keys.transformers("dpp0")) == by_candidate


def test_models_are_deleted_any_number_of_times_and_all_else_stays(made: Made) -> None:
    before = made.paths()
    uri = str(steprecords.model_location(made.job, made.candidates[1]))
    content = made.artifacts.read(parse_location(uri))
    made.do(TaskKind.RETAIN, "retain/1", objects=[uri])
    made.do(TaskKind.RETAIN, "retain/2", objects=[uri])
    gone = uri.removeprefix(f"{made.keys.root}/")
    assert made.paths() == before - {gone}
    made.artifacts.write(parse_location(uri), content)


def test_predictions_hold_target_prediction_probability_and_fold(made: Made) -> None:
    told = _lines(made, "documentation/model_monitor/predictions/")
    if made.job.mode is not Mode.ENSEMBLING:
        assert told == []
        return
    for truth, predicted, probability, fold in told:
        assert {truth, predicted} <= {"0", "1"}
        assert 0 <= float(probability) <= 1
        assert int(fold) in range(5)


def test_an_output_that_cannot_be_written_fails_the_job_before_the_data_are_read(
    tmp_path: Path,
) -> None:
    made = Made(tmp_path, make_job())
    with pytest.raises(
        JobFault, match=r"s3://bucket/out/churn-model/validations/output_validation"
    ):
        made.do(TaskKind.ANALYZE)


def _ensemble(job: AutoMLJob, n_members: int) -> tuple[Candidate, list[Candidate]]:
    members = [
        records.begun(job, Plan(n, "dpp0", "xgboost", {}, seed=n), START)
        for n in range(1, n_members + 1)
    ]
    weights = {member.name: 1 / n_members for member in members}
    ensemble = records.unplanned(job, n_members + 1, "ensemble", "ensemble", START)
    return replace(ensemble, members=weights), members


@pytest.mark.parametrize("mode", ["HYPERPARAMETER_TUNING", "ENSEMBLING"])
def test_an_ensembles_training_job_names_its_members_and_where_they_lie(mode: str) -> None:
    job = make_job(mode=mode)
    ensemble, members = _ensemble(job, 3)
    weights = {member.name: share for member, share in zip(members, (0.2, 0.5, 0.3), strict=True)}
    by_weight = sorted(weights, key=lambda name: -weights[name])
    ensemble = replace(ensemble, members={name: weights[name] for name in by_weight})
    stored = from_json(Candidate, to_json(ensemble))
    details = steprecords.training_job(job, stored, None, (*members, stored)).details
    assert list(json.loads(details["HyperParameters"]["_members"])) == by_weight
    channels = [
        (one["ChannelName"], one["DataSource"]["S3DataSource"]["S3Uri"])
        for one in details["InputDataConfig"]
    ]
    by_name = {member.name: member for member in members}
    places = [steprecords.model_location(job, by_name[name]).parent for name in by_weight]
    assert channels == [
        ("dataset", str(Keys(job).dataset)),
        *((f"member-{number}", f"{place}/") for number, place in enumerate(places, 1)),
    ]


def _sent_back(made: Made, step: ProcessingJob) -> Result:
    job = replace(step, name=f"{step.name[:50]}-again", parent="")
    task = Task(id=1, job_arn=job.arn, kind=TaskKind.STEP, key="step", payload={}, created=START)
    step = StepContext(
        job=job,
        task=task,
        workspace=workspace_of(made.folder, job),
        where=InFolder(workspace_of(made.folder, job).folder),
        stop_at=time.time() + 100,
        allowance=made.allowance,
    )
    return json.loads(json.dumps(perform_errand(step)))


@pytest.mark.parametrize("mode", ["HYPERPARAMETER_TUNING", "ENSEMBLING"])
def test_every_step_that_trains_can_be_sent_back(tmp_path: Path, mode: str) -> None:
    made = _prepared(tmp_path, mode, _telling())
    analysis = read_analysis(workspace_of(made.folder, made.job).dataset)
    for plan in PLANS:
        made.train(completed(analysis, plan))
    found = made.act(BuildEnsemble(3, (1, 2)))
    made.add(records.unplanned(made.job, 3, "ensemble", "ensemble", START), found)
    steps = made.steps()
    for candidate in made.candidates:
        scores = _sent_back(made, steps[candidate.name])["scores"]
        told = {one["metric"]: one["value"] for one in scores}
        assert told[made.job.objective] == candidate.ranked_by(made.job.objective)
    assert len(made.candidates[2].members) == 2
    assert {"code": "latency-added"} not in found["outcome"]["notes"], "it was measured"
    assert steps[made.keys.transformers_name("ensemble")].details["HyperParameters"] == {
        "_recipe": '["dpp0"]'
    }


def test_the_split_can_be_sent_back(made: Made) -> None:
    split = made.steps()[made.keys.split_name]
    assert split.details["Environment"] == {
        "TARGET_ATTRIBUTE_NAME": "y",
        "PROBLEM_TYPE": "BinaryClassification",
        "OBJECTIVE": "F1",
    }
    written = [
        made.keys.dataset / "y.npy",
        made.keys.headers,
        made.keys.tuning_folder / "validation/chunk_0.csv",
    ]
    before, paths = [made.artifacts.read(one) for one in written], made.paths()
    for one in written:
        made.artifacts.delete(one)
    _sent_back(made, split)
    assert [made.artifacts.read(one) for one in written] == before
    assert made.paths() == paths


def test_members_too_many_for_a_hyperparameter_are_left_out_not_cut() -> None:
    job = make_job(name="a" * 32)
    ensemble, members = _ensemble(job, 60)
    details = steprecords.training_job(job, ensemble, None, members).details
    assert details["HyperParameters"] == {}


@pytest.mark.parametrize("status", [CandidateStatus.FAILED, CandidateStatus.STOPPED])
def test_a_candidate_that_came_to_nothing_names_no_model(status: CandidateStatus) -> None:
    job = make_job()
    begun = records.begun(job, PLANS[0], START)
    assert "ModelArtifacts" in steprecords.training_job(job, begun, None).details
    ended = records.ended(begun, status, START, "It broke.")
    assert "ModelArtifacts" not in steprecords.training_job(job, ended, None).details


def _task(job: AutoMLJob, kind: TaskKind, status: TaskStatus) -> Task:
    return Task(
        id=1,
        job_arn=job.arn,
        kind=kind,
        key=str(kind),
        payload={},
        status=status,
        created=START,
        started=START,
        ended=None if status.is_open else START,
        failure=said("It broke.") if status is TaskStatus.FAILED else None,
    )


SPLITS: list[tuple[TaskStatus | None, str, bool]] = [
    (None, "InProgress", False),
    (TaskStatus.READY, "InProgress", False),
    (TaskStatus.DONE, "Completed", True),
    (TaskStatus.FAILED, "Failed", True),
]


@pytest.mark.parametrize(("status", "told", "is_over"), SPLITS)
def test_the_split_is_over_when_its_files_are_there(
    status: TaskStatus | None, told: str, is_over: bool
) -> None:
    job = make_job()
    tasks = [_task(job, TaskKind.ANALYZE, TaskStatus.DONE)]
    if status is not None:
        tasks.append(_task(job, TaskKind.SPLIT, status))
    [split] = steprecords.step_jobs(job, tasks)
    assert split.status == told
    assert (split.ended is not None) == is_over
    assert reason(split.failure) == ("It broke." if status is TaskStatus.FAILED else "")
