import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as oracle
from sklearn.dummy import DummyClassifier

from windvane.domain.problem import MetricName
from windvane.engine.quality.binary import binary_figures, binary_metrics
from windvane.engine.quality.measured import engine_figures, measured

SCALARS = {
    *("recall", "precision", "accuracy", "f0_5", "f1", "f2"),
    *(
        f"{name}_best_constant_classifier"
        for name in ("recall", "precision", "accuracy", "f0_5", "f1", "f2")
    ),
    *("true_positive_rate", "true_negative_rate", "false_positive_rate", "false_negative_rate"),
    *("auc", "au_prc"),
}
CURVES = {
    "receiver_operating_characteristic_curve": {"false_positive_rates", "true_positive_rates"},
    "precision_recall_curve": {"precisions", "recalls"},
    "gain_curve": {"percentage_of_sample", "gain_value"},
    "lift_curve": {"percentage_of_sample", "lift_value"},
}


def _document(judged):
    return binary_metrics(judged, measured(judged, binary_figures))


def test_the_document_has_the_keys_of_the_schema_and_no_others(random_two):
    document = _document(random_two())
    assert set(document) == SCALARS | set(CURVES) | {"confusion_matrix"}
    assert all(set(document[name]) == {"value", "standard_deviation"} for name in SCALARS)
    for name, keys in CURVES.items():
        assert set(document[name]) == keys
        assert len({len(points) for points in document[name].values()}) == 1
    assert document["gain_curve"]["percentage_of_sample"] == list(range(10, 101, 10))


def test_figures_agree_with_scikit_learn(random_two):
    judged = random_two()
    y, classes, found = judged.truth, judged.classes, binary_figures(judged)
    assert found["auc"] == pytest.approx(oracle.roc_auc_score(y, judged.positive))
    assert found["au_prc"] == pytest.approx(oracle.average_precision_score(y, judged.positive))
    assert found["f0_5"] == pytest.approx(oracle.fbeta_score(y, classes, beta=0.5))
    assert found["f2"] == pytest.approx(oracle.fbeta_score(y, classes, beta=2))
    assert found["true_negative_rate"] == pytest.approx(
        oracle.recall_score(y, classes, pos_label=0)
    )
    assert found["false_negative_rate"] == pytest.approx(1 - oracle.recall_score(y, classes))


def test_figures_are_those_that_candidates_are_ranked_by(random_two):
    judged = random_two()
    found, engine = binary_figures(judged), engine_figures(judged)
    for ours, theirs in {
        "f1": MetricName.F1,
        "precision": MetricName.PRECISION,
        "recall": MetricName.RECALL,
        "accuracy": MetricName.ACCURACY,
        "auc": MetricName.AUC,
    }.items():
        assert found[ours] == pytest.approx(engine[theirs])


def test_constant_answers_are_the_best_of_scikit_learns_dummies(random_two):
    judged = random_two()
    y, found = judged.truth, binary_figures(judged)
    answers = [
        DummyClassifier(strategy="constant", constant=c).fit(y, y).predict(y) for c in (0, 1)
    ]
    for name, score in {
        "recall": oracle.recall_score,
        "precision": lambda y, c: oracle.precision_score(y, c, zero_division=0),
        "accuracy": oracle.accuracy_score,
        "f0_5": lambda y, c: oracle.fbeta_score(y, c, beta=0.5),
        "f1": oracle.f1_score,
        "f2": lambda y, c: oracle.fbeta_score(y, c, beta=2),
    }.items():
        best = max(score(y, answer) for answer in answers)
        assert found[f"{name}_best_constant_classifier"] == pytest.approx(best)


def test_figures_of_constant_answers_are_those_of_amazons_example(judge_two):
    found = binary_figures(judge_two([0.9, 0.9, 0.1, 0.9], [0, 0, 0, 1]))
    assert found["f0_5_best_constant_classifier"] == pytest.approx(0.29411764705882354)
    assert found["f1_best_constant_classifier"] == pytest.approx(0.4)
    assert found["f2_best_constant_classifier"] == pytest.approx(0.625)
    assert found["precision"] == pytest.approx(1 / 3)
    assert found["f0_5"] == pytest.approx(0.3846153846153846)
    assert found["false_positive_rate"] == pytest.approx(2 / 3)


@given(
    rows=st.lists(
        st.tuples(st.sampled_from([0.0, 0.2, 0.5, 0.8, 1.0]), st.integers(0, 1)),
        min_size=1,
        max_size=25,
    )
)
@settings(max_examples=60, deadline=None)
def test_every_figure_lies_between_nought_and_one(judge_two, rows):
    positive, y = np.array(rows, float).T
    document = _document(judge_two(positive, y))
    assert all(0 <= document[name]["value"] <= 1 for name in SCALARS if name in document)
    counts = document["confusion_matrix"]
    assert sum(sum(row.values()) for row in counts.values()) == y.size
    for name, keys in CURVES.items():
        if name in document and name != "lift_curve":
            rates = np.concatenate([document[name][key] for key in keys])
            assert rates.min() >= 0
            assert rates.max() <= (100 if name == "gain_curve" else 1)


def test_rows_of_one_class_tell_no_curves_and_no_rates_of_the_other(judge_two):
    document = _document(judge_two([0.2, 0.9, 0.4], [0, 0, 0]))
    assert not set(CURVES) & set(document)
    assert not {"auc", "au_prc", "recall", "true_positive_rate"} & set(document)
    assert document["true_negative_rate"]["value"] == pytest.approx(2 / 3)
    assert document["precision"]["value"] == 0


def test_a_fold_without_positive_rows_has_no_say_in_the_deviation_of_recall(judge_two):
    y = [1, 1, 1, 1, 0, 0]
    judged = judge_two([0.9, 0.9, 0.9, 0.1, 0.1, 0.1], y, folds=[0, 0, 1, 1, 2, 2])
    assert _document(judged)["recall"]["standard_deviation"] == pytest.approx(
        np.std([1, 0.5], ddof=1)
    )


def test_constant_probabilities_have_an_area_of_a_half(judge_two):
    document = _document(judge_two(np.full(20, 0.3), np.arange(20) % 4 == 0))
    assert document["auc"]["value"] == 0.5
    assert document["au_prc"]["value"] == pytest.approx(0.25)
    assert document["precision_recall_curve"] == {"recalls": [0, 1], "precisions": [1, 0.25]}
