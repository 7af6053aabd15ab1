"""A validation set of its own, and a share of the rows that is held out."""

import numpy as np
import pandas as pd
import pytest

from windvane.domain.problem import MetricName, ProblemSpec, ProblemType
from windvane.engine.data.analyse import analyse
from windvane.engine.data.analysis import ReadOptions, SourceFile, ValidationFiles
from windvane.engine.data.dataset import read_dataset
from windvane.errors import DataFault
from windvane.notes.sentences import sentences
from windvane.testing.tables import HEADER, lines

TRAINING = HEADER + lines(600)


def _codes(analysis):
    return [finding.code for finding in analysis.findings]


def test_fold_0_is_exactly_the_validation_rows_whatever_the_order_of_columns(workshop):
    text = "y,amount,colour\nno,7.5,red\nyes,8.5,blue\nno,9.5,red\n"
    analysis = workshop.analyse(TRAINING, validation=text)
    table = workshop.dataset()
    assert (analysis.n_rows, analysis.n_rows_read, analysis.n_folds) == (603, 603, 1)
    assert (analysis.n_held_out, analysis.has_validation_set) == (3, True)
    assert (analysis.n_training_rows, analysis.n_learnable) == (600, 600)
    assert [column.name for column in analysis.columns] == ["amount", "colour"]
    held_out = table.folds == 0
    assert np.array_equal(np.flatnonzero(held_out), [600, 601, 602])
    assert set(table.folds) == {-1, 0}
    assert np.array_equal(table.learnable, ~held_out)
    assert table.columns["amount"][held_out].tolist() == [7.5, 8.5, 9.5]
    assert table.columns["colour"][held_out].tolist() == ["red", "blue", "red"]
    assert [analysis.labels[int(y)] for y in table.y[held_out]] == ["no", "yes", "no"]
    assert analysis.class_counts == (302, 301)
    assert any("3 rows of validation data" in one for one in sentences(analysis.remarks))


def test_one_row_is_enough(workshop):
    assert workshop.analyse(TRAINING, validation=HEADER + "1,red,no\n").n_held_out == 1


def test_the_validation_rows_do_not_count_as_training_rows(workshop):
    with pytest.raises(DataFault, match="training data have 499 rows"):
        workshop.analyse(HEADER + lines(499), validation=HEADER + lines(300))


def test_labels_that_training_does_not_have_are_counted_and_left_out(workshop):
    text = HEADER + "1,red,no\n2,red,maybe\n3,red,maybe\n4,red,perhaps\n5,red,\n"
    analysis = workshop.analyse(TRAINING, validation=text)
    assert analysis.labels == ("no", "yes")
    assert analysis.n_held_out == 1
    (unseen,) = [one for one in analysis.findings if one.code == "unseen-class"]
    assert unseen.message.startswith(
        "3 rows of the validation data have a label that does not occur"
    )
    assert "'maybe' (2)" in unseen.message
    (invalid,) = [one for one in analysis.findings if one.code == "invalid-target"]
    assert invalid.message.startswith("1 of 605 rows have no valid label in the target column")


def test_it_is_the_training_data_that_pose_the_problem(workshop):
    analysis = workshop.analyse(TRAINING, validation=HEADER + "1,red,no\n2,red,17\n")
    assert analysis.problem_type is ProblemType.BINARY


def test_validation_data_without_a_usable_row_are_refused(workshop):
    with pytest.raises(DataFault, match=r"None of the 2 rows of the validation data.*'maybe'"):
        workshop.analyse(TRAINING, validation=HEADER + "1,red,maybe\n2,red,\n")
    with pytest.raises(DataFault, match=r"v\.csv has a header but no rows"):
        workshop.analyse(TRAINING, validation=HEADER)


def test_numbers_that_cannot_be_read_are_no_validation_rows(workshop):
    training = HEADER + lines(600, label=lambda i: f"{i * 1.5}")
    analysis = workshop.analyse(training, validation=HEADER + "1,red,7\n2,red,much\n")
    assert analysis.problem_type is ProblemType.REGRESSION
    assert (analysis.n_held_out, analysis.n_rows) == (1, 601)
    with pytest.raises(DataFault, match="None of the 1 rows"):
        workshop.analyse(training, validation=HEADER + "2,red,much\n")


@pytest.mark.parametrize("objective", [MetricName.AUC, MetricName.R2])
def test_an_objective_that_the_validation_rows_do_not_tell_is_refused(workshop, objective):
    is_class = objective is MetricName.AUC
    training = TRAINING if is_class else HEADER + lines(600, label=lambda i: f"{i * 1.5}")
    text = HEADER + ("1,red,no\n2,blue,no\n" if is_class else "1,red,7\n2,blue,7\n")
    with pytest.raises(DataFault, match=f"{objective} cannot be computed on the validation data"):
        workshop.analyse(training, problem=ProblemSpec("y", objective=objective), validation=text)


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("amount,y", r"in s3://bucket/held-out/v.csv, it lacks 'colour'\."),
        ("amount,colour,y,more", r"it has 'more'\."),
        ("Amount,colour,y", r"it lacks 'amount' and it has 'Amount'\."),
        ("0.5,red,no", r"Does it begin with a header\?"),
    ],
)
def test_other_columns_are_refused_with_the_difference(workshop, header, told):
    row = ",".join(["1"] * len(header.split(",")))
    with pytest.raises(DataFault, match=told):
        workshop.analyse(TRAINING, validation=f"{header}\n{row}\n")
    assert workshop.left_over() == []


def test_rows_of_both_are_told_but_no_folds_are_spoken_of(workshop):
    text = HEADER + "".join(TRAINING.splitlines(keepends=True)[1:101])
    analysis = workshop.analyse(TRAINING, validation=text)
    (shared,) = [one for one in analysis.findings if one.code == "shared-rows"]
    assert shared.message.startswith("100 of 100 validation rows")
    assert "Remove them from one of the two" in shared.action
    (copies,) = [one for one in analysis.findings if one.code == "duplicate-rows"]
    assert copies.action == "They are kept."


def test_weights_are_those_of_both(workshop):
    training = "a,w,y\n" + "".join(f"{i}.5,{1 + i % 3},{'ny'[i % 2]}\n" for i in range(600))
    text = "a,w,y\n1,4,n\n2,,y\n3,0,n\n"
    analysis = workshop.analyse(
        training, problem=ProblemSpec("y", sample_weight="w"), validation=text
    )
    table = workshop.dataset()
    assert analysis.n_held_out == 1
    assert table.weight[-1] / table.weight[0] == pytest.approx(4)
    assert {"invalid-weights", "weightless-rows"} <= set(_codes(analysis))


def test_validation_rows_that_all_have_no_weight_are_refused(workshop):
    training = "a,w,y\n" + "".join(f"{i}.5,1,{'ny'[i % 2]}\n" for i in range(600))
    problem = ProblemSpec("y", sample_weight="w")
    with pytest.raises(
        DataFault, match="No row of the validation data has a sample weight above 0"
    ):
        workshop.analyse(training, problem=problem, validation="a,w,y\n1,0,n\n2,,y\n")


@pytest.mark.parametrize(
    ("training", "held_out", "expected"),
    [
        ([1, 2] * 300, [1.0, np.nan, 2.0], ["1", None, "2"]),
        ([1.0, np.nan] * 300, [1, 2, 1], ["1", "2", "1"]),
        ([0.5, 1.5] * 300, [1, 2, 1], ["1.0", "2.0", "1.0"]),
        (["1", "x"] * 300, [1.0, 2.0, np.nan], ["1.0", "2.0", None]),
    ],
)
def test_columns_of_two_kinds_in_parquet_files_are_brought_together(
    tmp_path, training, held_out, expected
):
    files = []
    for name, cells in (("t", training), ("v", held_out)):
        frame = pd.DataFrame({"a": cells, "b": np.arange(len(cells)) % 7})
        frame["y"] = np.where(np.arange(len(cells)) % 2, "no", "yes")
        frame.to_parquet(tmp_path / f"{name}.parquet")
        files.append(SourceFile(tmp_path / f"{name}.parquet", name))
    problem = ProblemSpec("y")
    analyse(
        files[:1],
        ReadOptions(tmp_path, "parquet", min_rows=20),
        problem,
        tmp_path / "dataset",
        ValidationFiles((files[1],), "parquet"),
    )
    found = read_dataset(tmp_path / "dataset").columns["a"][-3:].tolist()
    cells = [None if cell is None or cell != cell else cell for cell in found]
    wanted = (
        expected
        if any(isinstance(cell, str) for cell in cells)
        else [None if text is None else float(text) for text in expected]
    )
    assert cells == wanted


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_a_share_that_is_asked_for_is_one_hold_out(workshop, share):
    analysis = workshop.analyse(TRAINING, problem=ProblemSpec("y", validation_fraction=share))
    folds = workshop.dataset().folds
    assert (analysis.n_folds, analysis.has_validation_set) == (1, False)
    assert analysis.n_held_out == (folds == 0).sum() == pytest.approx(600 * share, abs=2)
    assert analysis.n_learnable == 600
    y = workshop.dataset().y
    assert (y[folds == 0] == 0).mean() == pytest.approx(0.5, abs=0.01)
