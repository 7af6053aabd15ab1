"""Why a candidate answers as it does, from analysis.json and the values of each row."""

from __future__ import annotations

import re

import pytest
from unit.console.board import (  # fmt: skip
    HERE,
    HOSTILE,
    a_job,
    check_harmless,
    judged_many,
    judged_two,
    read,
    with_reports,
)

from windvane.domain.problem import MetricName, ProblemType

PAGE = f"{HERE}/explanation"


def pdp(name, cells, answers, kind="numerical"):
    return {
        "feature_name": name,
        "data_type": kind,
        "feature_values": cells,
        "model_predictions": answers,
        "data_distribution": [1 / len(cells)] * len(cells),
    }


def analysis(by_label, dependences=()):
    kernel = {
        label: {"expected_value": 0.0, "global_shap_values": sizes}
        for label, sizes in by_label.items()
    }
    return {
        "version": "1.0",
        "explanations": {"kernel_shap": kernel, "pdp": list(dependences)},
    }


SIZES = {"age": 0.2, "job": 0.7}
TWO = analysis(
    {"0": SIZES, "1": SIZES},
    [
        pdp("job", ["a", ""], [[0.2, 0.4]], "categorical"),
        pdp("age", [18.0, 30.0, 60.0], [[0.1, 0.2, 0.3]]),
    ],
)
VALUES = "age_label0,job_label0\n0.1,-0.5\n-0.3,0.9\n0.2,0.7\n"
SAMPLE = "y,age,job\n1,20,a\n0,,b\n1,60,a\n"


@pytest.fixture
def binary(jobs):
    jobs.insert(a_job(), with_reports())
    jobs.put_quality(judged_two())
    jobs.put_explanation(TWO, VALUES, SAMPLE)
    return jobs


def titles(text):
    return re.findall(r"<figcaption>([^<]*)</figcaption>", text)


def test_what_matters_comes_first_in_every_picture(binary, browser):
    text = browser.get(PAGE).text
    assert titles(text) == ["Feature importance", "SHAP values", "job", "age"]
    tables = read(text).tables
    assert tables[0][1:] == [["job", "0.7 ± 0.12"], ["age", "0.2 ± 0.058"]]
    assert [row[0] for row in tables[1][1:]] == ["job", "age"]
    assert "log-odds of yes" in text
    check_harmless(text)


def test_it_says_of_how_many_rows_it_is_and_if_they_are_few(binary, jobs, browser):
    text = browser.get(PAGE).text
    assert "Estimated from 3 rows, which is few" in text
    many = "age_label0,job_label0\n" + "0.1,-0.5\n" * 120
    jobs.put_explanation(TWO, many)
    assert "Estimated from 120 rows;" in browser.get(PAGE).text


def test_dots_are_coloured_by_the_cell_where_it_is_a_number(binary, browser):
    dots = re.findall(r'class="dots (level-\d)"', browser.get(PAGE).text)
    assert sorted(dots) == ["level-0", "level-0", "level-1", "level-5"], (
        "a job is a word, and one age is missing"
    )


def test_rows_that_are_not_known_have_no_colour(jobs, browser):
    jobs.insert(a_job(best_candidate="churn-002"), with_reports())
    jobs.put_explanation(TWO, VALUES, SAMPLE)
    text = browser.get(PAGE).text
    assert set(re.findall(r'class="dots (level-\d)"', text)) == {"level-0"}
    assert "log-odds of the positive class" in text


def test_cells_that_are_missing_are_named(binary, browser):
    [cells] = [one for one in read(browser.get(PAGE).text).tables if one[0][0] == "Value"][:1]
    assert [row[0] for row in cells[1:]] == ["a", "(missing)"]
    assert cells[1][1:] == ["50 %", "0.2"]


def test_of_many_classes_one_is_chosen(jobs, browser):
    labels = ["red", "green", HOSTILE]
    problem = {"objective": MetricName.ACCURACY, "problem_type": ProblemType.MULTICLASS}
    jobs.insert(a_job(**problem), with_reports())
    jobs.put_quality(judged_many(labels))
    sizes = {"0": {"age": 1.0}, "1": {"age": 2.0}, "2": {"age": 3.0}}
    answers = [[0.5, 0.1], [0.3, 0.3], [0.2, 0.6]]
    values = "age_label0,age_label1,age_label2\n1,2,3\n-1,-2,-3\n"
    jobs.put_explanation(analysis(sizes, [pdp("age", [1.0, 2.0], answers)]), values)
    text = browser.get(f"{PAGE}?class=1").text
    tables = read(text).tables
    assert tables[0][1] == ["age", "6 ± 0"], "importances of all classes add up"
    assert tables[1][1] == ["age", "-2", "2", "2"]
    assert "log-probability of green relative to the mean over the classes" in text
    assert '<option value="1" selected>green</option>' in text
    assert tables[2][0][2:] == ["red", "green", tables[2][0][4]]
    check_harmless(text)
    assert "log-probability of red" in browser.get(f"{PAGE}?class=99").text


def test_a_regression_is_explained_in_units_of_its_target(jobs, browser):
    problem = {"objective": MetricName.MSE, "problem_type": ProblemType.REGRESSION}
    jobs.insert(a_job(**problem), with_reports())
    one = analysis({"label0": SIZES}, [pdp("age", [1.0, 2.0], [[10.0, 20.0]])])
    jobs.put_explanation(one, VALUES)
    text = browser.get(PAGE).text
    assert "value of y" in text
    assert "mean prediction of y" in text


def test_columns_with_hostile_names_stay_text(jobs, browser):
    jobs.insert(a_job(), with_reports())
    sizes = {HOSTILE: 1.0, "a" * 10_000: 0.5}
    values = f'"{HOSTILE.replace(chr(34), chr(34) * 2)}_label0",{"a" * 10_000}_label0\n1,2\n'
    named = [pdp(HOSTILE, [HOSTILE, "b"], [[0.1, 0.2]], "categorical")]
    jobs.put_explanation(analysis({"0": sizes, "1": sizes}, named), values)
    text = browser.get(PAGE).text
    assert "&lt;script&gt;alert(1)" in text
    assert "a" * 500 not in text
    check_harmless(text)


def test_an_explanation_without_rows_shows_what_there_is(jobs, browser):
    jobs.insert(a_job(), with_reports())
    jobs.put_explanation(analysis({"0": SIZES, "1": SIZES}), "age_label0,job_label0\n")
    assert titles(browser.get(PAGE).text) == ["Feature importance"]
