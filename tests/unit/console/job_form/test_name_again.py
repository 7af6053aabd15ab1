"""The name of a job that is made from another one's settings."""

from itertools import islice

import pytest

from windvane.console.job_form.name_again import RERUN, RETRAINED, names_again


@pytest.mark.parametrize(
    ("job", "suffix", "names"),
    [
        ("churn", RETRAINED, ["churn-retrained", "churn-retrained-2", "churn-retrained-3"]),
        ("bank-1203-091500", RERUN, ["bank-rerun", "bank-rerun-2"]),
        ("bank-1203-091500-rerun-2", RETRAINED, ["bank-retrained"]),
        ("churn-2", RERUN, ["churn-2-rerun"]),
        ("1203-091500", RERUN, ["1203-091500-rerun"]),
        ("a" * 32, RERUN, ["a" * 26 + "-rerun", "a" * 24 + "-rerun-2"]),
    ],
)
def test_names_are_those_of_the_job_with_what_was_done(job, suffix, names):
    assert list(islice(names_again(job, suffix), len(names))) == names


def test_no_name_is_too_long_and_none_comes_twice():
    names = list(names_again("a" * 32, RETRAINED))
    assert max(len(one) for one in names) <= 32
    assert len(set(names)) == len(names)
