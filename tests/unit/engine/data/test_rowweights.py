import numpy as np
import pytest

from windvane.domain.problem import ProblemSpec
from windvane.errors import CorruptArtifact, DataFault

PROBLEM = ProblemSpec("y", sample_weight="w")


def _text(weights):
    random = np.random.default_rng(0)
    body = [
        f"{random.normal():.4f},{weight},{'no' if i % 2 else 'yes'}\n"
        for i, weight in enumerate(weights)
    ]
    return "a,w,y\n" + "".join(body)


def _weights(n_rows=600, **changed):
    return [changed.get(f"at_{i}", 1 + i % 3) for i in range(n_rows)]


def test_weights_are_an_array_of_their_own_with_the_mean_1(workshop):
    analysis = workshop.analyse(_text(_weights()), problem=PROBLEM)
    table = workshop.dataset()
    assert analysis.sample_weight == table.analysis.sample_weight == "w"
    assert [column.name for column in analysis.columns] == ["a"]
    assert "w" not in analysis.statistics
    assert table.weight == pytest.approx((1 + np.arange(600) % 3) / 2)


def test_without_a_column_of_weights_there_is_none(workshop):
    workshop.analyse(_text(_weights()))
    assert workshop.dataset().weight is None
    assert not (workshop.dataset_folder / "weight.npy").exists()


def test_rows_of_weight_0_are_left_out_and_it_is_said(workshop):
    weights = [0 if i < 50 else 2 for i in range(600)]
    analysis = workshop.analyse(_text(weights), problem=PROBLEM)
    assert analysis.n_rows == 550
    assert workshop.dataset().weight == pytest.approx(np.ones(550))
    (finding,) = [one for one in analysis.findings if one.code == "weightless-rows"]
    assert finding.message.startswith("50 of 600 rows (8.3 %) have the sample weight 0")
    assert "sampled-data" not in [one.code for one in analysis.findings]


@pytest.mark.parametrize(
    ("cell", "told"),
    [("", "empty"), ("-0.5", "'-0.5'"), ("inf", "'inf'"), ("heavy", "'heavy'")],
)
def test_rows_without_a_valid_weight_are_left_out_and_it_is_said(workshop, cell, told):
    text = _text(_weights(at_7=cell, at_20=cell, at_30=0))
    analysis = workshop.analyse(text, problem=PROBLEM)
    assert analysis.n_rows == len(workshop.dataset().weight) == 597
    (finding,) = [one for one in analysis.findings if one.code == "invalid-weights"]
    assert finding.columns == ("w",)
    assert finding.message.startswith("2 of 600 rows (0.3 %) have an invalid sample weight")
    assert f"(e.g. {told})" in finding.message
    (zero,) = [one for one in analysis.findings if one.code == "weightless-rows"]
    assert zero.message.startswith("1 of 600 rows")


def test_the_rows_that_are_left_must_be_enough(workshop):
    weights = ["" if i < 150 else 1 for i in range(600)]
    with pytest.raises(DataFault, match="have 450 rows with a valid value in the target"):
        workshop.analyse(_text(weights), problem=PROBLEM)


def test_a_column_of_words_is_no_column_of_weights(workshop):
    with pytest.raises(
        DataFault, match=r"'w' has no finite number above 0 in any of 600 rows.*'x'"
    ):
        workshop.analyse(_text(["x"] * 600), problem=PROBLEM)


def test_weights_that_are_all_0_or_not_there_are_refused(workshop):
    with pytest.raises(DataFault, match="'w' is 0 in all rows"):
        workshop.analyse(_text([0] * 600), problem=PROBLEM)
    with pytest.raises(DataFault, match=r"sample weight column 'W' is not in the data.*'w'\?"):
        workshop.analyse(_text([1] * 600), problem=ProblemSpec("y", sample_weight="W"))


def test_weights_of_another_number_of_rows_are_found_out(workshop):
    workshop.analyse(_text(_weights()), problem=PROBLEM)
    np.save(workshop.dataset_folder / "weight.npy", np.ones(3))
    with pytest.raises(CorruptArtifact, match="3 weights for 600 rows"):
        workshop.dataset()
