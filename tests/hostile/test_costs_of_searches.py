"""What it takes to say which candidate is next: it is worked out in a transaction, while nobody else may write."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from unit.work.world import ANALYSIS, START, World, make_job

from windvane.automl.actions import (
    BuildEnsemble,
    FitOnAllRows,
    Result,
    Step,
    TrainCandidate,
)
from windvane.automl.ending import next_refit
from windvane.automl.history import History
from windvane.automl.situation import Situation
from windvane.automl.steps import Status
from windvane.domain.job import EndOfSearch
from windvane.domain.task import TaskKind, TaskStatus
from windvane.domain.timing import timetable
from windvane.engine.candidates import Outcome, Plan, Tried
from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.analysis import Analysis
from windvane.engine.tuning import cost
from windvane.engine.tuning.pacing import next_plan
from windvane.engine.tuning.search import defaults_of
from windvane.errors import CorruptArtifact
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note, note_to_json
from windvane.notes.untrusted import read_untrusted_note
from windvane.work.jobs import workflow
from windvane.work.jobs.workflow import history_of, request_of
from windvane.work.workers import reconciler
from windvane.work.workers.exchanges import Exchanges
from windvane.work.workspace import workspace_of


def test_each_recipe_is_looked_at_once_however_many_candidates_there_were(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of 10,000 columns and 100 candidates the store stood still for eleven seconds of a processor, whenever a task ended
    near the end of the search."""
    columns = tuple(ColumnSpec(f"c{number}", ColumnType.NUMERIC, "") for number in range(50))
    analysis = replace(ANALYSIS, columns=columns)
    own = defaults_of(analysis, "lightgbm")
    tried = [Tried(Plan(n, "dpp0", "lightgbm", own, seed=0), 0.5, 1e6) for n in range(1, 101)]
    looked: list[str] = []
    width_of = cost.width_of

    def width(analysis: Analysis, column: ColumnSpec, recipe: str) -> int:
        looked.append(column.name)
        return width_of(analysis, column, recipe)

    monkeypatch.setattr(cost, "width_of", width)
    assert next_plan(analysis, 101, 250, tried, left_s=1.0) is None
    n_looks = len(looked) / len(columns)
    assert n_looks < len(tried), f"all columns were looked at {n_looks:g} times"


def test_a_search_of_which_nothing_can_be_begun_any_more_gives_up() -> None:
    """All its candidates failed at once: 750 of a table of 10,000 columns were planned in one transaction, for half a
    minute of a processor, so that tasks of everybody were taken from their workers."""
    world = World(make_job(max_candidates=250, mode="HYPERPARAMETER_TUNING"))
    world.do(TaskKind.ANALYZE)
    world.do(TaskKind.FEATURES)
    world.end(world.claim(TaskKind.TRAIN))
    world.do_all(TaskKind.FEWER_ROWS)
    while world.state.job.search_ended is None and world.open_tasks(TaskKind.FEATURES):
        world.do(TaskKind.FEATURES, TaskStatus.FAILED)
    assert len(world.candidates) == 1 + 16
    assert world.state.job.search_ended is EndOfSearch.EXHAUSTED
    assert world.state.best is not None
    assert world.state.best.index == 1


def test_plans_are_gathered_once_however_many_members_there_are_said_to_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """For each of the members of an ensemble the plans of all candidates were gathered: thousands were said to be likely
    ones, which took seconds whenever a task ended, while nobody else might write."""
    members = tuple(range(1, 21))
    outcome = Outcome(1, 0.5, (), 1.0, 0.1, 1, 5)
    plans = [Plan(index, "dpp0", "lightgbm", {}, seed=0) for index in members]
    likely = Result(outcome, refit_s=1.0, likely_members=members)
    combined = Result(replace(outcome, members=dict.fromkeys(members, 0.05)))
    history = History(
        (
            *(Step(TrainCandidate(plan), Status.DONE, result=likely) for plan in plans),
            Step(BuildEnsemble(21, members), Status.DONE, result=combined),
            Step(FitOnAllRows("dpp0"), Status.DONE),
        )
    )
    gathered: list[int] = []
    gather = History.plans.fget
    assert gather is not None

    def counted(self: History) -> dict[int, Plan]:
        gathered.append(len(self.steps))
        return gather(self)

    monkeypatch.setattr(History, "plans", property(counted))
    job = make_job()
    request = request_of(job, timetable(job, START), 2)
    at = Situation(request, ANALYSIS, history, START.timestamp())
    assert at.left_s > 0
    assert next_refit(at) is not None
    assert len(gathered) < len(members), f"{len(gathered)} times"


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(
            note_to_json(Note(NoteCode.SEARCH_ENDED, because=Note(NoteCode.SEARCH_ENDED))),
            id="reasons of reasons",
        ),
        pytest.param(f"training was cut short in fold {', '.join('1' * 20_000)}", id="a sentence"),
    ],
)
def test_why_a_candidate_was_given_up_is_read_once_and_in_short(
    told: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tasks of 750 candidates said it in 60,000 bytes each, which were checked twice for each look at the job: the store
    stood still for two seconds whenever another one ended."""
    world = World(make_job())
    world.search([0.5])
    done = replace(world.state.of(TaskKind.TRAIN)[0], result={"outclassed": told})
    read: list[Any] = []

    def counted(document: Any) -> Note:
        read.append(document)
        return read_untrusted_note(document)

    monkeypatch.setattr(workflow, "read_untrusted_note", counted)
    [step] = history_of([done], (), frozenset()).steps
    assert step.status is Status.FAILED
    assert step.failure is not None
    assert len(read) == 1
    assert step.failure.because is None
    assert len(json.dumps(read[0])) < 1100


def document() -> dict[str, Any]:
    columns = (ColumnSpec("a", ColumnType.CATEGORICAL, ""),)
    told = replace(ANALYSIS, columns=columns, statistics={"a": {"distinct": 3}}).to_json()
    return dict(json.loads(json.dumps(told)))


def read_as_left(folder: Path, data: str) -> object:
    """What the search knows of an analysis that a task has left."""
    job = make_job()
    dataset = workspace_of(folder, job).dataset
    dataset.mkdir(parents=True)
    (dataset / "analysis.json").write_text(data)
    return reconciler._analysis_in(Exchanges(folder), job, "1-1", 10_000)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        # "%3000000000d" % number is a text of 3 GB, which the worker held.
        pytest.param("seed", "%3000000000d", id="a seed that is a pattern"),
        # Read as a number again and again, in each look at a column.
        pytest.param("statistics", {"a": {"distinct": " " * 25_000 + "9"}}, id="a text of spaces"),
        pytest.param("n_rows", float("inf"), id="rows without end"),
        pytest.param("n_folds", 10**9, id="a billion folds"),
        pytest.param("n_held_out", float("-inf"), id="fewer rows than none"),
        pytest.param("n_repeats", [1], id="repeats that are a list"),
        # With five folds each. Of a million folds a task's order told 56 MB of names, and reading it took 600 MB that no
        # limit counts.
        pytest.param("n_repeats", 201, id="a thousand folds and one division more"),
        pytest.param("split_kind", ["rows"], id="a split that is a list"),
        pytest.param("labels", "yes", id="labels that are a text"),
        pytest.param("monotone", {"a": 2**60}, id="a way that is none"),
        pytest.param("monotone", dict.fromkeys(map(str, range(10_001)), 1), id="too many ways"),
        pytest.param("columns", [{"name": ["a"], "type": "text"}], id="a name that is a list"),
    ],
)
def test_what_is_no_analysis_plans_nothing(name: str, value: object, tmp_path: Path) -> None:
    told = {**document(), name: value}
    with pytest.raises(CorruptArtifact, match=r"it must|more than 10000 columns"):
        read_as_left(tmp_path, json.dumps(told))


def test_numbers_of_thousands_of_digits_are_not_read(tmp_path: Path) -> None:
    """60,000 of them fit into an analysis, and take four seconds, during which nobody else may write."""
    told = json.dumps({**document(), "class_counts": []}).replace("[]", f"[{'9' * 4000}]")
    with pytest.raises(CorruptArtifact, match="a number of 4000 digits"):
        read_as_left(tmp_path, told)
