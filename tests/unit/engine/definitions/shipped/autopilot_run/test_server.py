"""Runs of the notebook's helper against a service that keeps its jobs in memory, and the whole notebook likewise."""

import json
import math
import sys
from dataclasses import replace
from urllib.parse import urlparse

import boto3
import nbformat
import pytest
from unit.engine.definitions.fake_service import METRIC, FakeBucket, FakeService
from unit.engine.definitions.made_up import (
    analysis_of,
    dataset_of,
    harmless_names,
    hostile_names,
    served_job,
)
from unit.work.world import SCOPE, make_job

from windvane.domain.candidate import Candidate as Found
from windvane.domain.problem import ProblemType
from windvane.engine.definitions.define import NOTEBOOK, define
from windvane.engine.definitions.shipped.autopilot_run.candidates import Candidate
from windvane.engine.definitions.shipped.autopilot_run.containers import (
    containers_of,
    whole_container,
)
from windvane.engine.definitions.shipped.autopilot_run.run import Run
from windvane.engine.definitions.shipped.autopilot_run.server import Server
from windvane.engine.plan_text import hyperparameters_of, plan_of
from windvane.work.jobs import containers

ALGORITHMS = ("sklearn-automl", "lightgbm", "mlp", "ensemble")
JOB = {
    "name": "churn",
    "short": "churn",
    "metric": METRIC,
    "minimize": False,
    "n_classes": 2,
    "folds": 5,
    "max_candidates": 4,
    "max_runtime_s": 600,
    "max_candidate_s": 300,
    "role": "arn:aws:iam::000000000000:role/windvane",
    "dataset": "s3://bucket/out/churn/preprocessed-data/dataset",
    "output": "s3://bucket/out/churn/notebook-runs",
    "images": {
        name: f"000000000000.dkr.ecr.us-east-1.amazonaws.com/windvane-{name}:1-cpu-py3"
        for name in ALGORITHMS
    },
}


def candidate(number, algorithm="lightgbm", **features):
    return Candidate(
        name=f"dpp0-{algorithm}-{number}",
        recipe="dpp0",
        algorithm=algorithm,
        hyperparameters={"num_leaves": 8 + number, "learning_rate": 0.1, "extra_trees": False},
        seed=number,
        features={"_recipe": "dpp0", **features},
        ranges={"num_leaves": {"low": 4, "high": 64, "log": True, "integer": True}},
        rows=100,
    )


@pytest.fixture
def service():
    return FakeService()


@pytest.fixture
def server(service):
    return Server(JOB, service, service, pause=lambda _: None)


def test_a_candidate_goes_out_as_the_text_of_its_plan(server, service):
    [result] = server.train([candidate(1)], 20.9)
    job = service.jobs[result.place]
    assert job["HyperParameters"] == {
        "num_leaves": "9",
        "learning_rate": "0.1",
        "extra_trees": "false",
        "_recipe": "dpp0",
        "_seed": "1",
        "_folds": "5",
        "_rows": "100",
    }
    assert job["StoppingCondition"] == {"MaxRuntimeInSeconds": 20}
    [channel] = job["InputDataConfig"]
    assert channel["ChannelName"] == "dataset"
    assert channel["DataSource"]["S3DataSource"]["S3Uri"] == JOB["dataset"]
    assert result.score == service.score(result.place)
    assert result.model == f"{JOB['output']}/{result.place}/output/model.tar.gz"


def test_what_is_sent_is_read_as_the_same_plan(server, service):
    [result] = server.train([candidate(1)], 20)
    sent = service.jobs[result.place]["HyperParameters"]
    plan, folds = plan_of("lightgbm", sent)
    assert (plan.recipe, plan.seed, plan.n_rows, folds) == ("dpp0", 1, 100, 5)
    assert plan.hyperparameters == candidate(1).hyperparameters
    assert hyperparameters_of(plan, folds) == sent


def test_a_job_that_fails_is_a_result_with_its_reason(service):
    service = FakeService(failing=("mlp",))
    server = Server(JOB, service, service, pause=lambda _: None)
    good, bad = server.train([candidate(1), candidate(2, "mlp")], 60)
    assert good.score is not None
    assert (bad.status, bad.score, bad.reason) == ("Failed", None, "It broke.")
    assert service.most_open == 2


def test_pauses_grow_and_end(service):
    pauses = []
    service = FakeService(looks=40)
    Server(JOB, service, service, pause=pauses.append).train([candidate(1)], 60)
    assert pauses == sorted(pauses)
    assert pauses[0] < 1 < pauses[-1] <= 10


def test_transformers_that_cannot_be_fitted_end_the_run():
    service = FakeService(failing=("sklearn-automl",))
    server = Server(JOB, service, service, pause=lambda _: None)
    with pytest.raises(RuntimeError, match="The transformers of dpp0: It broke"):
        server.fit("dpp0", {"_recipe": "dpp0"}, 60)


def test_a_candidate_of_the_leaderboard_scores_the_same_again(server, service):
    [first] = server.train([candidate(1)], 60)
    service.finished(first.place)
    [name] = server.leaders()
    again = server.again(name)
    assert again.now == again.before
    assert again.place != name
    one, other = service.jobs[name], service.jobs[again.place]
    for key in ("HyperParameters", "InputDataConfig", "AlgorithmSpecification"):
        assert one[key] == other[key]
    assert one["StoppingCondition"] == {"MaxRuntimeInSeconds": 60}
    assert other["StoppingCondition"] == {"MaxRuntimeInSeconds": 24 * 3600}


def test_an_ensemble_is_run_again_members_first(server, service):
    members = server.train([candidate(1), candidate(2)], 60)
    ensemble = server.combine(members, [0.7, 0.3], 3, 60)
    assert ensemble.score == 0.7 * members[0].score + 0.3 * members[1].score
    for one in (*members, ensemble):
        service.finished(one.place)
    assert server.leaders()[0] == ensemble.place, "the best candidate, whatever its score"
    again = server.again(ensemble.place)
    assert again.now == again.before
    sent = service.jobs[again.place]
    others = json.loads(sent["HyperParameters"]["_members"])
    assert list(others.values()) == [0.7, 0.3]
    assert not set(others) & {one.place for one in members}
    uris = [one["DataSource"]["S3DataSource"]["S3Uri"] for one in sent["InputDataConfig"]]
    assert uris == [JOB["dataset"], *(f"{JOB['output']}/{other}/output/" for other in others)]


def run_with(server, count, **job):
    made = Run({**JOB, **job}, server)
    made._selected = [candidate(i) for i in range(count)]
    made.run_candidates()
    return made


def test_a_place_is_kept_for_an_ensemble_of_the_best_three(server, service):
    made = run_with(server, 9, max_candidates=6)
    assert len(made.results) == 5
    best = [one.place for one in made.leaderboard()[:3]]
    made.combine()
    sent = service.jobs[made.results[-1].place]["HyperParameters"]
    assert json.loads(sent["_members"]) == dict.fromkeys(best, 1 / 3)
    made.combine()
    assert len(made.results) == 6


def test_an_ensemble_of_given_weights_and_no_other_columns(server, service):
    made = run_with(server, 2, max_candidates=9)
    made._selected = [candidate(5, _without='["a"]')]
    made.run_candidates()
    made.combine({"dpp0-lightgbm-1": 0.25, "dpp0-lightgbm-0": 0.75})
    sent = service.jobs[made.results[-1].place]["HyperParameters"]
    assert list(json.loads(sent["_members"]).values()) == [0.25, 0.75]
    with pytest.raises(LookupError, match="'other' has not finished"):
        made.combine({"other": 1.0})
    alike = {one.candidate.features.get("_without") for one in made._best_three()}
    assert len(alike) == 1


def test_without_two_candidates_there_is_no_ensemble(server, capsys):
    made = run_with(server, 1, max_candidates=9)
    made.combine()
    assert len(made.results) == 1
    assert "it needs two candidates" in capsys.readouterr().out


def test_an_ensemble_is_deployed_as_one_container(server, service):
    made = run_with(server, 2, max_candidates=9)
    made.combine()
    server.deploy(made.results[-1], "churn-definitions")
    [model] = service.models.values()
    [container] = model["Containers"]
    assert container["Image"].endswith("/windvane-ensemble:1-cpu-py3")
    assert container["ModelDataUrl"] == made.results[-1].model


def test_deployment_makes_a_pipeline_of_transformers_and_model(server, service):
    fitted = server.fit("dpp0", {"_recipe": "dpp0"}, 60)
    [result] = server.train([candidate(1)], 60)
    assert server.deploy(result, "churn-definitions") == "churn-definitions"
    [model] = service.models.values()
    forward, predict, backward = model["Containers"]
    assert forward["ModelDataUrl"] == backward["ModelDataUrl"]
    assert f"/{fitted}/" in forward["ModelDataUrl"]
    assert predict["ModelDataUrl"] == result.model
    assert backward["Environment"]["SAGEMAKER_INFERENCE_OUTPUT"] == "predicted_label"
    assert server.invoke("churn-definitions", [[1, "a,b", ""]]) == "yes\n"
    assert service.invoked == [b'1,"a,b",\n']
    server.delete("churn-definitions")
    assert service.endpoints == {}


@pytest.mark.parametrize("problem_type", ProblemType)
@pytest.mark.parametrize("mode", ["ENSEMBLING", None])
def test_containers_are_those_of_the_service_itself(problem_type, mode):
    job = replace(make_job(mode=mode), problem_type=problem_type)
    algorithm = "ensemble" if mode else "lightgbm"
    found = Found(
        scope=SCOPE,
        name="c",
        parent=job.arn,
        created=job.created,
        modified=job.created,
        index=1,
        algorithm=algorithm,
        recipe="dpp0",
        hyperparameters={},
        steps=(),
    )
    images, is_class = JOB["images"], problem_type.is_classification
    made = (
        [whole_container(images[algorithm], "m", is_class)]
        if mode
        else containers_of(images, "t", algorithm, "m", is_class)
    )
    known = containers.containers_of(job, found, "dpp0")
    assert [one["Image"] for one in made] == [one.image for one in known]
    assert [one["Environment"] for one in made] == [dict(one.environment) for one in known]


# the whole notebook


@pytest.fixture
def published(tmp_path, monkeypatch):
    """(service, names, limits) -> cells of a notebook in its folder, and the bucket with its modules."""

    def publish(service, names, **limits):
        dataset = dataset_of(tmp_path / "dataset", analysis_of(names))
        job = served_job(**limits)
        made = define(dataset, job)
        prefix = urlparse(job.served.modules).path.lstrip("/").removesuffix("generated_module")
        bucket = FakeBucket({prefix + path: content for path, content in made.items()})
        clients = {"s3": bucket, "sagemaker": service, "sagemaker-runtime": service}
        monkeypatch.setattr(boto3, "client", lambda name, region_name: clients[name])
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("time.sleep", lambda _: None)
        monkeypatch.setattr(sys, "path", list(sys.path))
        notebook = nbformat.reads(made[NOTEBOOK].decode(), as_version=4)
        return [cell.source for cell in notebook.cells if cell.cell_type == "code"], bucket

    before = set(sys.modules)
    yield publish
    for name in set(sys.modules) - before:
        if name.startswith(("autopilot_run", "candidate_data_processors")):
            del sys.modules[name]


def run(code):
    space = {}
    for source in code:
        exec(source, space)
    return space["automl"]


def test_the_notebook_runs_from_top_to_bottom_within_the_limits(published, capsys):
    service = FakeService()
    code, _ = published(service, hostile_names(40), max_candidates=5)
    automl = run(code)
    assert len(automl.results) == 5
    assert automl.results[0].candidate.name == "dpp0-lightgbm-1"
    shown = capsys.readouterr().out
    assert repr(automl.best().score) in shown
    assert "The job has trained no candidates" in shown
    assert service.endpoints == {}


def test_with_more_candidates_than_pipelines_the_search_goes_on(published):
    service = FakeService()
    code, _ = published(service, harmless_names(7), max_candidates=20)
    automl = run(code)
    assert len(automl.results) == 20
    assert automl.results[-1].members
    later = [one.candidate for one in automl.results if "variation" in one.candidate.why]
    assert later
    names = [one.candidate.name for one in automl.results]
    assert len(set(names)) == 20


def test_the_notebook_runs_the_best_candidate_again_and_deploys(published, monkeypatch):
    service = FakeService()
    code, bucket = published(service, harmless_names(7), max_candidates=1)
    best = run(code).results[0]
    service.finished(best.place)
    asked = len(bucket.asked)
    monkeypatch.setenv("WINDVANE_NOTEBOOK_DEPLOY", "1")
    run(code)
    assert len(bucket.asked) == asked, "modules that are there are not fetched again"
    assert list(service.endpoints) == ["churn-definitions"]
    assert service.invoked == [b",,,,,\n"]


def test_a_score_that_is_not_the_same_stops_the_notebook(published):
    service = FakeService()
    code, _ = published(service, harmless_names(7), max_candidates=1)
    name = run(code).results[0].place
    service.finished(name)
    service.told[name] = math.nextafter(service.score(name), 2)
    with pytest.raises(AssertionError, match="this time"):
        run(code)


def test_columns_can_be_left_out_in_the_module_of_a_recipe(published, tmp_path):
    service = FakeService()
    names = hostile_names(20)
    code, _ = published(service, names, max_candidates=1)
    run(code)
    file = tmp_path / "churn-artifacts/generated_module/candidate_data_processors/dpp0.py"
    left_out = names[1]
    file.write_text(file.read_text().replace("WITHOUT = []", f"WITHOUT = [{left_out!r}]"))
    automl = run(code)
    sent = service.jobs[automl.results[0].place]["HyperParameters"]
    assert json.loads(sent["_without"]) == [left_out]


# limits


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_no_candidate_begins_after_the_time_and_each_gets_what_is_left(server, service):
    clock = Clock()
    run_of = Run({**JOB, "max_candidates": None}, server, clock)
    run_of._selected = [candidate(i) for i in range(6)]
    train, given = server.train, []

    def slow(candidates, max_s):
        given.append(max_s)
        clock.now += 250
        return train(candidates, max_s)

    server.train = slow
    run_of.run_candidates()
    assert given == [300, 300, 100]
    run_of.search(None)
    assert len(run_of.results) == 6
    assert run_of.left_s < 0


@pytest.mark.parametrize("most", [1, 3])
def test_there_are_no_more_candidates_than_the_job_may_have(most, server):
    run_of = Run({**JOB, "max_candidates": most}, server)
    run_of._selected = [candidate(i) for i in range(2)]
    run_of.run_candidates()
    run_of.search(None)
    run_of.combine()
    run_of.search(None)
    assert len(run_of.results) == most


def test_the_search_is_the_same_every_time_and_stays_within_the_ranges(server):
    def plans():
        run_of = Run({**JOB, "max_candidates": 12}, server)
        run_of._selected = [candidate(i) for i in range(2)]
        run_of.run_candidates()
        run_of.search(10, seed=3)
        return [(one.candidate.hyperparameters, one.candidate.seed) for one in run_of.results]

    first = plans()
    assert first == plans()
    assert all(4 <= given["num_leaves"] <= 64 for given, _ in first)
    assert len({given["num_leaves"] for given, _ in first}) > 4
