"""Fields that came from elsewhere."""

import numpy as np
import pytest

from windvane.engine.checked import (
    flag_in,
    floats_in,
    indices_in,
    number_in,
    only_known,
    text_in,
    texts_in,
    whole_in,
)


@pytest.mark.parametrize("value", [-1, 11, 1.0, True, None, "1", 10**400, []])
def test_a_whole_number_is_one_within_its_bounds(value):
    with pytest.raises(ValueError, match=r"'n' is .*; it must be a whole number from 0 to 10"):
        whole_in({"n": value}, "n", 0, 10)


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), -float("inf"), 1.5, -0.5, True, None, "1", 10**400]
)
def test_a_number_is_finite_and_within_its_bounds(value):
    with pytest.raises(ValueError, match=r"'n' is .*; it must be a finite number from 0 to 1"):
        number_in({"n": value}, "n", 0.0, 1.0)


def test_what_fits_is_given():
    told = {"n": 3, "x": 2, "t": "a", "l": ["a"], "f": False}
    assert (whole_in(told, "n", 0, 3), number_in(told, "x")) == (3, 2.0)
    assert (text_in(told, "t"), texts_in(told, "l"), flag_in(told, "f")) == ("a", ["a"], False)


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (text_in, 1),
        (text_in, None),
        (texts_in, "ab"),
        (texts_in, ["a", 1]),
        (flag_in, 1),
        (flag_in, "true"),
    ],
)
def test_other_kinds_are_refused(read, value):
    with pytest.raises(ValueError, match="'n' is"):
        read({"n": value}, "n")


def test_arrays_are_of_their_kind_axes_and_bounds():
    arrays = {
        "real": np.array([0.5, np.nan]),
        "infinite": np.array([np.inf]),
        "whole": np.array([0, 5]),
        "text": np.array(["a"]),
    }
    assert floats_in(arrays, "real", 1, may_be_nan=True) is arrays["real"]
    assert indices_in(arrays, "whole", 1, 6) is arrays["whole"]
    for read in (
        lambda: floats_in(arrays, "real", 1),
        lambda: floats_in(arrays, "infinite", 1, may_be_nan=True),
        lambda: floats_in(arrays, "whole", 1),
        lambda: floats_in(arrays, "real", 2),
        lambda: floats_in(arrays, "text", 1),
        lambda: floats_in(arrays, "nothing", 1),
        lambda: indices_in(arrays, "real", 1, 9),
        lambda: indices_in(arrays, "whole", 1, 5),
        lambda: indices_in(arrays, "whole", 1, 9, 1),
    ):
        with pytest.raises(ValueError, match=r"array|holds"):
            read()


def test_what_is_not_known_is_refused():
    only_known({"a": 1}, ["a", "b"])
    with pytest.raises(ValueError, match="'c', which is not known"):
        only_known({"a": 1, "c": 2}, ["a", "b"])
