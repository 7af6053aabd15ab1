"""What tasks exchange, in one folder and through every kind of store; and jobs whose tasks have nothing but what they read."""

import io
import itertools
import json
import tarfile
import time
from dataclasses import replace

import numpy as np
import pytest
from contracts.test_artifacts import artifacts, brokered, embedded, served  # noqa: F401 - fixtures

from windvane.artifacts.base import Location
from windvane.artifacts.local import LocalArtifacts
from windvane.automl import names
from windvane.automl.actions import Analyse, BuildEnsemble, FirstLook, FitOnAllRows, TrainBaseline
from windvane.automl.documents import TYPES
from windvane.automl.exchange import SharedFolder
from windvane.automl.leaderboard import leaderboard_from_json
from windvane.automl.local.hosted import run_job
from windvane.automl.local.job import Job
from windvane.automl.request import OnAllRows
from windvane.domain.problem import ProblemSpec
from windvane.engine.candidates import baseline_plan
from windvane.engine.data.analysis import SourceFile
from windvane.engine.packages.package import load_predictor
from windvane.engine.tuning.first_look import first_look
from windvane.errors import CorruptArtifact
from windvane.testing.exchange_contract import ExchangeContract
from windvane.testing.separate_tasks import RUNTIME_S, SeparateTasks, request, timeless
from windvane.work.exchange import ArtifactExchange

_numbers = itertools.count()


def exchanges_in(store):
    """A folder -> the exchange of a task of one job that works there."""
    root = Location("bucket-0", f"jobs/{next(_numbers)}")
    store.ensure_bucket(root.bucket)
    return lambda folder: ArtifactExchange(store, root, folder)


class TestSharedFolder(ExchangeContract):
    @pytest.fixture
    def task_folder(self, tmp_path):
        return lambda _: tmp_path

    @pytest.fixture
    def exchange_of(self):
        return SharedFolder


class TestArtifactExchange(ExchangeContract):
    """Through a broker files come and go in the folder that it knows, so tasks work below it."""

    @pytest.fixture
    def task_folder(self, tmp_path):
        def made(name):
            (tmp_path / name).mkdir(exist_ok=True)
            return tmp_path / name

        return made

    @pytest.fixture
    def exchange_of(self, artifacts):  # noqa: F811
        return exchanges_in(artifacts)


def archive(files):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as made:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            made.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


OUTCOME = {"candidates/3/outcome.json": b"{}"}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"x" * 2000, "candidates/3/outcome"),
        (archive(OUTCOME)[:700], "candidates/3/outcome"),
        (archive({**OUTCOME, "dataset/y.npy": b""}), "'dataset/y.npy', which is no part of it"),
        (archive({"../candidates/3/outcome.json": b"{}"}), "leads out of its folder"),
    ],
)
def test_what_a_task_has_published_is_checked(tmp_path, content, why):
    """It may have been anybody's by then."""
    store, folder = LocalArtifacts(tmp_path / "store"), tmp_path / "task"
    folder.mkdir()
    exchange = exchanges_in(store)(folder)
    store.write(exchange._location(names.outcome(3)), content)
    with pytest.raises(CorruptArtifact, match=why):
        exchange.fetch([names.outcome(3)])
    assert not (folder / "dataset").exists()


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A table of which several candidates together know more than one."""
    random = np.random.default_rng(0)
    a, b, c, d = random.normal(size=(4, 520)).round(3)
    colours = random.choice(["red", "green", "blue"], 520)
    noise = random.normal(size=520)
    y = (a + (colours == "red") + np.sin(3 * b) + c * d + noise).round(3)
    rows = zip(a, b, c, d, colours, y, strict=True)
    file = tmp_path_factory.mktemp("table") / "table.csv"
    file.write_text("a,b,c,d,colour,y\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))
    return file


def done(folder, exchange_of, table, asked, *, is_shared=False):
    """A job brought to its end."""
    folder.mkdir()
    tasks = SeparateTasks(folder, exchange_of, asked, is_shared)
    tasks.run(table, ProblemSpec("y"))
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


def test_the_library_comes_to_the_same_leaderboard(together, table, tmp_path):
    job = Job(
        files=(SourceFile(table, table.name),),
        format="csv",
        compression="None",
        problem=ProblemSpec("y"),
        started=time.time(),
        max_runtime_s=RUNTIME_S,
        max_candidates=4,
        threads=2,
        memory_mb=4000,
        out=tmp_path,
    )
    run_job(tmp_path, lambda: job, lambda _: None)
    entries = leaderboard_from_json(json.loads((tmp_path / "leaderboard.json").read_text()))
    assert timeless(entries) == together.leaderboard()


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
