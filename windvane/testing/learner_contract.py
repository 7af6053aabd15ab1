"""What any learner owes, as tests: call each with the learner and a problem that its matrices pose."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from windvane.domain.problem import METRICS_OF, MetricName, ProblemType
from windvane.engine.features.base import Feature
from windvane.engine.learners.base import FittedModel, Learner, Rows, Setting
from windvane.engine.learners.space import Categorical, Integer, Real
from windvane.engine.training.learning_task import CountingClock
from windvane.errors import CorruptArtifact


@dataclass(frozen=True)
class Never:
    """A clock that is never over."""

    def is_over(self) -> bool:
        return False


class After:
    """A clock that is over when it is asked for the n-th time."""

    def __init__(self, n: int) -> None:
        self.left = n

    def is_over(self) -> bool:
        self.left -= 1
        return self.left <= 0


@dataclass(frozen=True)
class Lesson:
    """Rows that can be learnt from, the setting they belong to, and models of them that are only read. `few` keeps a fit
    short."""

    train: Rows
    valid: Rows
    setting: Setting
    models: dict[str, FittedModel] = field(init=False, default_factory=dict)

    def few(self, learner: Learner, rounds: int = 30) -> dict[str, Any]:
        if learner.name in _OF_EPOCHS:
            rounds = max(min(rounds, 6), rounds // 5)
        return learner.with_rounds(learner.defaults(self.setting, len(self.train.y)), rounds)


_OF_EPOCHS = ("nn-torch", "fastai")
"""A round of theirs is many steps, each of which takes longer than a tree."""


def lesson(problem_type: ProblemType, *, seed: int, has_missing: bool) -> Lesson:
    """300 rows of four numbers and a feature of five codes, and 150 more for validation."""
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(450, 5)).astype(np.float32)
    X[:, 4] = generator.integers(0, 5, 450)
    signal = 2 * X[:, 0] - X[:, 1] + (X[:, 4] == 3) + generator.normal(size=450) / 2
    y = signal.astype(np.float64) * 3 + 7
    n_classes = {ProblemType.BINARY: 2, ProblemType.MULTICLASS: 3}.get(problem_type, 0)
    if n_classes:
        cuts = np.quantile(signal, np.arange(1, n_classes) / n_classes)
        y = np.searchsorted(cuts, signal).astype(np.float64)
    if has_missing:
        X[generator.random(X.shape) < 0.1] = np.nan
    names = [Feature(f"number {i}", "n") for i in range(4)]
    code = Feature("code", "c", 5 if has_missing else 0)
    objective = METRICS_OF[problem_type][0]
    setting = Setting(problem_type, objective, n_classes, (*names, code), seed)
    return Lesson(Rows(X[:300], y[:300]), Rows(X[300:], y[300:]), setting)


def it_learns(learner: Learner, lesson: Lesson, folder: Path) -> None:
    setting = lesson.setting
    parameters = lesson.few(learner, 100)
    model = learner.fit(lesson.train, lesson.valid, parameters, setting, Never())
    answer = model.predict(lesson.valid.X)
    y = lesson.valid.y
    if setting.n_classes:
        assert (answer.argmax(axis=1) == y).mean() > 1.3 / setting.n_classes
    else:
        assert ((answer - y) ** 2).mean() < 0.5 * y.var()


def answers_have_their_shape(learner: Learner, lesson: Lesson, folder: Path) -> None:
    model = _fitted(learner, lesson)
    n_classes = lesson.setting.n_classes
    for n_rows in (0, 1, 7):
        answer = model.predict(lesson.valid.X[:n_rows])
        assert answer.dtype == np.float64
        assert answer.shape == ((n_rows, n_classes) if n_classes else (n_rows,))
        if n_classes:
            assert np.allclose(answer.sum(axis=1), 1, rtol=0, atol=1e-9)
            assert (answer >= 0).all()


def rows_one_by_one_give_the_same(learner: Learner, lesson: Lesson, folder: Path) -> None:
    model = _fitted(learner, lesson)
    whole = model.predict(lesson.valid.X)
    single = np.concatenate([model.predict(lesson.valid.X[i : i + 1]) for i in range(150)])
    np.testing.assert_array_equal(single, whole)


def several_threads_at_once_are_answered_the_same(
    learner: Learner, lesson: Lesson, folder: Path
) -> None:
    model = _fitted(learner, lesson)
    many = [np.roll(np.tile(lesson.valid.X, (8, 1)), turn, axis=0) for turn in range(8)]
    one_by_one = [model.predict(X) for X in many]
    with ThreadPoolExecutor(4) as pool:
        for at_once, alone in zip(pool.map(model.predict, many), one_by_one, strict=True):
            np.testing.assert_array_equal(at_once, alone)


def what_was_saved_and_read_answers_the_same(
    learner: Learner, lesson: Lesson, folder: Path
) -> None:
    model = _fitted(learner, lesson)
    model.save(folder)
    read = learner.load(folder)
    assert (read.rounds, read.n_features) == (model.rounds, model.n_features)
    np.testing.assert_array_equal(read.predict(lesson.valid.X), model.predict(lesson.valid.X))


def what_was_read_saves_the_same_files(learner: Learner, lesson: Lesson, folder: Path) -> None:
    first, second = folder / "first", folder / "second"
    first.mkdir()
    second.mkdir()
    _fitted(learner, lesson).save(first)
    learner.load(first).save(second)
    names = [file.relative_to(first) for file in _files(first)]
    assert names == [file.relative_to(second) for file in _files(second)]
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in names)


def the_same_seed_gives_the_same_model(learner: Learner, lesson: Lesson, folder: Path) -> None:
    again = learner.fit(lesson.train, lesson.valid, lesson.few(learner), lesson.setting, Never())
    first = _fitted(learner, lesson).predict(lesson.valid.X)
    np.testing.assert_array_equal(first, again.predict(lesson.valid.X))


def it_stops_when_the_clock_is_over(learner: Learner, lesson: Lesson, folder: Path) -> None:
    parameters = lesson.few(learner, 60)
    for valid in (lesson.valid, None):
        model = learner.fit(lesson.train, valid, parameters, lesson.setting, After(1))
        assert model.rounds <= 10
        assert len(model.predict(lesson.valid.X)) == 150


def what_a_clock_ended_is_the_same_when_it_ends_there_again(
    learner: Learner, lesson: Lesson, folder: Path
) -> None:
    parameters = lesson.few(learner, 40)
    for valid in (lesson.valid, None):
        for questions in (1, 2, 6) if valid else (1, 4):
            clock = CountingClock(After(questions))
            first = learner.fit(lesson.train, valid, parameters, lesson.setting, clock)
            again = CountingClock(Never(), clock.stopped)
            second = learner.fit(lesson.train, valid, parameters, lesson.setting, again)
            assert (again.stopped, second.rounds) == (clock.stopped, first.rounds)
            np.testing.assert_array_equal(
                second.predict(lesson.valid.X), first.predict(lesson.valid.X)
            )


def without_validation_rows_it_makes_the_rounds_asked_for(
    learner: Learner, lesson: Lesson, folder: Path
) -> None:
    model = learner.fit(lesson.train, None, lesson.few(learner, 5), lesson.setting, Never())
    assert model.rounds in (0, 5)


def every_corner_of_its_space_is_learnt_from(
    learner: Learner, lesson: Lesson, folder: Path
) -> None:
    space = learner.space(lesson.setting, 300)
    for corner in (0, -1):
        drawn = {name: _ends(dimension)[corner] for name, dimension in space.items()}
        parameters = learner.with_rounds(lesson.few(learner) | drawn, 3)
        model = learner.fit(lesson.train, lesson.valid, parameters, lesson.setting, Never())
        assert np.isfinite(model.predict(lesson.valid.X)).all()


def a_class_without_training_rows_has_its_place(
    learner: Learner, lesson: Lesson, folder: Path
) -> None:
    if lesson.setting.problem_type is not ProblemType.MULTICLASS:
        return
    known = lesson.train.y != 1
    train = Rows(lesson.train.X[known], lesson.train.y[known])
    model = learner.fit(train, None, lesson.few(learner), lesson.setting, Never())
    answer = model.predict(lesson.valid.X)
    assert answer.shape == (150, 3)
    assert answer[:, 1].mean() < 0.1


def a_damaged_model_is_refused(learner: Learner, lesson: Lesson, folder: Path) -> None:
    _fitted(learner, lesson).save(folder)
    for file in _files(folder):
        whole = file.read_bytes()
        for damaged in (b"", whole[: len(whole) // 2], whole + b"x", _flipped(whole)):
            file.write_bytes(damaged)
            with pytest.raises(CorruptArtifact):
                learner.load(folder)
        file.write_bytes(whole)
    learner.load(folder)


def another_seed_is_taken(learner: Learner, lesson: Lesson, folder: Path) -> None:
    setting = replace(lesson.setting, seed=2**63 - 1)
    model = learner.fit(lesson.train, None, lesson.few(learner, 3), setting, Never())
    assert np.isfinite(model.predict(lesson.valid.X)).all()


def whole_weights_are_rows_repeated(learner: Learner, lesson: Lesson, folder: Path) -> None:
    """Or on the whole, where a learner counts rows, draws them, or cuts columns at quantiles of rows."""
    generator = np.random.default_rng(5)
    train, valid = (_tilted(rows, generator) for rows in (lesson.train, lesson.valid))
    enough = 75 if learner.name in _OF_EPOCHS else 40
    parameters = lesson.few(learner, enough) | _ALL_OF_IT

    def answer(train: Rows, valid: Rows) -> NDArray[np.float64]:
        known = {name: parameters[name] for name in parameters if name in own}
        return learner.fit(train, valid, known, lesson.setting, Never()).predict(lesson.valid.X)

    own = lesson.few(learner)
    as_repeated = answer(_repeated(train), _repeated(valid))
    weighted = answer(train, valid)
    without = answer(*(replace(rows, weight=None) for rows in (train, valid)))
    moved, apart = (
        float(np.abs((one - as_repeated).mean(axis=0)).max()) for one in (without, weighted)
    )
    assert apart < _MOST_APART * moved
    if learner.name in _EXACT and lesson.setting.objective is not MetricName.MAE:
        np.testing.assert_allclose(weighted, as_repeated, rtol=0, atol=1e-6)


def rows_of_weight_0_are_not_there(learner: Learner, lesson: Lesson, folder: Path) -> None:
    train, valid = (_with_strangers(rows) for rows in (lesson.train, lesson.valid))

    def answer(train: Rows, valid: Rows) -> NDArray[np.float64]:
        model = learner.fit(train, valid, lesson.few(learner), lesson.setting, Never())
        return model.predict(lesson.valid.X)

    without = answer(_counting(train), _counting(valid))
    np.testing.assert_array_equal(answer(train, valid), without)


def it_stops_by_rows_with_their_weights(learner: Learner, lesson: Lesson, folder: Path) -> None:
    """Rows that hardly count do not change what round is the best, however wrong they are."""
    light = np.where(np.arange(150) < 75, 1.0, 1e-12)
    wrong = np.where(light == 1, lesson.valid.y, lesson.valid.y[::-1])
    seen = Rows(lesson.valid.X, wrong, light)
    alone = Rows(lesson.valid.X[:75], wrong[:75])
    parameters = lesson.few(learner, 80)
    weighted, expected = (
        learner.fit(lesson.train, valid, parameters, lesson.setting, Never()).rounds
        for valid in (seen, alone)
    )
    assert weighted == expected


_MOST_APART = 0.4
"""Of what ignoring the weights changes."""

_EXACT = frozenset({"xgboost", "linear-learner", "baseline"})
_ALL_OF_IT = {
    "feature_fraction": 1.0,
    "bagging_fraction": 1.0,
    "min_data_in_leaf": 1,
    "min_samples_leaf": 20,
    "subsample": 1.0,
    "colsample_bytree": 1.0,
    "bagging_temperature": 0.0,
    "random_strength": 0.0,
    "dropout": 0.0,
    "embedding_dropout": 0.0,
}
"""Hyperparameters that leave as little as possible to chance and to the number of rows; leaves of forests that hold
rows enough to weigh."""


def _with_strangers(rows: Rows) -> Rows:
    """Every third row has the target of another and the weight 0."""
    weight = np.where(np.arange(len(rows.y)) % 3 == 0, 0.0, 1.0)
    return Rows(rows.X, np.where(weight > 0, rows.y, rows.y[::-1]), weight)


def _counting(rows: Rows) -> Rows:
    assert rows.weight is not None
    kept = rows.weight > 0
    return Rows(rows.X[kept], rows.y[kept], rows.weight[kept])


def _tilted(rows: Rows, generator: np.random.Generator) -> Rows:
    """Return a third of the rows say the greatest target, and count for four."""
    heavy = generator.random(len(rows.y)) < 1 / 3
    return Rows(rows.X, np.where(heavy, rows.y.max(), rows.y), np.where(heavy, 4.0, 1.0))


def _repeated(rows: Rows) -> Rows:
    assert rows.weight is not None
    times = rows.weight.astype(int)
    return Rows(np.repeat(rows.X, times, axis=0), np.repeat(rows.y, times))


def _fitted(learner: Learner, lesson: Lesson) -> FittedModel:
    """Return a model that is only read: one serves all clauses that do so."""
    parameters = lesson.few(learner)
    key = f"{learner.name} {parameters}"
    if key not in lesson.models:
        lesson.models[key] = learner.fit(
            lesson.train, lesson.valid, parameters, lesson.setting, Never()
        )
    return lesson.models[key]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _ends(dimension: Real | Integer | Categorical) -> tuple[Any, Any]:
    if isinstance(dimension, Categorical):
        return dimension.options[0], dimension.options[-1]
    return dimension.low, dimension.high


def _flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]


WITH_WEIGHTS: tuple[Callable[[Learner, Lesson, Path], None], ...] = (
    whole_weights_are_rows_repeated,
    rows_of_weight_0_are_not_there,
    it_stops_by_rows_with_their_weights,
)

CONTRACT: tuple[Callable[[Learner, Lesson, Path], None], ...] = (
    answers_have_their_shape,
    rows_one_by_one_give_the_same,
    several_threads_at_once_are_answered_the_same,
    what_was_saved_and_read_answers_the_same,
    what_was_read_saves_the_same_files,
    the_same_seed_gives_the_same_model,
    it_stops_when_the_clock_is_over,
    what_a_clock_ended_is_the_same_when_it_ends_there_again,
    without_validation_rows_it_makes_the_rounds_asked_for,
    every_corner_of_its_space_is_learnt_from,
    a_class_without_training_rows_has_its_place,
    a_damaged_model_is_refused,
    another_seed_is_taken,
)
