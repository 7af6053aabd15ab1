import numpy as np
import pytest
from sklearn import metrics as oracle

from windvane.engine.quality.measured import measured
from windvane.engine.quality.multiclass import (
    class_figures,
    multiclass_figures,
    multiclass_metrics,
)

NAMES = (
    *("accuracy", "weighted_recall", "weighted_precision"),
    *("weighted_f0_5", "weighted_f1", "weighted_f2"),
)


def _document(judged):
    return multiclass_metrics(judged, measured(judged, multiclass_figures), class_figures(judged))


def test_the_document_has_the_keys_of_the_schema_and_classes_besides(random_many):
    document = _document(random_many())
    assert set(document) == {
        *NAMES,
        *(f"{name}_best_constant_classifier" for name in NAMES),
        "confusion_matrix",
        "per_class",
    }


def test_figures_of_all_rows_are_those_of_amazons_example(judge_many):
    y = np.repeat([0, 0, 1, 1], [1180, 510, 268, 138])
    said = np.repeat([0, 1, 0, 1], [1180, 510, 268, 138])
    found = multiclass_figures(judge_many(np.eye(2)[said], y))
    assert found["accuracy"] == pytest.approx(0.6288167938931297)
    assert found["weighted_recall"] == pytest.approx(0.6288167938931297)
    assert found["weighted_precision"] == pytest.approx(0.6983172269629505)
    assert found["weighted_f0_5"] == pytest.approx(0.6803947317178771)
    assert found["weighted_f1"] == pytest.approx(0.6571162346664904)
    assert found["weighted_f2"] == pytest.approx(0.6384024354394601)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_the_best_constant_answer_is_the_most_frequent_class(random_many):
    judged = random_many()
    found = multiclass_figures(judged)
    frequent = np.bincount(judged.truth).argmax()
    answer = np.full(judged.n_rows, frequent)
    f2 = oracle.fbeta_score(judged.truth, answer, beta=2, average="weighted")
    assert found["weighted_f2_best_constant_classifier"] == pytest.approx(f2)
    assert found["accuracy_best_constant_classifier"] == pytest.approx(
        (judged.truth == frequent).mean()
    )


def test_thirty_classes_are_all_in_the_document(random_many):
    judged = random_many(n_classes=30)
    document = _document(judged)
    precision, recall, f1, support = oracle.precision_recall_fscore_support(
        judged.truth, judged.classes, labels=range(30), zero_division=0
    )
    for place, label in enumerate(judged.labels):
        told = document["per_class"][label]
        assert told["support"] == support[place]
        assert told["precision"]["value"] == pytest.approx(precision[place])
        assert told["recall"]["value"] == pytest.approx(recall[place])
        assert told["f1"]["value"] == pytest.approx(f1[place])
    assert len(document["confusion_matrix"]) == 30


def test_deviations_of_a_class_are_over_the_folds_that_hold_it(judge_many):
    y = [0, 1, 2, 0, 1, 2, 0, 0, 1]
    said = [0, 1, 2, 0, 0, 1, 0, 0, 1]
    judged = judge_many(np.eye(3)[said], y, folds=np.repeat([0, 1, 2], 3))
    of_class_2 = _document(judged)["per_class"]["class 2"]["recall"]
    assert of_class_2["value"] == 0.5
    assert of_class_2["standard_deviation"] == pytest.approx(np.std([1, 0], ddof=1))


def test_a_class_that_no_row_has_keeps_its_place_without_figures(judge_many):
    document = _document(judge_many(np.eye(3)[[0, 1, 0]], [0, 1, 1]))
    assert document["per_class"]["class 2"] == {"support": 0}
    assert document["confusion_matrix"]["class 2"] == {"class 0": 0, "class 1": 0, "class 2": 0}


def test_hostile_labels_stay_as_they_are(judge_many, hostile_labels):
    said = np.arange(20) % 10
    document = _document(judge_many(np.eye(10)[said], said, labels=hostile_labels))
    assert list(document["per_class"]) == list(hostile_labels)
