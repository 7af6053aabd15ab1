"""How good a candidate is, from the very files that the engine writes."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.console.board import (
    HERE,
    HOSTILE,
    INSIGHTS,
    a_job,
    check_harmless,
    judged_many,
    judged_numbers,
    judged_two,
    read,
    with_reports,
)

from windvane.artifacts.base import parse_location
from windvane.console.candidate.groups import AskedGroups, groups_by
from windvane.console.candidate.thresholds import Thresholds
from windvane.console.job.tags import sensitive_columns, sensitive_value
from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.quality.curves import ranking
from windvane.engine.quality.figures import figures_json
from windvane.engine.quality.thresholds import choice

PAGE = f"{HERE}/quality"


def titles(text):
    return re.findall(r"<figcaption>([^<]*)</figcaption>", text)


def at(text):
    """What stands at the threshold, by key."""
    return dict(re.findall(r'data-at="(\w+)">([^<]*)<', text))


@pytest.fixture
def binary(jobs):
    jobs.insert(a_job(), with_reports())
    jobs.put_quality(judged_two())
    return jobs


def test_two_classes_have_every_picture(binary, browser):
    text = browser.get(PAGE).text
    assert titles(text) == [
        "Confusion matrix",
        "Metrics by threshold",
        "ROC curve",
        "Precision-recall curve",
        "Cumulative gains",
        "Calibration",
    ]
    assert "500 out-of-fold rows of 5 folds" in text
    measures = {row[0]: row[1:] for row in read(text).tables[0]}
    assert not [cells for cells in measures.values() if "±" in "".join(cells)], "± is an error"
    assert measures["Metric"][1] == "Spread"
    assert 0 < float(measures["F1"][1]) < 0.1
    assert float(measures["Recall"][2]) == 1
    assert len(measures["Recall"][2]) == len(measures["Recall"][0]), "in the same digits"
    check_harmless(text)


def test_the_threshold_is_the_models_own_until_one_is_asked_for(jobs, browser):
    judged = judged_two(n_rows=300)
    jobs.insert(a_job(), with_reports())
    jobs.put_quality(judged)
    own, asked = choice(ranking(judged), 0.4), choice(ranking(judged), 0.75)
    for found, text in (
        (own, browser.get(PAGE).text),
        (asked, browser.get(f"{PAGE}?threshold=0.75").text),
    ):
        told = at(text)
        assert (told["hits"], told["alarms"]) == (str(found.hits), str(found.alarms))
        assert told["misses"] == str(found.n_positive - found.hits)
        assert told["recall"] == f"{100 * found.recall:.1f} %"
    assert 'value="0.750"' in text


def test_the_marks_on_the_curves_are_of_the_chosen_threshold(binary, browser):
    asked = choice(ranking(judged_two()), 0.75)
    text = browser.get(f"{PAGE}?threshold=0.75").text
    share = asked.alarms / asked.n_negative
    places = [52 + share * (444 - 52), 52 + asked.recall * (444 - 52)]
    marks = re.findall(r'<circle cx="([^"]*)"[^>]* data-x="(\w+) ', text)
    assert [name for _, name in marks] == ["false_positive_rate", "recall"]
    assert [float(x) for x, _ in marks] == pytest.approx(places, abs=0.01)
    [line] = re.findall(r'<line x1="([^"]*)"[^>]* data-x="threshold ', text)
    assert float(line) == pytest.approx(62 + 0.75 * (624 - 62), abs=0.01)


def test_classes_have_one_order(binary, browser):
    tables = read(browser.get(PAGE).text).tables
    heads = [[row[0] for row in one[1:]] for one in tables if one[0][0] in ("Actual", "Class")]
    assert heads == [["no", "yes"]] * len(heads)
    [chosen] = [one for one in tables if one[0][-1].startswith("predicted")]
    assert [row[0] for row in chosen[1:]] == ["actual no", "actual yes"]
    assert [cell.removeprefix("predicted ") for cell in chosen[0][1:]] == ["no", "yes"]


@pytest.mark.parametrize("asked", ["nan", "x", "1e999", "-5", "7"])
def test_a_threshold_that_cannot_be_is_no_fault(binary, browser, asked):
    assert browser.get(f"{PAGE}?threshold={asked}").status == 200


def test_the_script_gets_numbers_alone(binary, browser):
    text = browser.get(PAGE).text
    [island] = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', text)
    data = json.loads(island)
    assert set(data) == {"n_positive", "n_negative", "threshold", "hits", "alarms"}
    assert data["threshold"] == figures_json(judged_two())["thresholds"]["threshold"]


def test_a_threshold_falls_on_the_right_side_of_equal_probabilities():
    found = Thresholds(0.5, 3, 3, [0.9, 0.5, 0.1], [1, 2, 3], [0, 1, 3])
    assert [(found.at(t).hits, found.at(t).alarms) for t in (0.95, 0.9, 0.5, 0.49, 0.0)] == [
        (0, 0),
        (1, 0),
        (2, 1),
        (2, 1),
        (3, 3),
    ]
    assert found.at(0.95).precision is None
    assert found.at(0.5).f1 == pytest.approx(2 * 2 / (3 + 3))


def test_labels_stay_text(jobs, browser):
    jobs.insert(a_job(), with_reports())
    jobs.put_quality(judged_two(("no", HOSTILE)))
    text = browser.get(PAGE).text
    assert "&lt;script&gt;alert(1)" in text
    check_harmless(text)


def test_many_classes_have_a_row_each_and_a_pooled_matrix(jobs, browser):
    labels = [HOSTILE, *(f"class {number}" for number in range(1, 20))]
    jobs.insert(
        a_job(objective=MetricName.ACCURACY, problem_type=ProblemType.MULTICLASS), with_reports()
    )
    jobs.put_quality(judged_many(labels))
    text = browser.get(PAGE).text
    assert titles(text) == ["Confusion matrix", "Calibration"]
    assert "all others" in text
    assert "Choose a threshold" not in text
    [classes] = [one for one in read(text).tables if one[0][0] == "Class"]
    assert len(classes) == 21
    check_harmless(text)


def test_a_regression_has_residuals_and_intervals(jobs, browser):
    jobs.insert(
        a_job(objective=MetricName.MSE, problem_type=ProblemType.REGRESSION), with_reports()
    )
    jobs.put_quality(judged_numbers())
    text = browser.get(PAGE).text
    assert titles(text) == [
        "Actual vs. predicted",
        "Residuals vs. predicted",
        "Residuals",
        "Prediction intervals",
    ]
    [metrics] = [one for one in read(text).tables if one[0][0] == "Metric"]
    baselines = {row[0]: row[3] for row in metrics[1:]}
    assert metrics[0][3] == "Baseline"
    assert float(baselines["R²"]) == 0
    y = judged_numbers().y
    assert np.isclose(
        float(baselines["Root mean squared error"].replace(",", "")), y.std(), rtol=0.1
    )
    assert "the median of the target for the mean absolute error" in text
    [held] = [one for one in read(text).tables if one[0][0] == "Nominal coverage"]
    assert [row[0] for row in held[1:]] == ["50 %", "80 %", "95 %"]
    assert np.isclose(float(held[2][1].removesuffix(" %")), 80, atol=5)


def test_a_report_of_an_older_version_shows_what_it_has(binary, browser):
    binary.console.artifacts.delete(parse_location(f"{INSIGHTS}/churn-001/figures.json"))
    text = browser.get(PAGE).text
    assert "Some charts are missing." in text
    assert titles(text) == [
        "Confusion matrix",
        "ROC curve",
        "Precision-recall curve",
        "Cumulative gains",
    ]


def test_a_file_that_is_broken_is_told(binary, browser):
    binary.put(f"{INSIGHTS}/churn-001/statistics.json", "[1]")
    answer = browser.get(PAGE)
    assert answer.status == 400
    assert "should contain a JSON object, but contains a list" in answer.text


def test_a_document_of_too_many_values_is_not_drawn(binary, browser):
    """Whoever may write to the bucket could have the whole server draw for minutes, and take gigabytes."""
    many = [1] * 300_000
    found = {
        "labels": [],
        "residuals": {"below": 0, "above": 0, "counts": many, "edges": [*many, 1]},
    }
    binary.put(f"{INSIGHTS}/churn-001/figures.json", found)
    answer = browser.get(PAGE)
    assert answer.status == 400
    assert "more than 250,000 values" in answer.text


def test_a_document_that_is_nested_too_deeply_is_told(binary, browser):
    binary.put(f"{INSIGHTS}/churn-001/figures.json", "[" * 200_000)
    answer = browser.get(PAGE)
    assert answer.status == 400
    assert "is not JSON" in answer.text


def test_errors_by_a_column_are_shown(binary, browser):
    segments = [
        {"label": HOSTILE, "rows": 90, "error": 0.5, "low": 0.4, "high": 0.6},
        {"label": "b", "rows": 410, "error": 0.1, "low": 0.08, "high": 0.15},
    ]
    alike = [{**one, "error": 0.2} for one in segments]
    document = {
        "measure": "error rate",
        "is_share": True,
        "overall": {"rows": 500, "error": 0.17},
        "columns": [
            {"name": "dull", "type": "numeric", "segments": alike},
            {"name": "region", "type": "categorical", "segments": segments},
        ],
    }
    binary.put(f"{INSIGHTS}/churn-001/segments.json", document)
    text = browser.get(PAGE).text
    assert "Error rate by region" in titles(text), "the column whose segments differ most"
    [table] = [one for one in read(text).tables if one[0][0] == "region" and len(one[0]) == 4]
    assert [row[2:] for row in table[1:]] == [
        ["50 % above average", "40 % to 60 %"],
        ["10 % below average", "8 % to 15 %"],
    ]
    assert "Error rate by dull" in titles(browser.get(f"{PAGE}?segment=dull").text)
    check_harmless(text)


def _sliced():
    """A report of two classes by a column with two groups of many rows and one of few."""
    counts = [("a", 200, 100, 90, 80), (HOSTILE, 100, 40, 30, 20), ("missing", 5, 5, 0, 0)]
    names = ("label", "rows", "positive", "predicted", "hits")
    segments = [
        {**dict(zip(names, one, strict=True)), "error": 0.2, "calibration_error": 0.05}
        for one in counts
    ]
    return {
        "measure": "error rate",
        "is_share": True,
        "overall": {"rows": 305, "error": 0.2},
        "columns": [
            {"name": "age", "type": "numeric", "segments": segments[:2]},
            {"name": "sex", "type": "categorical", "segments": segments},
        ],
    }


def test_groups_of_a_chosen_column_are_compared_with_the_largest(binary, browser):
    binary.put(f"{INSIGHTS}/churn-001/segments.json", _sliced())
    assert "Compared with" not in browser.get(PAGE).text, "no column was chosen"
    text = browser.get(f"{PAGE}?group=sex").text
    check_harmless(text)
    rates = next(one for one in read(text).tables if one[0][0] == "sex" and len(one[0]) == 9)
    assert rates[1][0] == "a reference"
    assert rates[2][2].startswith("40 %")
    assert rates[2][3].startswith("30 %")
    assert rates[3][0] == "missing few rows"
    compared = next(one for one in read(text).tables if one[0][0] == "Compared with a")
    assert compared[1][1].startswith("0.150")
    assert re.findall("<strong>(-?[0-9.]+)</strong>", text.split("Compared with a")[1]) == [
        "0.150",
        "0.667",
        "0.300",
        "0.222",
        "0.150",
    ], "of all but specificity, the interval contains no equality"
    spread = next(one for one in read(text).tables if one[0][0] == "Among all groups")
    assert spread[1] == ["Demographic parity difference", "0.150"]
    assert compared[2][1:] == ["–"] * 6, "too few rows"


def test_another_reference_group_can_be_chosen(binary, browser):
    binary.put(f"{INSIGHTS}/churn-001/segments.json", _sliced())
    text = browser.get(f"{PAGE}?group=sex&reference=missing").text
    compared = next(one for one in read(text).tables if one[0][0] == "Compared with missing")
    assert compared[1][1:] == ["–"] * 6


def test_columns_marked_as_sensitive_come_first():
    found = groups_by(_sliced(), AskedGroups(sensitive=("postcode", "sex")))
    assert found.column == "sex"
    assert found.columns == ["sex", "age"]
    assert found.missing == ["postcode"]
    assert sensitive_columns({"windvane:sensitive-columns": "sex / age/sex/"}) == ("sex", "age")
    assert sensitive_columns({}) == ()
    assert sensitive_columns({"windvane:sensitive-columns": "a=FF=FE"}) == ("a=FF=FE",)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), unique=True))
def test_any_names_of_columns_fit_into_the_tag(names):
    told = sensitive_value(names)
    assert re.fullmatch(r"[\w .:/=+\-@]*", told)
    assert list(sensitive_columns({"windvane:sensitive-columns": told})) == names


def _sliced_many(class_count=3):
    """A report of three classes by a column with two groups."""
    segments = [
        {
            "label": "a",
            "rows": 200,
            "error": 0.2,
            "classes": [[100, 90, 80], [60, 70, 50], [40, 40, 30]],
        },
        {
            "label": "b",
            "rows": 100,
            "error": 0.5,
            "classes": [[40, 60, 30], [60, 40, 20], [0, 0, 0]],
        },
    ]
    return {
        "measure": "error rate",
        "is_share": True,
        "overall": {"rows": 300, "error": 0.3},
        "labels": ["no", HOSTILE, "maybe"],
        "class_count": class_count,
        "columns": [{"name": "sex", "type": "categorical", "segments": segments}],
    }


@pytest.fixture
def many(jobs):
    multiclass = a_job(objective=MetricName.ACCURACY, problem_type=ProblemType.MULTICLASS)
    jobs.insert(multiclass, with_reports())
    jobs.put_quality(judged_many(["no", HOSTILE, "maybe"]))
    return jobs


def test_groups_of_many_classes_have_accuracy_and_macro_recall(many, browser):
    many.put(f"{INSIGHTS}/churn-001/segments.json", _sliced_many())
    text = browser.get(f"{PAGE}?group=sex").text
    check_harmless(text)
    rates = next(one for one in read(text).tables if one[0][:3] == ["sex", "Rows", "Accuracy"])
    assert rates[0] == ["sex", "Rows", "Accuracy", "Macro recall"]
    assert rates[1][2].startswith("80 %")
    assert rates[2][3].startswith("54.2 %"), "of the two classes with rows: 3/4 and 1/3"
    compared = next(one for one in read(text).tables if one[0][0] == "Compared with a")
    assert compared[1][1].startswith("0.3")
    many.put(f"{INSIGHTS}/churn-001/segments.json", _sliced_many(class_count=30))
    assert "Macro recall</a>" not in browser.get(f"{PAGE}?group=sex").text


def test_one_class_of_many_is_compared_with_all_others(many, browser):
    many.put(f"{INSIGHTS}/churn-001/segments.json", _sliced_many())
    text = browser.get(f"{PAGE}?group=sex&class=1").text
    check_harmless(text)
    rates = next(one for one in read(text).tables if one[0][:3] == ["sex", "Rows", "Base rate"])
    assert rates[0][2:] == [
        "Base rate",
        "Selection rate",
        "True positive rate",
        "False positive rate",
        "Precision",
    ]
    assert [cell.split(" %")[0] for cell in rates[1][2:]] == ["30", "35", "83.3", "14.3", "71.4"]
    compared = next(one for one in read(text).tables if one[0][0] == "Compared with a")
    assert compared[0][-1] == "Precision (DAR)"
    assert compared[1][1].startswith("-0.05")
    assert browser.get(f"{PAGE}?group=sex&class=7").status == 200


def test_groups_of_numbers_have_errors_with_intervals(jobs, browser):
    jobs.insert(
        a_job(objective=MetricName.MSE, problem_type=ProblemType.REGRESSION), with_reports()
    )
    jobs.put_quality(judged_numbers())
    errors = {"bias_error": 0.5, "rmse_error": 0.25, "low": 2.0, "high": 4.0}
    document = {
        "measure": "mean absolute error",
        "is_share": False,
        "overall": {"rows": 150, "error": 3.0},
        "columns": [
            {
                "name": "sex",
                "type": "categorical",
                "segments": [
                    {
                        "label": "a",
                        "rows": 99,
                        "error": 3.0,
                        "actual": 9.0,
                        "bias": 1.0,
                        "rmse": 4.0,
                    }
                    | errors,
                    {
                        "label": HOSTILE,
                        "rows": 50,
                        "error": 3.5,
                        "actual": 7.0,
                        "bias": -1,
                        "rmse": 5,
                    }
                    | errors,
                    {"label": "one", "rows": 1, "error": 9, "actual": 9, "bias": 9, "rmse": 9},
                ],
            }
        ],
    }
    jobs.put(f"{INSIGHTS}/churn-001/segments.json", document)
    text = browser.get(f"{PAGE}?group=sex").text
    check_harmless(text)
    rates = next(one for one in read(text).tables if one[0][:3] == ["sex", "Rows", "Mean target"])
    assert rates[1][2:5] == ["9", "8", "1 0.02002 to 1.980"]
    assert rates[3][4:] == ["9", "9", "9"], "a single row has no interval"
    compared = next(one for one in read(text).tables if one[0][0] == "Compared with a")
    assert compared[1][1] == "2 0.6141 to 3.386", "1.96 times the root of 0.5"
    assert compared[2][1:] == ["–"] * 3, "too few rows"
    assert "Mean residual: largest minus smallest" in text


def test_reports_of_earlier_versions_have_no_groups_of_numbers(jobs):
    segments = [{"label": "a", "rows": 99, "error": 3.0, "bias": 1.0, "rmse": 4.0}]
    column = {"name": "sex", "type": "categorical", "segments": segments}
    assert groups_by({"columns": [column]}, AskedGroups()) is None
    assert groups_by(None, AskedGroups()) is None


def test_counts_of_a_report_that_contradict_each_other_are_told(binary, browser):
    document = _sliced()
    document["columns"][1]["segments"][0]["hits"] = 95
    binary.put(f"{INSIGHTS}/churn-001/segments.json", document)
    answer = browser.get(f"{PAGE}?group=sex")
    assert answer.status == 400
    assert "contradict" in answer.text


def test_counts_of_fewer_classes_than_labels_are_told(many, browser):
    document = _sliced_many()
    document["columns"][0]["segments"][1]["classes"].pop()
    many.put(f"{INSIGHTS}/churn-001/segments.json", document)
    answer = browser.get(f"{PAGE}?group=sex&class=2")
    assert answer.status == 400
    assert "has counts of 2 classes; labels name at least 3" in answer.text


@pytest.mark.parametrize("file", ["statistics.json", "segments.json", "figures.json"])
@pytest.mark.parametrize(
    "document",
    [
        {"columns": 3},
        {"columns": [3]},
        {"columns": [{"name": HOSTILE, "rows": None}]},
        {"binary_classification_metrics": [1]},
        {"dataset": "x"},
        {},
    ],
    ids=str,
)
def test_documents_of_another_form_lead_to_a_page_or_a_refusal(binary, browser, file, document):
    binary.put(f"{INSIGHTS}/churn-001/{file}", document)
    answer = browser.get(f"{PAGE}?segment=a&group=a")
    assert answer.status in (200, 400, 404)
    check_harmless(answer.text)
