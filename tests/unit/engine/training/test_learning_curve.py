"""On how many rows of a sample a candidate is trained: on so many that more do not help, if time allows it."""

from dataclasses import replace

import numpy as np
import pytest

from windvane.domain.problem import ProblemSpec
from windvane.engine import stages
from windvane.engine.candidate_io import read_candidate
from windvane.engine.candidates import SAMPLE_ROWS, Plan
from windvane.engine.data.analysis import ReadOptions, SourceFile
from windvane.engine.data.dataset import read_dataset
from windvane.engine.learners.catalogue import learner
from windvane.engine.training import learning_curve
from windvane.engine.training.learning_curve import sample_sizes, train_on_enough_rows
from windvane.engine.training.trial import TrainLimits
from windvane.engine.tuning import search
from windvane.errors import OutOfTime
from windvane.notes.codes import NoteCode
from windvane.notes.sentences import sentences

N_ROWS = 4_000
FAR = TrainLimits(stop_at=4e9, seeks_enough=True)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """A line and a wave: the line is learnt from few rows, the wave from many."""
    folder = tmp_path_factory.mktemp("curve")
    random = np.random.default_rng(0)
    a, b = random.uniform(0, 1, size=(2, N_ROWS)).round(5)
    y = a + 3 * np.sin(60 * b) + random.normal(0, 0.05, N_ROWS)
    lines = [f"{one},{other},{value:.5f}" for one, other, value in zip(a, b, y, strict=True)]
    (folder / "t.csv").write_text("\n".join(["a,b,y", *lines]))
    stages.analyse(
        [SourceFile(folder / "t.csv", "t.csv")],
        ReadOptions(scratch=folder, min_rows=20),
        ProblemSpec("y", validation_fraction=0.2),
        folder / "dataset",
    )
    return folder / "dataset"


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setattr(learning_curve, "_LEAST_ROWS", 50)


def plan_of(dataset, algorithm, n_rows=3_000, **changes):
    made = search.defaults_of(read_dataset(dataset).analysis, algorithm)
    if algorithm == "lightgbm":
        made |= {"learning_rate": 0.3, "num_iterations": 15}
    recipe = learner(algorithm).recipes[0]
    return Plan(1, recipe, algorithm, made, seed=3, n_rows=n_rows, **changes)


def trained(dataset, folder, plan, limits=FAR):
    outcome = stages.cross_validate(dataset, folder / plan.recipe, plan, limits, folder / "1")
    return outcome, [note for note in outcome.notes if note.has(NoteCode.LEARNING_CURVE)]


def test_a_sample_is_learnt_from_in_steps_of_four():
    assert sample_sizes(100_000) == (6_250, 25_000, 100_000)
    assert sample_sizes(100) == (100,)


def test_where_more_rows_do_not_help_fewer_are_learnt_from_and_the_curve_says_so(
    dataset, tmp_path, tiny
):
    outcome, [curve] = trained(dataset, tmp_path, plan_of(dataset, "linear-learner"))
    n_rows = outcome.stops[SAMPLE_ROWS]
    assert n_rows in (187, 750)
    assert not curve.facts["is_rising"]
    assert str(n_rows) == curve.facts["rows"][-1]
    told = "; ".join(sentences(outcome.notes))
    assert f"trained on a random sample of {n_rows} rows; more rows did not help: " in told
    assert float(curve.facts["scores"][-1]) == pytest.approx(outcome.objective)


def test_where_they_help_all_of_the_sample_is(dataset, tmp_path, tiny):
    outcome, [curve] = trained(dataset, tmp_path, plan_of(dataset, "lightgbm"))
    assert SAMPLE_ROWS not in outcome.stops
    assert curve.facts["is_rising"]
    assert curve.facts["rows"] == ("187", "750", "3000")
    scores = [float(text) for text in curve.facts["scores"]]
    assert scores == sorted(scores, reverse=True)
    assert "more rows helped, but there was no time for still more" in str(sentences(outcome.notes))


def test_its_refit_grows_from_the_rows_that_it_has_learnt_from(dataset, tmp_path, tiny):
    outcome, _ = trained(dataset, tmp_path, plan_of(dataset, "linear-learner"))
    again = stages.refit(
        dataset, tmp_path / "dpp1", tmp_path / "1", TrainLimits(stop_at=4e9), tmp_path / "2"
    )
    assert again.stops[SAMPLE_ROWS] == outcome.stops[SAMPLE_ROWS]
    assert read_candidate(tmp_path / "2").recipe_fit == "full"


def test_trained_again_from_what_is_told_of_it_it_is_the_same(dataset, tmp_path, tiny):
    outcome, _ = trained(dataset, tmp_path, plan_of(dataset, "linear-learner"))
    (tmp_path / "again").mkdir()
    plan = plan_of(dataset, "linear-learner", stops=outcome.stops)
    again, curves = trained(dataset, tmp_path / "again", plan, replace(FAR, seeks_enough=False))
    assert again.objective == outcome.objective
    assert again.stops == outcome.stops
    assert curves == []


def test_what_learns_from_all_rows_has_no_curve(dataset, tmp_path, tiny):
    _, curves = trained(dataset, tmp_path, replace(plan_of(dataset, "linear-learner"), n_rows=None))
    assert curves == []


def test_what_time_has_ended_is_compared_with_nothing(dataset):
    table = read_dataset(dataset)
    asked = []

    def train(n_rows):
        asked.append(n_rows)
        if n_rows < 100_000:
            raise OutOfTime("It was over before it began.")
        return "all of it"

    assert train_on_enough_rows(table, 100_000, train) == "all of it"
    assert asked == [6_250, 100_000]
