"""A driver of the workflow in which nothing is trained and time passes at will."""

import heapq
import math
from dataclasses import dataclass, field, replace

from windvane.automl import names
from windvane.automl.actions import (
    Analyse,
    BuildEnsemble,
    FirstLook,
    FitFeatures,
    FitOnAllRows,
    ModelFigures,
    Refit,
    Result,
    Step,
    TrainBaseline,
    TrainCandidate,
    TrainOnFewerRows,
)
from windvane.automl.history import FIRST, History
from windvane.automl.limits import limits_of_analysis
from windvane.automl.request import Request, Schedule
from windvane.automl.situation import Situation
from windvane.automl.steps import Status
from windvane.automl.task import task_for
from windvane.automl.workflow import Phase, decide
from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.candidates import Outcome, Score
from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.analysis import Analysis
from windvane.engine.tuning.strategy import ANYTHING
from windvane.notes.note import said

START = 1_000_000.0

ANALYSIS = Analysis(
    target="y",
    problem_type=ProblemType.BINARY,
    problem_reason="two values",
    objective=MetricName.F1,
    columns=tuple(ColumnSpec(f"c{i}", ColumnType.NUMERIC, "") for i in range(8)),
    labels=("no", "yes"),
    label_type="string",
    class_counts=(3000, 3000),
    n_rows=6000,
    n_rows_read=6000,
    n_folds=5,
    seed=0,
)
"""Of a size at which the first candidate shows on how many folds the others are compared."""

LARGE = replace(ANALYSIS, n_rows=100_000, class_counts=(50_000, 50_000))
"""So large that one fold is enough."""

HUGE = replace(LARGE, n_rows=1_000_000, n_folds=1, n_held_out=50_000)
"""So large that candidates learn from samples, and one from all rows."""

SECONDS = {
    Analyse: 1.0,
    FitFeatures: 0.5,
    FirstLook: 0.5,
    TrainCandidate: 4.0,
    TrainOnFewerRows: 1.0,
    BuildEnsemble: 0.5,
    TrainBaseline: 0.1,
    FitOnAllRows: 0.5,
    Refit: 1.0,
}


def request(runtime_s=600.0, max_candidates=None, workers=2, strategy=ANYTHING, max_latency_s=None):
    deadline = START + runtime_s
    reserve_s = min(6.0, 0.3 * runtime_s)
    schedule = Schedule(START, deadline - reserve_s, deadline - reserve_s / 2, deadline)
    return Request(schedule, max_candidates, max_latency_s, workers, strategy)


def outcome(index, objective, n_folds=5, latency_s=1e-4, members=None):
    score = Score(MetricName.F1, objective, 0.01)
    return Outcome(index, objective, (score,), 1.0, latency_s, 100, n_folds, members=members or {})


def scored(index):
    """Higher for some indices than for others, in no order."""
    return 0.5 + (index * 7919 % 97) / 200


def takes(action):
    """Seconds, by the type of an action."""
    return SECONDS.get(type(action), 0.2)


@dataclass
class Simulated:
    """takes     seconds of an action
    error     why an action fails; "" if it does not
    brings    what changes about the result of an action
    n_folds   that the first candidate says it is scored on, when a fifth of its time is over
    published    names of what actions that have ended have written
    """

    request: Request
    analysis: Analysis = ANALYSIS
    takes: object = takes
    error: object = lambda action: ""
    brings: object = lambda action, result: result
    n_folds: int | None = 5
    now: float = START
    history: History = field(default_factory=History)
    is_analysed: bool = False
    begun: list = field(default_factory=list)
    phases: list = field(default_factory=list)
    published: set = field(default_factory=set)
    _ahead: list = field(default_factory=list)
    _n: int = 0

    def run(self, until=lambda simulated: False):
        """To the end, or until something is so."""
        while not until(self):
            n_open = sum(step.status.is_open for step in self.history.steps)
            room = self.request.workers - n_open
            known = self.analysis if self.is_analysed else None
            decision = decide(self.request, known, self.history, self.now, room)
            if decision.phase not in self.phases:
                self.phases.append(decision.phase)
            if decision.phase is Phase.DONE:
                return self
            assert len(decision.begin) <= max(0, room)
            for failed in decision.failed:
                self.history = self.history.with_failed(failed.action, failed.reason, self.now)
            for action in decision.begin:
                self._begin(action)
            if not decision.begin and not decision.failed:
                self._pass(decision.ask_again)
        return self

    @property
    def situation(self):
        return Situation(self.request, self.analysis, self.history, self.now)

    def actions(self, kind):
        return [step.action for step in self.history.of(kind)]

    def _begin(self, action):
        assert self.history.step(action.key) is None, "asked for once"
        if isinstance(action, Analyse):
            limits, written = limits_of_analysis(self.request, self.now), names.TABLE
        else:
            task = task_for(action, self.situation, 1, 1)
            limits, written = task.limits, task.writes
            assert set(task.reads) <= self.published, "nothing is read that nobody has written"
        if not isinstance(action, FitFeatures | FitOnAllRows):
            written = [name for name in written if not name.startswith(("recipes/", "matrices/"))]
        self.begun.append((self.now, action, limits))
        self.history = self.history.with_step(Step(action, Status.RUNNING, began=self.now))
        takes_s = self.takes(action)
        ends = min(self.now + takes_s, limits.kill_at)
        is_killed = self.now + takes_s > limits.kill_at
        if isinstance(action, TrainCandidate) and action.plan.index == FIRST and self.n_folds:
            says = min(self.now + takes_s / 5, limits.kill_at)
            n_folds = 1 if says >= limits.one_fold_at else self.n_folds
            self._later(says, lambda: self._say(action.key, n_folds))
        self._later(ends, lambda: self._end(action, is_killed, written))

    def _later(self, at, what):
        self._n += 1
        heapq.heappush(self._ahead, (at, self._n, what))

    def _pass(self, ask_again):
        assert self._ahead or ask_again < math.inf, (
            "nothing is under way, and nothing is to be done"
        )
        if not self._ahead or ask_again < self._ahead[0][0]:
            assert ask_again > self.now
            self.now = ask_again
            return
        at, _, what = heapq.heappop(self._ahead)
        self.now = max(self.now, at)
        what()

    def _say(self, key, n_folds):
        step = self.history.step(key)
        if step.status.is_open:
            self.history = self.history.with_step(replace(step, n_folds=n_folds))

    def _end(self, action, is_killed, written):
        step = self.history.step(action.key)
        error = "Its time was over." if is_killed else self.error(action)
        if error:
            ended = replace(step, status=Status.FAILED, ended=self.now, failure=said(error))
        else:
            result = self.brings(action, self._result(action))
            ended = replace(step, status=Status.DONE, ended=self.now, result=result)
            self.published |= set(written)
        if isinstance(action, Analyse) and not error:
            schedule = self.request.schedule.after_analysis(self.now - step.began)
            self.request, self.is_analysed = replace(self.request, schedule=schedule), True
        self.history = self.history.with_step(ended)

    def _result(self, action):
        n_folds = self.history.first.n_folds if self.history.first else None
        n_folds = n_folds or 1
        if isinstance(action, FirstLook):
            return Result(outcome(0, 0.4, 1))
        if isinstance(action, TrainCandidate):
            index = action.plan.index
            if action.is_long:
                return Result(outcome(index, 0.98, n_folds), likely_members=(index,))
            done = [*self.situation.history.tried]
            best = sorted(done, key=lambda one: -(one.objective or 0))[:2]
            likely = (*(one.plan.index for one in best if one.objective is not None), index)
            return Result(outcome(index, scored(index), n_folds), 1.0, likely)
        if isinstance(action, TrainOnFewerRows | TrainBaseline):
            return Result(outcome(action.plan.index, 0.3, n_folds))
        if isinstance(action, BuildEnsemble):
            real = [index for index in action.members if index]
            members = {index: 1 / len(real[:3]) for index in real[:3]}
            return Result(outcome(action.index, 0.99, n_folds, 5e-3, members))
        if isinstance(action, Refit):
            return Result(outcome(action.index, scored(action.index), n_folds))
        return Result(judged=ModelFigures(1e-3, 0.01, 0.002))
