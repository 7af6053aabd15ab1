import numpy as np
import pandas as pd
import pytest
from unit.engine.explain.made_up import columns_and_target, packaged

from windvane.automl.local.explained import ExplainedRows, TypedRows, explain_rows
from windvane.domain.problem import ProblemType
from windvane.engine.data.dataset import read_analysis
from windvane.engine.explain.attribution import Attribution
from windvane.engine.explain.budget import Budget
from windvane.engine.explain.margins import margins
from windvane.errors import InvalidRequest


def _explained(*outputs):
    shape = (2, 3, len(outputs))
    values = np.arange(np.prod(shape), dtype=float).reshape(shape)
    expected = np.arange(len(outputs)) + 0.5
    errors = np.full(shape, 0.1)
    found = Attribution(values, errors, expected, expected, errors[0], {}, 4)
    return ExplainedRows(pd.Index([7, 9]), ("a", "b", "c"), outputs, found)


def test_values_and_the_expected_answer_add_up():
    one = _explained("amount")
    assert one.values().index.tolist() == [7, 9]
    assert one.values().columns.tolist() == ["a", "b", "c"]
    total = one.values().sum(axis=1) + one.expected["amount"]
    pd.testing.assert_series_equal(total, one.answers["amount"], check_names=False)
    assert (one.errors() == 0.1).all(axis=None)


def test_of_several_outputs_one_must_be_named():
    three = _explained(0, 1, 2)
    assert three.values(1).loc[9, "a"] == 10
    for wrong in (None, 3):
        with pytest.raises(InvalidRequest, match="choose one of: 0, 1, 2"):
            three.values(wrong)


def test_the_column_that_matters_most_comes_first():
    assert _explained(0, 1).importance.index.tolist() == ["c", "b", "a"]


def _shown(names, values):
    shape = (len(values), len(names), 1)
    zeros = np.zeros(shape)
    found = Attribution(np.reshape(values, shape), zeros, zeros[0, 0], zeros[0, 0], zeros[0], {}, 0)
    return ExplainedRows(pd.RangeIndex(len(values)), tuple(names), ["y"], found)._repr_html_()


def test_a_notebook_shows_the_importance_with_names_escaped():
    shown = _shown(["<script>alert(1)</script>", "b"], [[1.0, -4.0], [3.0, 4.0]])
    assert "<script" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt;</th><td>2</td>" in shown
    assert shown.index(">b</th><td>4</td>") < shown.index("&lt;script")
    assert 'value="1.000"' in shown
    assert 'value="0.500"' in shown
    assert "of 2 rows; exact TreeSHAP" in shown


def test_a_notebook_shows_the_twenty_most_important_columns_and_counts_the_others():
    shown = _shown([f"c{place}" for place in range(23)], [np.arange(23.0)])
    assert shown.count('scope="row"') == 20
    assert ">c2</th>" not in shown
    assert "And 3 columns of less importance." in shown


def test_a_notebook_shows_columns_without_any_importance():
    assert _shown(["a"], [[0.0]]).count('value="0.000"') == 1


def _some_rows(first, last):
    columns, _ = columns_and_target(ProblemType.BINARY)
    return TypedRows({name: values[first:last] for name, values in columns.items()}, last - first)


def _explain(made, rows, background):
    analysis = read_analysis(made.dataset)
    return explain_rows(made.predictor(), analysis, rows, background, Budget(20), 1)


def test_a_booster_needs_no_other_rows(tmp_path):
    made = packaged(tmp_path, ProblemType.BINARY, ["lightgbm"])
    found = _explain(made, _some_rows(0, 7), None)
    own = margins(made.predictor().predict_columns(_some_rows(0, 7).cells, 7))
    np.testing.assert_allclose(found.answers, own, atol=1e-9)
    assert found.is_exact


def test_all_others_are_explained_by_rows_that_stand_for_not_known(tmp_path):
    made = packaged(tmp_path, ProblemType.BINARY, ["lightgbm", "randomforest"])
    rows, background = _some_rows(0, 7), _some_rows(50, 70)
    with pytest.raises(InvalidRequest, match="pass some of the training data as `background`"):
        _explain(made, rows, None)
    found = _explain(made, rows, background)
    own = margins(made.predictor().predict_columns(rows.cells, 7))
    np.testing.assert_allclose(found.answers, own, atol=1e-9)
    of_background = margins(made.predictor().predict_columns(background.cells, 20))
    assert found.expected == pytest.approx(of_background.mean(axis=0), abs=0.5)
    assert (found.errors[:, 0] > 0).all()
