"""The loop of a search, its children run one after the other in this process."""

import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from windvane.automl.local import hunt as hunt_module
from windvane.automl.local.hunt import Features, Fewer, Hunt, Look
from windvane.automl.local.job import Job, ranked
from windvane.automl.local.telling import Teller
from windvane.domain.problem import MetricName, Mode, ProblemSpec
from windvane.engine.candidates import Plan
from windvane.engine.data.dataset import read_dataset
from windvane.engine.tuning import cost
from windvane.engine.tuning import search as search_module
from windvane.engine.tuning.first_look import FIRST_LOOK
from windvane.engine.tuning.search import LOOKBACK
from windvane.engine.tuning.strategy import ANYTHING, Strategy
from windvane.process.child import Ending, Exit

FAST = {"num_iterations": 20, "learning_rate": 0.1, "num_leaves": 4}


class OneByOne:
    """A crew whose members end at once; the order in which they are asked for is the last first."""

    started: list

    def __init__(self, size, memory_mb):
        self.size, self.ended = size, []

    @property
    def has_room(self):
        return len(self.ended) < self.size

    @property
    def is_idle(self):
        return not self.ended

    def start(self, work, function, kill_at):
        self.started.append(work)
        try:
            function()
        except Exception as error:  # noqa: BLE001 - as a child process does
            self.ended.append((work, Exit(Ending.FAILED, str(error))))
        else:
            self.ended.append((work, Exit(Ending.FINISHED)))

    def ended_unless(self, something_else):
        return self.ended.pop()

    def stop(self):
        self.ended.clear()


def _plan(analysis, index, tried, strategy=ANYTHING):
    return Plan(index, "dpp0", "lightgbm", {**FAST, "num_leaves": 4 + index}, index)


@pytest.fixture
def search(monkeypatch, two_classes, tmp_path):
    """(max_candidates, propose, seconds) -> the hunt after its run, and the events."""

    def run(
        max_candidates, propose=_plan, seconds=600.0, strategy=ANYTHING, make_ready=lambda _: None
    ):
        monkeypatch.setattr(hunt_module, "Crew", OneByOne)
        monkeypatch.setattr(search_module, "propose", propose)
        OneByOne.started = []
        shutil.copytree(two_classes.dataset, tmp_path / "dataset")
        job = Job(
            (),
            "csv",
            "None",
            ProblemSpec("y"),
            time.time(),
            seconds,
            max_candidates,
            3,
            999,
            tmp_path,
            strategy=strategy,
        )
        events = []
        teller = Teller(job.started, events.append)
        done = Hunt(job, read_dataset(job.dataset), teller, make_ready)
        done.run()
        return done, events

    return run


def test_one_place_is_kept_for_the_ensemble(search):
    done, _ = search(4)
    assert [entry.index for entry in sorted(done.entries, key=lambda one: one.index)] == [1, 2, 3]
    assert done.ended == "candidates"


@pytest.mark.parametrize(("seconds", "times"), [(600.0, 3), (15.0, 1)])
def test_libraries_are_loaded_before_the_fork_where_that_pays(search, seconds, times):
    """After it they are there, or loaded by the candidate that needs them. A long search trains that twice."""
    loaded = []
    done, _ = search(1, seconds=seconds, make_ready=loaded.append)
    assert [entry.algorithm for entry in done.entries] == ["lightgbm"]
    assert loaded == ["lightgbm"] * times


def test_two_candidates_are_two_pipelines(search):
    done, _ = search(2)
    assert len(done.entries) == 2


def test_features_come_before_the_candidates_that_need_them(search):
    search(3)
    assert OneByOne.started[0] == Features("dpp0", 1)
    assert {work.recipe for work in OneByOne.started if isinstance(work, Features)} >= {"dpp0"}


def test_a_failed_candidate_is_a_note_on_the_leaderboard(search):
    def propose(analysis, index, tried, strategy=ANYTHING):
        plan = _plan(analysis, index, tried)
        return (
            Plan(index, "dpp0", "lightgbm", {**FAST, "num_leaves": -1}, 0) if index == 2 else plan
        )

    done, events = search(4, propose)
    by_index = {entry.index: entry for entry in done.entries}
    assert by_index[2].outcome is None
    assert "LightGBM" in by_index[2].failure
    assert by_index[1].outcome is not None
    assert by_index[3].outcome is not None
    assert any(event.get("state") == "failed" and event["index"] == 2 for event in events)
    assert ranked(done.entries, MetricName.F1)[-1].index == 2


def test_a_recipe_that_fails_takes_only_its_own_candidates_with_it(search):
    def propose(analysis, index, tried, strategy=ANYTHING):
        if index == 1:
            return Plan(index, "dpp99", "lightgbm", FAST, 0)
        return _plan(analysis, index, tried)

    done, _ = search(4, propose)
    by_index = {entry.index: entry for entry in done.entries}
    assert "dpp99 failed" in by_index[1].failure
    assert by_index[2].outcome is not None
    assert "dpp99" not in done.recipes


def test_a_plan_is_asked_for_only_when_all_that_it_may_depend_on_is_known(search):
    asked = []

    def propose(analysis, index, tried, strategy=ANYTHING):
        asked.append((index, {one.plan.index for one in tried}))
        return _plan(analysis, index, tried)

    search(14, propose)
    assert [index for index, _ in asked] == list(range(1, 14))
    for index, known in asked:
        assert known >= set(range(1, index - LOOKBACK + 1))


def test_best_so_far_never_falls(search):
    _, events = search(6)
    scores, best = {}, []
    for event in events:
        if event.get("state") == "finished":
            scores[event["index"]] = event["objective"]
            best.append(scores[event["best"]])
    assert best == sorted(best)
    assert len(best) == 5


def test_what_takes_longer_than_is_left_is_not_begun(search, monkeypatch):
    monkeypatch.setattr(cost, "predicted_s", lambda analysis, plan, tried: 1e6)
    done, _ = search(None)
    started = [work for work in OneByOne.started if isinstance(work, Plan)]
    assert 1 <= len(started) <= 3  # those begun before any had finished
    assert any(isinstance(work, Look) for work in OneByOne.started)
    assert done.ended == "runtime"


def test_plans_too_large_for_the_memory_fail_and_the_search_goes_on(search, monkeypatch):
    def needed(analysis, plan):
        return 1e6 if plan.index % 2 else 10.0

    monkeypatch.setattr(cost, "predicted_mb", needed)
    done, _ = search(7)
    by_index = {entry.index: entry for entry in done.entries}
    assert {index for index in by_index if by_index[index].outcome is None} == {1, 3, 5}
    assert "is expected to need 1000000 MiB of memory, and a candidate may use 333 MiB" in (
        by_index[3].failure
    )


def test_a_search_without_limit_in_which_nothing_fits_the_memory_gives_up(search, monkeypatch):
    monkeypatch.setattr(cost, "predicted_mb", lambda analysis, plan: 1e6)
    done, _ = search(None)
    assert 17 <= len(done.entries) < 21
    assert not any(entry.outcome for entry in done.entries)


def test_without_time_nothing_is_begun(search):
    done, _ = search(None, seconds=0.1)
    assert OneByOne.started == []
    assert done.entries == []


def test_what_killed_children_left_half_written_is_removed(search, tmp_path):
    (tmp_path / "candidates" / ".1-abc").mkdir(parents=True)
    search(1)
    assert not [p for p in Path(tmp_path).rglob(".*") if p.name.startswith(".1-")]


def test_the_first_candidate_is_tried_again_on_fewer_rows(search, tmp_path):
    done, _ = search(3)
    again = next(work for work in OneByOne.started if isinstance(work, Fewer))
    first = next(work for work in OneByOne.started if isinstance(work, Plan))
    n_rows = read_dataset(tmp_path / "dataset").y.size
    assert again.plan == replace(first, n_rows=round(0.64 * n_rows))
    assert done.has_fewer
    assert (tmp_path / "fewer" / "outcome.json").exists()
    assert [entry.index for entry in done.entries].count(again.plan.index) == 1


def test_a_search_without_limit_begins_with_a_first_look(search, monkeypatch):
    monkeypatch.setattr(cost, "predicted_s", lambda analysis, plan, tried: 1e6)
    done, events = search(None)
    look = next(work for work in OneByOne.started if not isinstance(work, Features))
    assert isinstance(look, Look)
    entry = next(entry for entry in done.entries if entry.index == FIRST_LOOK)
    assert entry.outcome.folds_used == 1
    assert ranked(done.entries, MetricName.F1)[-1] == entry
    told = [event["state"] for event in events if event.get("index") == FIRST_LOOK]
    assert told == ["started", "finished"]


def test_where_candidates_are_counted_there_is_none(search):
    done, _ = search(3)
    assert not any(isinstance(work, Look) for work in OneByOne.started)
    assert FIRST_LOOK not in {entry.index for entry in done.entries}


def test_a_first_look_that_fails_is_told_and_the_search_goes_on(search, monkeypatch):
    def fails(analysis, n_rows, strategy):
        plan = _plan(analysis, FIRST_LOOK, ())
        return replace(plan, hyperparameters={**FAST, "num_leaves": -1})

    monkeypatch.setattr(hunt_module, "first_look", fails)
    monkeypatch.setattr(cost, "predicted_s", lambda analysis, plan, tried: 1e6)
    done, _ = search(None)
    by_index = {entry.index: entry for entry in done.entries}
    assert "LightGBM" in by_index[FIRST_LOOK].failure
    assert by_index[1].outcome is not None


def test_a_short_search_has_no_time_for_that(search):
    done, _ = search(3, seconds=19.0)
    assert not any(isinstance(work, Fewer) for work in OneByOne.started)
    assert not done.has_fewer


def test_a_tuning_search_keeps_no_place_for_an_ensemble_and_names_a_rival(search):
    limits = []

    def work(dataset, features, plan, given, into):
        limits.append((plan.index, given.rival and int(given.rival.name)))
        return cross_validate(dataset, features, plan, given, into)

    cross_validate = hunt_module.stages.cross_validate
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hunt_module.stages, "cross_validate", work)
        done, _ = search(3, strategy=Strategy(Mode.TUNING))
    assert [entry.index for entry in sorted(done.entries, key=lambda one: one.index)] == [1, 2, 3]
    assert limits[0] == (1, None)
    assert {rival for index, rival in limits if index > 1} == {1}
