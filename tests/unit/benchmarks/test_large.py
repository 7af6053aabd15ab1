import numpy as np
import pandas as pd

from benchmarks import large
from benchmarks.large import enlarged

FRAME = pd.DataFrame({"a": [0.0, 10.0, 20.0], "b": [1, 2, 3], "y": ["no", "yes", "no"]})


def test_rows_are_drawn_again_and_columns_repeat_with_more_noise():
    made = enlarged(FRAME, "y", 5000, 5, seed=0)
    assert list(made.columns) == ["x0", "x1", "x2", "x3", "x4", "y"]
    assert len(made) == 5000
    noise = [(made[f"x{k}"] - 10.0 * np.round(made["x0"] / 10)).std() for k in (0, 2, 4)]
    assert noise[0] < noise[1] < noise[2]
    assert made["x0"].nunique() == 5000


def test_labels_stay_and_belong_to_their_rows():
    made = enlarged(FRAME, "y", 5000, 2, seed=0)
    assert set(made["y"]) == {"no", "yes"}
    assert (made["x0"][made["y"] == "yes"].mean() - 10) < 0.5


def test_quantities_to_predict_get_noise_too():
    made = enlarged(FRAME.assign(y=[0.5, 1.5, 2.5]), "y", 1000, 2, seed=0)
    assert made["y"].nunique() == 1000


def test_the_same_seed_makes_the_same_table():
    pd.testing.assert_frame_equal(enlarged(FRAME, "y", 50, 3, 1), enlarged(FRAME, "y", 50, 3, 1))
    assert not enlarged(FRAME, "y", 50, 3, 1).equals(enlarged(FRAME, "y", 50, 3, 2))


def test_an_unknown_table_is_told_in_one_sentence(capsys):
    assert large.main(["--table", "nope"]) == 2
    assert capsys.readouterr().err.startswith("There is no table nope; choose from adult,")
