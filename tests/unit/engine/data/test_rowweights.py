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
    [
        ("", r"is empty in row 8 of the data"),
        ("-0.5", r"holds '-0\.5' in row 8 of the data"),
        ("inf", r"holds 'inf' in row 8"),
        ("heavy", r"holds 'heavy' in row 8"),
    ],
)
def test_the_first_wrong_weight_is_named(workshop, cell, told):
    text = _text(_weights(at_7=cell, at_20=cell))
    with pytest.raises(DataFault, match=rf"'w' {told}.*\(1 more rows are wrong as well\)"):
        workshop.analyse(text, problem=PROBLEM)


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
