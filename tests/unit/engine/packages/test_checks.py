"""What a package says of its table and how its model answers."""

import os
from dataclasses import replace

import numpy as np
import pytest

from windvane.engine.features.base import Feature
from windvane.engine.learners.baseline import Constant
from windvane.engine.manifest import read_json
from windvane.engine.packages.checks import check_answers, check_schema, checked_parse
from windvane.engine.packages.predictor import Schema
from windvane.errors import CorruptArtifact

SCHEMA = Schema(("a", "b"), ("no", "yes"), "string", "y", "BinaryClassification")


def test_a_table_is_one():
    check_schema(SCHEMA)
    check_schema(replace(SCHEMA, labels=(), problem_type="Regression", label_type="float"))


@pytest.mark.parametrize(
    "members",
    [
        {"features": ("a", "a")},
        {"features": ()},
        {"labels": ("no", "no")},
        {"labels": ("no",)},
        {"labels": ()},
        {"labels": ("no", "yes", "more")},
        {"labels": ("no", "y" * 70_000)},
        {"label_type": "object"},
        {"problem_type": "Regression"},
        {"problem_type": "MulticlassClassification", "labels": ("one",)},
    ],
)
def test_other_tables_are_refused(members):
    with pytest.raises(ValueError, match=r"column|label|name"):
        check_schema(replace(SCHEMA, **members))


@pytest.mark.parametrize(
    "parse",
    [
        {"formats": ["(a+)+$"]},
        {"formats": "%Y-%m-%d"},
        {"missing": "abc"},
        {"missing": [1]},
        {"thousands": 1},
        {"lenient": "yes"},
        ["formats"],
    ],
)
def test_cells_are_read_in_known_ways(parse):
    """A format of dates becomes a regular expression: one of a stranger's might never end."""
    with pytest.raises(ValueError, match=r"format|must be"):
        checked_parse(parse)


@pytest.mark.parametrize(
    ("answer", "n_classes", "message"),
    [
        (np.array([0.2, 0.3, 0.5]), 2, "answers numbers of the shape"),
        (np.array(1.0), 2, "answers numbers of the shape"),
        (np.array([np.nan, 1.0]), 2, "answers nan"),
    ],
)
def test_a_model_that_answers_something_else_is_refused(answer, n_classes, message):
    with pytest.raises(CorruptArtifact, match=f"Member 3 {message}"):
        check_answers(Constant(answer, 1), (Feature("a", "a"),), n_classes, "Member 3")
    check_answers(Constant(np.array([0.5, 0.5]), 1), (Feature("a", "a"),), 2, "Member 3")


@pytest.mark.parametrize(
    "content",
    [b'{"a": 1, "a": 2}', b"[" * 100_000, b'{"a": ' * 100_000, b"9" * 5_000, b"\xff", b"[]", b""],
)
def test_a_document_that_is_none_is_refused(content, tmp_path):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(CorruptArtifact, match=r"a\.json"):
        read_json(tmp_path / "a.json")


def test_a_document_that_is_no_file_is_refused(tmp_path):
    """Reading it would wait for ever."""
    os.mkfifo(tmp_path / "a.json")
    with pytest.raises(CorruptArtifact, match="no plain file"):
        read_json(tmp_path / "a.json")
