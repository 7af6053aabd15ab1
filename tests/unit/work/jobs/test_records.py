"""What clients see of a candidate: containers, names, keys."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from unit.work.world import START, make_job, outcome

from windvane.domain.candidate import Candidate, StepStatus, TransformJob
from windvane.domain.job import AutoMLJob, JobStatus
from windvane.domain.problem import ProblemType
from windvane.domain.task import Task, TaskKind, TaskStatus
from windvane.engine.candidates import Plan
from windvane.engine.plan_text import hyperparameters_of
from windvane.notes.note import said
from windvane.store.records import from_json, to_json
from windvane.wire.edge import EdgeLimits
from windvane.work.jobs import records, steprecords
from windvane.work.jobs.containers import containers_of
from windvane.work.workers.config import WorkConfig, config_from_json, config_to_json
from windvane.work.workers.roles import Role
from windvane.work.workspace import Keys, cleared, scratch, workspace_of

PLAN = Plan(7, "dpp0", "xgboost", {"eta": 0.1, "depth": 6}, seed=0)


def _job(problem: ProblemType = ProblemType.BINARY, mode: str | None = None) -> AutoMLJob:
    return replace(make_job(mode=mode), problem_type=problem)


def _candidate(job: AutoMLJob) -> Candidate:
    return records.begun(job, PLAN, START)


def test_a_classifier_has_three_containers_and_the_last_gives_labels() -> None:
    job = _job()
    first, second, third = containers_of(job, _candidate(job), "dpp0")
    assert first.environment["AUTOML_TRANSFORM_MODE"] == "feature-transform"
    assert third.environment["AUTOML_TRANSFORM_MODE"] == "inverse-label-transform"
    assert first.model_data_url == third.model_data_url
    assert second.environment["SAGEMAKER_INFERENCE_OUTPUT"] == "predicted_label"
    assert (
        second.environment["SAGEMAKER_INFERENCE_SUPPORTED"]
        == "predicted_label,probability,probabilities"
    )
    assert (
        third.environment["SAGEMAKER_INFERENCE_SUPPORTED"]
        == "predicted_label,probability,labels,probabilities"
    )


def test_the_environment_of_containers_says_what_the_server_takes_and_answers() -> None:
    job = _job()
    containers = containers_of(job, _candidate(job), "dpp0")
    accepted = [one.environment.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT") for one in containers]
    assert accepted == [None, "text/csv", "text/csv"]
    told = int(containers[1].environment["MAX_CONTENT_LENGTH"])
    assert told == EdgeLimits().runtime_body_bytes


def test_a_regression_has_two_containers_that_name_no_inference_keys() -> None:
    job = _job(ProblemType.REGRESSION)
    containers = containers_of(job, _candidate(job), "dpp0")
    assert len(containers) == 2
    assert not any("INFERENCE" in key for c in containers for key in c.environment)
    assert all(c.environment for c in containers)


@pytest.mark.parametrize("problem", ProblemType)
def test_ensembling_mode_has_one_container(problem: ProblemType) -> None:
    job = _job(problem, "ENSEMBLING")
    (whole,) = containers_of(job, _candidate(job), "dpp0")
    assert "AUTOML_TRANSFORM_MODE" not in whole.environment
    assert ("SAGEMAKER_INFERENCE_OUTPUT" in whole.environment) == problem.is_classification


def test_candidates_are_named_after_their_job_and_number() -> None:
    job = make_job(name="a" * 32)
    name = records.begun(job, PLAN, START).name
    assert re.fullmatch("a{32}-007-[0-9a-f]{8}", name)
    assert len(name) <= 63
    assert records.begun(job, PLAN, START).name == name


def test_artefacts_lie_where_clients_of_aws_look_for_them() -> None:
    keys = Keys(make_job(name="automl-churn-1"))
    hexes = "[0-9a-f]+"
    assert re.fullmatch(
        f"s3://bucket/out/automl-churn-1/data-processor-models/automl-chu-dpp0-1-{hexes}/output/model.tar.gz",
        str(keys.transformers("dpp0")),
    )
    assert re.fullmatch(
        f"s3://bucket/out/automl-churn-1/tuning/automl-chu-dpp0-xgb/automl-churn-1-007-{hexes}/output/model.tar.gz",
        str(keys.model(7, "dpp0", "xgboost")),
    )


def test_a_training_job_says_what_is_true_of_the_candidate() -> None:
    job = _job()
    details = steprecords.training_job(job, _candidate(job), None).details
    assert details["HyperParameters"] == {
        "eta": "0.1",
        "depth": "6",
        "_seed": "0",
        "_recipe": "dpp0",
    }
    [channel] = details["InputDataConfig"]
    assert channel["ChannelName"] == "dataset"
    assert channel["DataSource"]["S3DataSource"]["S3Uri"] == str(Keys(job).dataset)
    assert details["RoleArn"] == job.spec.role
    assert details["ModelArtifacts"]["S3ModelArtifacts"] == str(
        Keys(job).model(7, "dpp0", "xgboost")
    )


def test_a_candidate_that_an_older_version_stored_tells_no_seed() -> None:
    job = _job()
    document = json.loads(to_json(_candidate(job)))
    for name in ("seed", "n_rows", "folds", "cut_short", "stops"):
        del document[name]
    read = from_json(Candidate, json.dumps(document))
    assert (read.seed, read.n_rows, read.folds) == (None, None, None)
    assert (read.cut_short, read.stops) == (False, {})
    details = steprecords.training_job(job, read, None).details
    assert details["HyperParameters"] == {"eta": "0.1", "depth": "6", "_recipe": "dpp0"}


@pytest.mark.parametrize(
    ("value", "text"),
    [("gbtree", "gbtree"), (True, "true"), (None, "null"), ([1, 2.5], "[1, 2.5]")],
)
def test_hyperparameters_are_text_that_says_what_they_were(value: object, text: str) -> None:
    plan = Plan(1, "dpp0", "xgboost", {"one": value}, seed=3, n_rows=50)
    assert hyperparameters_of(plan, 5) == {
        "one": text,
        "_recipe": "dpp0",
        "_seed": "3",
        "_folds": "5",
        "_rows": "50",
    }


@pytest.mark.parametrize("role", Role)
def test_every_kind_of_task_is_looked_for_once_by_who_may_do_it(role: Role) -> None:
    kinds = [kind for group in role.turns for kind in group]
    assert len(set(kinds)) == len(kinds)
    training = {kind for kind in TaskKind if kind.is_training}
    left_to_others = set() if role is Role.TRAIN else {*training, TaskKind.STEP}
    assert set(TaskKind) - set(kinds) == left_to_others


def test_the_exploration_reads_the_dataset() -> None:
    job = _job()
    task = Task(
        id=1, job_arn=job.arn, kind=TaskKind.EXPLORE, key="explore", payload={}, created=START
    )
    [step] = steprecords.step_jobs(job, [task])
    [read] = step.details["ProcessingInputs"]
    assert read["S3Input"]["S3Uri"] == str(Keys(job).dataset)


def _done(key: str, kind: TaskKind, result: dict[str, object], **payload: object) -> Task:
    task = Task(id=1, job_arn=_job().arn, kind=kind, key=key, payload=payload, created=START)
    return replace(task, status=TaskStatus.DONE, result=result)


@pytest.mark.parametrize("status", [JobStatus.STOPPED, JobStatus.FAILED])
def test_a_step_that_no_task_finished_ends_with_its_job(status: JobStatus) -> None:
    """A job that is stopped right after its analysis does not write its data: the step stayed InProgress for ever."""
    job, end = _job(), START + timedelta(seconds=9)
    analysis = _done("analyze", TaskKind.ANALYZE, {"problem_type": "BinaryClassification"})
    [step] = steprecords.step_jobs(job, [analysis])
    assert (step.status, step.ended) == (StepStatus.IN_PROGRESS, None)
    [step] = steprecords.step_jobs(replace(job, status=status, ended=end), [analysis])
    assert (step.status, step.ended) == (StepStatus.STOPPED, end)


@pytest.mark.parametrize("stops", [{}, {"fold1": 31, "full": 12}])
def test_what_time_cut_short_is_known_of_the_candidate_its_step_and_its_ensemble(
    stops: dict[str, int],
) -> None:
    job, is_cut = _job(), bool(stops)
    notes = ["training was cut short in fold 1: time"] if stops else []
    result = {"outcome": outcome(7, 0.9) | {"notes": notes, "stops": stops}, "tag": "dpp0"}
    candidate = records.completed(job, records.begun(job, PLAN, START), result, START)
    told = steprecords.training_job(job, candidate, None).details["HyperParameters"]
    assert json.loads(told.get("_stops", "{}")) == stops
    ensemble = replace(candidate, name="both", members={candidate.name: 1.0}, cut_short=False)
    assert candidate.cut_short == is_cut
    for one in (candidate, ensemble):
        assert steprecords.training_job(job, one, None, [candidate]).cut_short == is_cut


@pytest.mark.parametrize("layer", [{}, {"rounds": 10, "learning_rate": 0.05}])
def test_the_step_of_an_ensemble_tells_its_second_layer(layer: dict[str, float]) -> None:
    job = _job()
    made = outcome(7, 0.9, {"1": 0.6, "2": 0.4}) | {"second_layer": layer}
    begun = records.unplanned(job, 7, "ensemble", "ensemble", START)
    candidate = records.completed(job, begun, {"outcome": made, "tag": "ensemble"}, START)
    told = steprecords.training_job(job, candidate, None).details["HyperParameters"]
    assert json.loads(told.get("_second_layer", "{}")) == layer
    assert list(json.loads(told["_members"]).values()) == [0.6, 0.4]


@pytest.mark.parametrize("n_rows", [0, 5])
def test_a_transform_step_has_an_output_where_rows_are_or_are_to_be(n_rows: int) -> None:
    job = _job()
    plan = {"plan": {"index": 1, "recipe": "dpp0"}}
    rows = {"rows": {"train": n_rows, "validation": 0}}
    features = _done("features/dpp0", TaskKind.FEATURES, {}, recipe="dpp0")
    written = _done("transform/dpp0", TaskKind.TRANSFORM, rows, recipe="dpp0")
    ensemble = _done("ensemble", TaskKind.ENSEMBLE, {"outcome": outcome(2, 0.9, {"1": 1.0})})
    tasks = [features, written, _done("train", TaskKind.TRAIN, {}, **plan), ensemble]

    def outputs(tasks: list[Task]) -> list[str | None]:
        steps = [one for one in steprecords.step_jobs(job, tasks) if isinstance(one, TransformJob)]
        found = (one.details.get("TransformOutput") for one in steps)
        return [None if one is None else one["S3OutputPath"] for one in found]

    of_recipe, of_all = Keys(job).transformed_folder("dpp0"), Keys(job).all_transformed
    assert of_recipe.key.startswith(f"{of_all.key}/")
    assert outputs(tasks) == ([str(of_all), str(of_recipe)] if n_rows else [None, None])
    to_be = replace(written, status=TaskStatus.RUNNING, result=None)
    assert outputs([features, to_be]) == [str(of_recipe)]


def test_jobs_of_one_name_in_two_accounts_have_workspaces_of_their_own(tmp_path: Path) -> None:
    job = make_job()
    other = replace(job, scope=replace(job.scope, account="111111111111"))
    assert workspace_of(tmp_path, job) != workspace_of(tmp_path, other)


def test_what_an_earlier_attempt_left_is_cleared(tmp_path: Path) -> None:
    folder = tmp_path / "features" / "dpp0"
    folder.mkdir(parents=True)
    (folder / "half").touch()
    assert not cleared(folder).exists()
    assert folder.parent.is_dir()


def test_scratch_is_gone_after_its_block(tmp_path: Path) -> None:
    with scratch(workspace_of(tmp_path, make_job()), "1-1") as folder:
        (folder / "file").touch()
    assert not folder.exists()


def test_a_workers_configuration_survives_its_way_to_the_worker(tmp_path: Path) -> None:
    config = WorkConfig(tmp_path, "run", START, 2, 3000, calibrate=False, store_url="sqlite:///x")
    assert config_from_json(config_to_json(config)) == config
    assert config.task_memory_mb == 1000


def test_a_finished_candidate_keeps_what_its_task_found_out() -> None:
    job = _job()
    found = {**outcome(7, 0.5), "fit_s": 12.5, "notes": ["stopped early"]}
    plan = replace(PLAN, why="sound defaults")
    begun = records.begun(job, plan, START)
    done = records.completed(job, begun, {"outcome": found, "tag": "dpp0", "n_bytes": 1234}, START)
    assert (done.fit_s, done.size_bytes, done.notes) == (12.5, 1234, (said("stopped early"),))
    assert done.why == "sound defaults"
    older = records.completed(job, begun, {"outcome": found, "tag": "dpp0"}, START)
    assert older.size_bytes is None


def test_a_candidate_that_more_rows_did_not_help_tells_how_many_its_folds_have_learnt_from() -> (
    None
):
    job, begun = _job(), records.begun(_job(), replace(PLAN, n_rows=100_000), START)

    def rows(stops: dict[str, object]) -> int | None:
        result = {"outcome": outcome(7, 0.9) | {"stops": stops}, "tag": "dpp0"}
        return records.completed(job, begun, result, START).n_rows

    assert rows({}) == 100_000
    assert rows({"sample": 25_000}) == 25_000
    for impossible in (100_001, 0, "many"):
        with pytest.raises(ValueError, match="'sample' is"):
            rows({"sample": impossible})
