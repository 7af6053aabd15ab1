"""A job whose tasks are each done in a folder of its own, which has what the task reads and nothing else."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from windvane.automl import names
from windvane.automl.actions import (
    Action,
    Analyse,
    Result,
    Step,
    TrainCandidate,
)
from windvane.automl.documents import result_from_json, result_to_json
from windvane.automl.ending import final_leaderboard
from windvane.automl.exchange import Exchange
from windvane.automl.finished_candidates import FinishedCandidates
from windvane.automl.folders import Folders
from windvane.automl.history import History
from windvane.automl.leaderboard import LeaderboardRow
from windvane.automl.performing import run_task
from windvane.automl.request import Request, Schedule
from windvane.automl.situation import Situation
from windvane.automl.steps import Status
from windvane.automl.task import ActionTask, task_for
from windvane.automl.workflow import Phase, decide
from windvane.domain.problem import ProblemSpec
from windvane.engine import stages
from windvane.engine.data.analysis import Analysis, ReadOptions, SourceFile
from windvane.engine.data.dataset import read_analysis, read_dataset

ExchangeOf = Callable[[Path], Exchange]

RUNTIME_S, MEMORY_MB = 900.0, 8192


@dataclass
class SeparateTasks:
    """A driver that keeps everything in memory and does one task after the other.

    folder         for the folders of tasks
    exchange_of    a folder -> the exchange of a task that works there
    is_shared      whether all of them work in one folder
    """

    folder: Path
    exchange_of: ExchangeOf
    request: Request
    is_shared: bool = False
    history: History = field(default_factory=History)
    tasks: list[ActionTask] = field(default_factory=list)
    _analysis: Analysis | None = None
    _finished: FinishedCandidates | None = None

    def run(self, file: Path, problem: ProblemSpec) -> None:
        """Do a whole job on the table of a CSV file."""
        self.analyse(file, problem)
        while (decision := self._decide()).phase is not Phase.DONE:
            assert not decision.failed
            for action in decision.begin:
                self.do(action)

    def analyse(self, file: Path, problem: ProblemSpec) -> None:
        """Read a table, and publish it."""
        with self._task_folder("analysis") as own:
            began, exchange = time.time(), self.exchange_of(own)
            space = Folders(exchange.folder)
            options = ReadOptions(scratch=self.folder, min_rows=20)
            stages.analyse([SourceFile(file, file.name)], options, problem, space.dataset)
            exchange.publish(names.TABLE)
            done = Step(Analyse(), Status.DONE, began, time.time())
            self.history = self.history.with_step(done)
        driver = self._driver()
        driver.fetch(names.TABLE)
        table = read_dataset(Folders(driver.folder).dataset)
        self._analysis = read_analysis(Folders(driver.folder).dataset)
        self._finished = FinishedCandidates(table, has_ensemble=self.request.strategy.has_ensemble)

    def do(self, action: Action) -> Result:
        """Do one action, from what is told of it as JSON."""
        task = task_for(action, self.situation(), MEMORY_MB, MEMORY_MB)
        told = json.dumps(task.to_json())
        assert str(self.folder) not in told, "it tells of a machine"
        began = time.time()
        with self._task_folder(action.key) as own:
            result = self._run(ActionTask.from_json(json.loads(told)), own)
        if isinstance(action, TrainCandidate):
            result = self._with_likely_members(action)
        self.tasks.append(task)
        step = Step(action, Status.DONE, began, time.time(), result=result)
        self.history = self.history.with_step(step)
        return result

    def situation(self) -> Situation:
        """Return the job as it stands."""
        assert self._analysis is not None
        return Situation(self.request, self._analysis, self.history, time.time())

    def leaderboard(self) -> list[LeaderboardRow]:
        """Return all candidates, the best first, as `timeless` has them."""
        entries, _ = final_leaderboard(self.situation())
        return timeless(entries)

    def packages(self, into: Path) -> Path:
        """Fetch what answers."""
        exchange = self.exchange_of(into)
        exchange.fetch([names.PACKAGES])
        return Folders(exchange.folder).best

    def _run(self, task: ActionTask, folder: Path) -> Result:
        exchange = self.exchange_of(folder)
        if not self.is_shared:
            exchange.fetch(task.reads)
            assert set(names.names_in(folder)) == set(task.reads), "what it was given"
        result = run_task(task, exchange, lambda _: None)
        left = set(names.names_in(folder))
        assert self.is_shared or left <= {*task.reads, *task.writes}, "what it left"
        return result_from_json(json.loads(json.dumps(result_to_json(result))))

    def _with_likely_members(self, action: TrainCandidate) -> Result:
        driver, index = self._driver(), action.plan.index
        driver.fetch(names.scored(index))
        assert self._finished is not None
        return self._finished.result_of(Folders(driver.folder).candidate(index))

    def _driver(self) -> Exchange:
        (self.folder / "driver").mkdir(exist_ok=True)
        return self.exchange_of(self.folder / "driver")

    def _decide(self) -> Any:
        return decide(self.request, self._analysis, self.history, time.time(), room=1)

    @contextmanager
    def _task_folder(self, key: str) -> Iterator[Path]:
        """A folder that is there within the block."""
        folder = self.folder / key.replace("/", "-")
        folder.mkdir()
        yield folder
        shutil.rmtree(folder)


def request(max_candidates: int | None) -> Request:
    """Return what a job is asked for that has more time than it needs."""
    started = time.time()
    deadline = started + RUNTIME_S
    schedule = Schedule(started, deadline - 60, deadline - 30, deadline)
    return Request(schedule, max_candidates)


def timeless(entries: Iterable[LeaderboardRow]) -> list[LeaderboardRow]:
    """Return candidates without what differs from run to run: how long something took."""
    return [
        replace(one, outcome=one.outcome and replace(one.outcome, fit_s=0.0, latency_s=0.0))
        for one in entries
    ]
