"""AutoML as its users see it: whole jobs on a small table."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from windvane import AutoML
from windvane.domain.problem import METRICS_OF, MetricName, ProblemType
from windvane.engine.explain.margins import LEAST_PROBABILITY
from windvane.errors import CorruptArtifact, DataFault, InvalidRequest


def _fit(frame, target, **parameters):
    parameters = {"max_candidates": 2, "max_runtime_s": 120, **parameters}
    return AutoML(target=target, **parameters).fit(frame)


@pytest.fixture(scope="module")
def rows(make_table):
    return make_table(400, seed=7)


@pytest.fixture(scope="module")
def classifier(rows):
    frame = rows.drop(columns="amount").assign(y=(rows["y"] == "yes").astype(int))
    return _fit(frame, "y", objective="AUC", threads=2, max_candidates=4)


@pytest.fixture(scope="module")
def regressor(rows, tmp_path_factory):
    """A model that keeps rows, of a job that is kept."""
    folder = tmp_path_factory.mktemp("kept")
    return AutoML("amount", objective="MAE", max_candidates=1, max_runtime_s=600).fit(
        rows.drop(columns="y"), keep=folder, background_rows=50
    )


def test_labels_come_back_as_in_the_training_data(classifier, rows):
    predicted = classifier.predict(rows)
    assert predicted.dtype == np.int64
    assert classifier.classes_.tolist() == [0, 1]
    assert np.mean(predicted == (rows["y"] == "yes")) > 0.75


def test_probabilities_stand_in_the_order_of_the_classes(classifier, rows):
    probabilities = classifier.predict_proba(rows)
    assert probabilities.sum(axis=1) == pytest.approx(1)
    is_yes = (rows["y"] == "yes").to_numpy()
    assert probabilities[is_yes, 1].mean() > probabilities[~is_yes, 1].mean() + 0.2


def test_a_notebook_shows_the_problem_and_the_best_candidates(classifier):
    shown = classifier._repr_html_()
    board = classifier.leaderboard()
    assert shown.startswith("<p>BinaryClassification of y; the score is AUC.</p>")
    assert shown.count("<tr") == 1 + min(10, len(board))
    assert f"<td>{board['name'][0]}</td>" in shown
    assert AutoML("y")._repr_html_() is None


def test_a_notebook_shows_the_name_of_the_target_escaped(classifier):
    fitted = classifier._fitted
    hostile = replace(fitted, analysis=replace(fitted.analysis, target="<script>"))
    assert "of &lt;script&gt;;" in hostile.to_html()
    assert "<script" not in hostile.to_html()


def test_columns_are_found_by_name_and_more_of_them_do_no_harm(classifier, rows):
    shuffled = rows[["b", "amount", "colour", "a", "y"]]
    assert (classifier.predict_proba(shuffled) == classifier.predict_proba(rows)).all()


def test_one_row_alone_is_answered_like_among_others(classifier, rows):
    alone = classifier.predict_proba(rows.iloc[[5]])
    assert alone[0] == pytest.approx(classifier.predict_proba(rows)[5], abs=1e-6)


def test_no_rows_give_no_answers(classifier, rows):
    assert classifier.predict(rows.head(0)).shape == (0,)
    assert classifier.predict_proba(rows.head(0)).shape == (0, 2)


def test_a_missing_column_is_named(classifier, rows):
    with pytest.raises(InvalidRequest, match="'colour'"):
        classifier.predict(rows.drop(columns="colour"))


def test_leaderboard_has_every_candidate_and_metric_best_first(classifier):
    board = classifier.leaderboard()
    assert len(board) >= 3
    assert board["rank"].tolist() == list(range(1, len(board) + 1))
    assert board["score"].is_monotonic_decreasing
    assert {str(name) for name in METRICS_OF[ProblemType.BINARY]} <= set(board.columns)
    assert (board["score"] == board["AUC"]).all()
    assert (board["status"] == "finished").all()


def test_the_leaderboard_prints_names_scores_and_times_within_eighty_columns(classifier):
    board = classifier.leaderboard()
    lines = str(board).splitlines()
    assert lines[0].split() == [
        "rank", "name", "score", "standard_error", "fit_s", "latency_ms", "chosen",
    ]  # fmt: skip
    assert all(name in line for name, line in zip(board["name"], lines[1:], strict=False))
    assert max(map(len, lines)) <= 80


def test_the_leaderboard_marks_the_front_and_the_candidate_that_answers(classifier):
    board = classifier.leaderboard()
    assert board["chosen"].tolist() == [True] + [False] * (len(board) - 1)
    on_front = board[board["on_front"]].sort_values("latency_ms")
    assert on_front["score"].is_monotonic_increasing
    assert board["latency_ms"].min() == on_front["latency_ms"].min()
    assert board["score"].max() == on_front["score"].max()


def test_a_latency_limit_that_none_meets_keeps_the_quickest_and_says_so(rows, tmp_path):
    events = []
    model = AutoML("amount", max_candidates=2, max_runtime_s=120, max_latency_ms=1e-6).fit(
        rows.drop(columns="y"), on_event=events.append
    )
    board = model.leaderboard().set_index("candidate")
    quickest = board["latency_ms"].idxmin()
    assert board.index[board["chosen"]].tolist() == [quickest]
    assert "no candidate predicts a row within" in board.loc[quickest, "notes"]
    assert events[-1]["best"] == quickest
    assert "no candidate predicts a row within" in events[-1]["note"]
    model.save(tmp_path / "model")
    assert AutoML.load(tmp_path / "model").max_latency_ms == 1e-6


def test_saved_model_answers_the_same_elsewhere(classifier, rows, tmp_path):
    classifier.save(tmp_path / "model")
    loaded = AutoML.load(tmp_path / "model")
    assert (loaded.predict_proba(rows) == classifier.predict_proba(rows)).all()
    assert loaded.predict(rows).dtype == np.int64
    pd.testing.assert_frame_equal(loaded.leaderboard(), classifier.leaderboard())


def test_saved_model_is_not_written_over_other_files(classifier, tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(InvalidRequest, match="empty folder"):
        classifier.save(tmp_path)


def test_damaged_model_is_refused(classifier, tmp_path):
    classifier.save(tmp_path / "model")
    (tmp_path / "model/leaderboard.json").write_text("{}")
    with pytest.raises(CorruptArtifact, match=r"leaderboard\.json"):
        AutoML.load(tmp_path / "model")


def test_score_on_other_rows_has_every_metric(classifier, make_table):
    other = make_table(300, seed=8).assign(y=lambda t: (t["y"] == "yes").astype(float))
    values = {score.metric: score.value for score in classifier.score(other)}
    assert set(values) == set(METRICS_OF[ProblemType.BINARY])
    assert values[MetricName.AUC] > 0.8


def test_regression_predicts_values_and_no_probabilities(regressor, rows):
    error = np.abs(regressor.predict(rows) - rows["amount"]).mean()
    assert error < np.abs(rows["amount"] - rows["amount"].median()).mean() / 2
    assert regressor.classes_.size == 0
    with pytest.raises(InvalidRequest, match="regression"):
        regressor.predict_proba(rows)


def test_the_number_of_processes_does_not_change_the_leaderboard(classifier, rows):
    frame = rows.drop(columns="amount").assign(y=(rows["y"] == "yes").astype(int))
    again = _fit(frame, "y", objective="AUC", threads=1, max_candidates=4)
    told = ["candidate", "algorithm", "score", "standard_error", "AUC", "LogLoss", "train_score"]
    pd.testing.assert_frame_equal(
        again.leaderboard()[told], classifier.leaderboard()[told], check_exact=True
    )
    assert (again.predict_proba(rows) == classifier.predict_proba(rows)).all()


@pytest.fixture(scope="module")
def tuned(rows):
    """Boards of the same tuning job, by one process and by two."""
    frame = rows.drop(columns="amount")
    parameters = {
        "objective": "AUC",
        "max_candidates": 14,
        "mode": "HYPERPARAMETER_TUNING",
        "algorithms": ["linear-learner"],
    }
    return [_fit(frame, "y", threads=n, **parameters).leaderboard() for n in (1, 2)]


def test_tuning_tries_pipelines_of_the_named_algorithm_alone(tuned):
    board, _ = tuned
    assert sorted(board["candidate"]) == list(range(1, 15))
    assert set(board["algorithm"]) == {"linear-learner"}


def test_what_tuning_proposes_and_gives_up_hangs_on_no_timing(tuned):
    told = ["candidate", "algorithm", "score", "AUC", "LogLoss"]
    first, second = (board.sort_values("candidate", ignore_index=True)[told] for board in tuned)
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_a_job_without_time_for_candidates_still_has_a_model(rows, tmp_path):
    events = []
    model = AutoML(target="amount", max_runtime_s=1).fit(
        rows.drop(columns="y"), on_event=events.append, keep=tmp_path / "job"
    )
    assert np.isfinite(model.predict(rows)).all()
    assert events[-1]["event"] == "done"
    assert json.loads((tmp_path / "job/leaderboard.json").read_text())["candidates"]


def test_data_that_cannot_be_learned_from_are_refused_in_words(rows):
    with pytest.raises(DataFault, match=r"'label'.*'colour'"):
        _fit(rows, "label")


def _log_odds(model, rows):
    """As far out as explanations go."""
    chances = np.maximum(model.predict_proba(rows), LEAST_PROBABILITY)
    return np.log(chances[:, 1] / chances[:, 0])


def test_contributions_of_columns_add_up_to_the_answer(classifier, rows):
    found = classifier.explain(rows.head(20), background=rows, budget_s=5)
    values = found.values()
    assert values.columns.tolist() == ["a", "colour", "b"]
    assert values.index.tolist() == rows.index[: len(values)].tolist()
    answers = (values.sum(axis=1) + found.expected[1]).to_numpy()
    assert answers == pytest.approx(_log_odds(classifier, rows.head(len(values))), abs=1e-3)
    assert found.importance.index[0] in ("a", "colour")


def test_values_of_a_regression_are_explained_in_its_unit(regressor, rows):
    found = regressor.explain(rows.head(10), background=rows, budget_s=5)
    answers = found.answers["amount"].to_numpy()
    assert answers == pytest.approx(regressor.predict(rows.head(len(answers))), rel=1e-4)


def test_kept_rows_are_saved_and_explained_without_others(regressor, tmp_path):
    model = regressor
    model.save(tmp_path / "model")
    loaded = AutoML.load(tmp_path / "model")
    found = loaded.explain(budget_s=5)
    assert 0 < len(found.values()) <= 50
    total = found.answers["amount"].to_numpy()
    assert total == pytest.approx(model.explain(budget_s=5).answers["amount"].to_numpy(), rel=1e-6)


def test_without_kept_rows_there_is_nothing_to_explain_by_itself(classifier, rows):
    for asked in (None, rows.head(0)):
        with pytest.raises(InvalidRequest, match="no rows to explain"):
            classifier.explain(asked)


def _deciding(model, folder):
    """Threshold and temperatures of a model."""
    model.save(folder)
    document = json.loads((folder / "model/model.json").read_text())
    return document["threshold"], {one["temperature"] for one in document["members"]}


def test_calibration_and_tuning_can_be_switched_off(rows, tmp_path):
    frame = rows.drop(columns="amount")
    on = _fit(frame, "y", objective="F1")
    off = _fit(frame, "y", objective="F1", calibrate=False, tune_threshold=False)
    assert _deciding(off, tmp_path / "off") == (0.5, {1.0})
    threshold, temperatures = _deciding(on, tmp_path / "on")
    assert threshold != 0.5
    assert temperatures != {1.0}
    assert (on.analysis.calibrate, on.analysis.tune_threshold) == (True, True)
    loaded = AutoML.load(tmp_path / "off")
    assert (loaded.analysis.calibrate, loaded.analysis.tune_threshold) == (False, False)
    assert (loaded.problem.calibrate, loaded.problem.tune_threshold) == (False, False)
    about = json.loads((tmp_path / "off/model/manifest.json").read_text())["about"]
    assert (about["calibrate"], about["tune_threshold"]) == (False, False)


def test_reports_are_made_of_a_job_that_was_kept(regressor, classifier, tmp_path):
    made = regressor.write_reports(tmp_path / "reports")
    assert {one.fate for one in made} == {"written"}
    kinds = {"exploration", "explanation", "quality"}
    assert {path.name for path in (tmp_path / "reports").iterdir()} == kinds
    assert (tmp_path / "reports/exploration/report.html").exists()
    with pytest.raises(InvalidRequest, match="Reports need the job's folder"):
        classifier.write_reports(tmp_path / "other")


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"objective": "Gini"}, "objective is 'Gini'; choose one of"),
        ({"objective": "MASE"}, "objective is 'MASE'; choose one of: Accuracy"),
        ({"problem_type": "Ranking"}, "problem_type is 'Ranking'"),
        ({"problem_type": "Regression", "objective": "AUC"}, "does not fit"),
        ({"max_runtime_s": 0}, "max_runtime_s is 0"),
        ({"max_candidates": 0}, "max_candidates"),
        ({"max_latency_ms": 0}, "max_latency_ms is 0; it must be above 0"),
        ({"threads": 0}, "threads"),
        ({"sample_weight": "y"}, "'y' is named as the target and as the sample weight"),
        ({"monotone": {"a": 2}}, "direction of 'a' is 2; it must be 1"),
        ({"monotone": {"y": 1}}, "'y': it is the target"),
        ({"monotone": {"w": 1}, "sample_weight": "w"}, "'w': it is the sample weight"),
        (
            {"monotone": {"a": 1}, "problem_type": "MulticlassClassification"},
            "answers of MulticlassClassification have no order",
        ),
        ({"mode": "AUTO"}, "mode is 'AUTO'; choose one of: ENSEMBLING, HYPERPARAMETER_TUNING"),
        ({"algorithms": "mlp"}, "algorithms is 'mlp'; it must be a list of names"),
        ({"algorithms": ["mlp", "gpt"]}, "'gpt': this version of Windvane has no algorithm gpt"),
        ({"algorithms": ["baseline"]}, "'baseline': it is not an algorithm of pipelines"),
        (
            {"algorithms": ["mlp"], "monotone": {"a": 1}},
            "'mlp': it does not support monotone constraints. Choose from: lightgbm, xgboost, catboost, linear-learner",
        ),
    ],
)
def test_wrong_parameters_are_refused_at_once(parameters, told):
    with pytest.raises(InvalidRequest, match=told):
        AutoML(target="y", **parameters)


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(InvalidRequest, match=r"no file nowhere\.csv"):
        AutoML(target="y").fit("nowhere.csv")


def test_importing_the_package_loads_no_library():
    code = "import sys, windvane; print(sorted({'numpy', 'pandas', 'lightgbm'} & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_without_fit_there_is_nothing_to_predict_with(rows):
    with pytest.raises(InvalidRequest, match="call fit first"):
        AutoML(target="y").predict(rows)
