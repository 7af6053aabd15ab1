"""The report tells what was found, and its pictures can be drawn whatever columns are called."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure as Canvas
from unit.engine.explain.made_up import COLOUR, DAY, HOSTILE, NOISE, EveryLook, packaged

from windvane.domain.problem import ProblemType
from windvane.engine.explain.report import explanation_report
from windvane.engine.explain.stage import explain
from windvane.engine.reports.document import Figure, Table, Text
from windvane.engine.reports.drawing import picture_of
from windvane.engine.reports.files import NOTEBOOK, PAGE, PAPER, files_of

ENSEMBLE, BOOSTED = ("catboost", "linear-learner"), ("lightgbm",)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """(problem type, learners) -> explanation."""
    made = {}

    def find(problem_type, names=ENSEMBLE):
        if (problem_type, names) not in made:
            package = packaged(tmp_path_factory.mktemp("found"), problem_type, names)
            made[problem_type, names] = explain(
                package.dataset, package.packages, 5.0, 0, most_rows=30, now=EveryLook()
            )
        return made[problem_type, names]

    return find


def _blocks(report, kind):
    return [block for one in report.sections for block in one.blocks if isinstance(block, kind)]


def _drawn(figure):
    """The axes, as they are drawn."""
    axes = Canvas().add_subplot()
    figure.draw(axes)
    return axes


def _picture(figure):
    """The axes, as they are drawn in a picture, and the picture."""
    seen = []
    watched = replace(figure, draw=lambda axes: (figure.draw(axes), seen.append(axes)))
    picture = picture_of(watched, "watched")
    return seen[0], picture


@pytest.mark.parametrize(
    ("problem_type", "names"),
    [
        *((problem_type, names) for problem_type in ProblemType for names in (ENSEMBLE, BOOSTED)),
        (ProblemType.BINARY, ("baseline",)),
    ],
)
def test_every_picture_can_be_drawn_and_has_its_numbers(problem_type, names, found):
    report = explanation_report(found(problem_type, names), "the candidate")
    figures = _blocks(report, Figure)
    assert len(figures) >= 2
    for figure in figures:
        axes, picture = _picture(figure)
        assert axes.has_data()
        assert picture.png.startswith(b"\x89PNG")
        assert "currentColor" in picture.svg
        assert "#000000" not in picture.svg, "black, on what may be dark ground"
        assert figure.alt
        assert figure.numbers.rows
    for table in _blocks(report, Table) + [figure.numbers for figure in figures]:
        assert {len(row) for row in table.rows} == {len(table.head)}
        assert all(isinstance(cell, str) for row in table.rows for cell in row)
        assert max(table.numeric) < len(table.head)


def test_the_report_becomes_a_page_a_notebook_and_a_pdf(found):
    report = explanation_report(found(ProblemType.MULTICLASS), "the candidate")
    files = files_of(report)
    page = files[PAGE].decode()
    assert page.count("<svg") == len(_blocks(report, Figure))
    assert "<script>=1+1" not in page
    assert b"Partial dependence" in files[NOTEBOOK]
    assert files[PAPER].startswith(b"%PDF")


def test_bars_are_as_long_as_the_columns_matter(found):
    explanation = found(ProblemType.REGRESSION)
    figure = _blocks(explanation_report(explanation, "x"), Figure)[0]
    axes = _drawn(figure)
    importance = explanation.importance()
    lengths = [bar.get_width() for bar in axes.patches]
    assert lengths == pytest.approx(sorted(importance.total, reverse=True))
    assert [row[0] for row in figure.numbers.rows][:1] == [HOSTILE]
    assert len(figure.numbers.rows) == 5


def test_points_are_where_the_values_are(found):
    explanation = found(ProblemType.BINARY)
    axes = _drawn(_blocks(explanation_report(explanation, "x"), Figure)[1])
    drawn = [points.get_offsets()[:, 0] for points in axes.collections]
    for place, number in enumerate(explanation.importance().ranking()):
        np.testing.assert_allclose(drawn[place], explanation.attribution.values[:, number, 0])


def test_points_of_a_column_do_not_leave_their_line(found):
    axes = _drawn(_blocks(explanation_report(found(ProblemType.BINARY), "x"), Figure)[1])
    for place, points in enumerate(axes.collections):
        assert np.abs(points.get_offsets()[:, 1] - place).max() < 0.5


def test_curves_are_the_partial_dependence(found):
    explanation = found(ProblemType.REGRESSION)
    figures = _blocks(explanation_report(explanation, "x"), Figure)[2:]
    assert [figure.title for figure in figures] == [
        f"Partial dependence: {one.column.name}" for one in explanation.dependences
    ]
    shown = {one.column.name: one for one in explanation.dependences}
    assert {HOSTILE, COLOUR} <= set(shown)
    for figure, one in zip(figures, explanation.dependences, strict=True):
        line = _drawn(figure).lines[0]
        np.testing.assert_allclose(line.get_ydata(), one.effect[:, 0])


def test_reasons_of_a_row_add_up_to_its_answer(found):
    for names in (ENSEMBLE, ("lightgbm",)):
        explanation = found(ProblemType.REGRESSION, names)
        tables = _blocks(explanation_report(explanation, "x"), Table)
        assert len(tables) == 3
        answers = []
        for table in tables:
            *parts, answer = [float(row[2]) for row in table.rows]
            assert sum(parts) == pytest.approx(answer, abs=2e-2)
            answers.append(answer)
        assert answers == sorted(answers, reverse=True)


def test_cells_of_an_example_are_those_of_its_row(found):
    explanation = found(ProblemType.BINARY)
    table = _blocks(explanation_report(explanation, "x"), Table)[0]
    row = int(np.argmax(explanation.attribution.answers[:, 0]))
    by_column = {cells[0]: cells[1] for cells in table.rows}
    assert by_column[COLOUR] == (explanation.cells[COLOUR][row] or "(missing)")
    assert f"Row {explanation.rows[row]}" in table.caption
    assert "$yes$ has the probability" in table.caption


def test_each_common_class_has_an_example(found):
    tables = _blocks(explanation_report(found(ProblemType.MULTICLASS), "x"), Table)
    assert 2 <= len(tables) <= 3
    assert len({table.caption.split(": ")[1].split(" has")[0] for table in tables}) == len(tables)


def test_method_error_and_time_are_stated(found):
    sampled = found(ProblemType.BINARY)
    report = explanation_report(sampled, "the candidate")
    assert report.facts[0] == ("Candidate", "the candidate")
    facts = dict(report.facts)
    assert "Name in the API" not in facts
    named = explanation_report(sampled, "LightGBM 9", "churn-t9-1-0a1b2c3d")
    assert named.lead.startswith("How LightGBM 9 predicts")
    assert named.facts[1] == ("Name in the API", "churn-t9-1-0a1b2c3d")
    assert facts["Method"] == f"sampled, {sampled.attribution.pairs} permutation pairs"
    assert facts["Rows explained"] == "30"
    assert "of 5.0 s" in facts["Time"]
    assert facts["Scale"] == "log-odds of $yes$"
    words = " ".join(block.text for block in _blocks(report, Text))
    assert f"{sampled.attribution.pairs} pairs of permutations" in words
    assert "Probabilities below 0.0001" in words
    exact = explanation_report(found(ProblemType.BINARY, ("lightgbm",)), "x")
    assert dict(exact.facts)["Method"] == "exact TreeSHAP"
    words = " ".join(block.text for block in _blocks(exact, Text))
    assert "no sampling error" in words
    assert "permutations" not in words


def test_errors_of_sampled_values_stand_beside_them(found):
    table = _blocks(explanation_report(found(ProblemType.BINARY), "x"), Table)[0]
    assert sum(row[3].startswith("± ") for row in table.rows) >= 3
    exact = explanation_report(found(ProblemType.BINARY, ("lightgbm",)), "x")
    assert {row[3] for row in _blocks(exact, Table)[0].rows} == {"exact", ""}


def test_dates_are_told_as_dates(found):
    explanation = found(ProblemType.MULTICLASS, ("lightgbm",))
    names = {one.column.name: one for one in explanation.dependences}
    assert DAY in names or NOISE in names
    texts = names[DAY].texts if DAY in names else ("2020-",)
    assert all(text.startswith("20") for text in texts)


def test_a_report_on_fewer_rows_than_were_drawn_says_why(found):
    whole = found(ProblemType.BINARY)
    short = replace(whole, n_drawn=1300)
    words = " ".join(block.text for block in _blocks(explanation_report(short, "x"), Text))
    assert "There was time for 30 rows of the 1,300 that were drawn" in words
    assert "have it generated again" in words
    told = " ".join(block.text for block in _blocks(explanation_report(whole, "x"), Text))
    assert "There was time for" not in told
