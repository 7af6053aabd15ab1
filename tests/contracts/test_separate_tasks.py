"""Jobs whose tasks each have a folder with what they read, and nothing else: they come to the leaderboard of a job whose tasks
share a folder, to the last digit, from the library and from the service."""

import json
import time
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from contracts.service_tasks import made
from contracts.test_artifacts import embedded  # noqa: F401 - a fixture
from contracts.test_exchanges import exchanges_in

from windvane.artifacts.local import LocalArtifacts
from windvane.automl.actions import Analyse, BuildEnsemble, FirstLook, FitOnAllRows, TrainBaseline
from windvane.automl.documents import TYPES
from windvane.automl.exchange import SharedFolder
from windvane.automl.leaderboard import leaderboard_from_json
from windvane.automl.local.job import Job
from windvane.automl.local.run_job import run_job
from windvane.automl.request import OnAllRows
from windvane.domain.features import SpecificationFile
from windvane.domain.job import JobStatus
from windvane.domain.problem import ProblemSpec
from windvane.domain.task import TaskKind, TaskStatus
from windvane.engine.candidates import baseline_plan
from windvane.engine.data.analysis import SourceFile
from windvane.engine.explain.stage import explain
from windvane.engine.packages.package import load_predictor
from windvane.engine.tuning.first_look import first_look
from windvane.notes.sentences import sentences
from windvane.testing.separate_tasks import RUNTIME_S, SeparateTasks, request, timeless
from windvane.work.tasks import stages as service_stages

PROBLEM = ProblemSpec("y")
PROBLEMS = {
    "regression": lambda value: value,
    "two-classes": lambda value: "yes" if value > 0.8 else "no",
    "three-classes": lambda value: "low" if value < 0 else "middle" if value < 1.2 else "high",
}


@pytest.fixture(autouse=True)
def _few_rows_explained(monkeypatch):
    """Explanations have no part in a leaderboard."""
    monkeypatch.setattr(service_stages, "explain", partial(explain, most_rows=10))


@pytest.fixture(
    scope="module",
    params=[
        "regression",
        pytest.param("two-classes", marks=pytest.mark.long),
        pytest.param("three-classes", marks=pytest.mark.long),
    ],
)
def table(request, tmp_path_factory):
    """A table of which several candidates together know more than one, of each type of problem."""
    random = np.random.default_rng(0)
    a, b, c, d = random.normal(size=(4, 520)).round(3)
    colours = random.choice(["red", "green", "blue"], 520)
    noise = random.normal(size=520)
    y = (a + (colours == "red") + np.sin(3 * b) + c * d + noise).round(3)
    targets = map(PROBLEMS[request.param], y)
    rows = zip(a, b, c, d, colours, targets, strict=True)
    file = tmp_path_factory.mktemp("table") / "table.csv"
    file.write_text("a,b,c,d,colour,y\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))
    return file


def done(folder, exchange_of, table, asked, *, is_shared=False, problem=PROBLEM):
    """A job brought to its end."""
    folder.mkdir()
    tasks = SeparateTasks(folder, exchange_of, asked, is_shared)
    tasks.run(table, problem)
    return tasks


@pytest.fixture(scope="module")
def together(table, tmp_path_factory):
    """The job as it goes where all of its tasks share a folder."""
    folder = tmp_path_factory.mktemp("together")
    (folder / "shared").mkdir()
    shared = SharedFolder(folder / "shared")
    return done(folder / "tasks", lambda _: shared, table, request(4), is_shared=True)


@pytest.fixture(params=["local", "embedded"])
def apart(request, table, tmp_path, tmp_path_factory):
    """The tasks of a job with nothing in common but a store; the job is still to be done."""
    store = LocalArtifacts(tmp_path / "store")
    if request.param == "embedded":
        store = request.getfixturevalue("embedded")
    return exchanges_in(store)


def kinds(tasks):
    return {type(task.action) for task in tasks.tasks}


def test_tasks_apart_come_to_the_same_leaderboard(together, apart, table, tmp_path):
    separate = done(tmp_path / "tasks", apart, table, request(4))
    assert separate.leaderboard() == together.leaderboard()
    assert len(separate.leaderboard()[0].outcome.members) > 1
    assert [task.action for task in separate.tasks] == [task.action for task in together.tasks]
    assert kinds(separate) == set(TYPES.values()) - {Analyse, FirstLook, TrainBaseline}
    assert answers(separate, tmp_path / "one") == answers(together, tmp_path / "other")


def answers(tasks, into):
    into.mkdir()
    found = tasks.packages(into)
    model = load_predictor(found / "transformers", found / "model")
    return list(
        model.predict([["0.3", "-1", "2", "1", "red"], ["-2", "", "0", "1", "blue"]]).values
    )


def by_the_library(table, problem, max_candidates, tmp_path):
    """The leaderboard of a job of the library."""
    job = Job(
        files=(SourceFile(table, table.name),),
        format="csv",
        compression="None",
        problem=problem,
        started=time.time(),
        max_runtime_s=RUNTIME_S,
        max_candidates=max_candidates,
        threads=2,
        memory_mb=4000,
        out=tmp_path,
    )
    run_job(tmp_path, lambda: job, lambda _: None)
    return timeless(leaderboard_from_json(json.loads((tmp_path / "leaderboard.json").read_text())))


def test_the_library_comes_to_the_same_leaderboard(together, table, tmp_path):
    assert by_the_library(table, PROBLEM, 4, tmp_path) == together.leaderboard()


def test_candidates_apart_that_learn_from_all_rows_at_once(apart, table, tmp_path):
    """And actions that a job of a given number of candidates does not have."""
    at_once = replace(request(3), on_all_rows=OnAllRows.CANDIDATES)
    tasks = done(tmp_path / "tasks", apart, table, at_once)
    assert FitOnAllRows not in kinds(tasks), "recipes are fitted with the first fold"
    analysis = tasks.situation().analysis
    look = tasks.do(FirstLook(first_look(analysis, None, at_once.strategy)))
    baseline = tasks.do(TrainBaseline(baseline_plan(90, analysis.seed)))
    tasks.do(BuildEnsemble(91, (1, 2), is_quick=True))
    assert look.outcome.folds_used == 1
    assert baseline.outcome.index == 90


def scores(entries):
    """What a candidate is, and how it does on rows that it has not seen."""
    return [
        (one.index, one.plan, one.outcome and (one.outcome.scores, one.outcome.members))
        for one in entries
    ]


def test_the_service_comes_to_the_leaderboard_of_the_library(together, table, tmp_path):
    tasks = made(tmp_path, table, None, 4)
    assert tasks.state.job.status is JobStatus.COMPLETED, tasks.state.job.failure_reason
    assert scores(tasks.leaderboard()) == scores(together.leaderboard())
    done = {task.kind for task in tasks.state.tasks if task.status is TaskStatus.DONE}
    assert done == set(TaskKind) - {TaskKind.BASELINE, TaskKind.RETAIN, TaskKind.STEP}


def test_candidates_of_the_service_that_learn_from_all_rows_at_once(table, tmp_path):
    tasks = made(tmp_path, table, "HYPERPARAMETER_TUNING", 2)
    assert tasks.state.job.status is JobStatus.COMPLETED, tasks.state.job.failure_reason
    features = [task for task in tasks.state.tasks if task.kind is TaskKind.FEATURES]
    recipes = [task.payload["recipe"] for task in features if not task.payload.get("n_before")]
    assert len(recipes) == len(set(recipes)), "a recipe is fitted on all rows once"


@pytest.fixture(scope="module")
def visits(tmp_path_factory):
    """Several rows of each of 90 patients, some hours apart."""
    random = np.random.default_rng(3)
    who = random.integers(0, 90, 540)
    size, effect = random.random(90).round(4), random.normal(size=90)
    load = random.normal(size=540).round(3)
    y = (effect[who] + load + 0.3 * random.normal(size=540)).round(3)
    rows = zip((f"p{one}" for one in who), np.arange(540), size[who], load, y, strict=True)
    file = tmp_path_factory.mktemp("visits") / "visits.csv"
    text = "who,hour,size,load,y\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)
    file.write_text(text)
    return file


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"group_column": "who"}, "validation rows: whole groups of 'who' (90 groups, 5 folds)"),
        pytest.param(
            {"time_column": "hour"},
            "validation rows: in the order of 'hour' (5 windows, each scored by models of earlier rows)",
            marks=pytest.mark.long,
        ),
    ],
)
def test_rows_split_by_a_column_give_the_same_leaderboard_by_library_and_service(
    asked, told, visits, tmp_path
):
    library, service = tmp_path / "library", tmp_path / "service"
    library.mkdir()
    service.mkdir()
    entries = by_the_library(visits, replace(PROBLEM, **asked), 3, library)
    tasks = made(service, visits, None, 3, SpecificationFile(**asked))
    assert tasks.state.job.status is JobStatus.COMPLETED, tasks.state.job.failure_reason
    assert scores(tasks.leaderboard()) == scores(entries)
    for candidate in tasks.state.candidates:
        assert told in sentences(candidate.notes)
