"""What tests have shown, merged and kept."""

from __future__ import annotations

from conformance import covered
from conformance.clients import Client
from conformance.compact import compact
from conformance.covered import ACCEPTED, Mark, Place, Since
from conformance.notes import Fact

A, B, C = "tests/test_a.py::test_a", "tests/test_b.py::test_b", "tests/test_c.py::test_c"
TAGS = Place("sagemaker", "ListTags", Client.BOTO3)


def fact(test, given=(), answered=(), error=""):
    return Fact(test, "boto3", "sagemaker", "ListTags", given, answered, (), error)


def given(*names):
    return frozenset({ACCEPTED, *(Mark("given", name) for name in names)})


def test_few_tests_stand_for_many():
    facts = [fact(A, ("x",)), fact(B, ("x",)), fact(C, ("z",)), fact(C, error="E"), fact(A, ("y",))]
    shown = covered.merged({}, covered.shown_by(facts), ())
    rest = frozenset({Mark("given", "z"), Mark("errors", "E")})
    assert shown == {TAGS: {A: given("x", "y"), C: rest}}


def test_tests_that_ran_again_show_what_they_showed_now_and_others_keep_theirs():
    old = {TAGS: {A: given("x"), B: given("y")}}
    new = covered.shown_by([fact(A, ("z",))])
    assert covered.merged(old, new, {A}) == {TAGS: {A: given("z"), B: given("y") - {ACCEPTED}}}


def test_what_nobody_shows_any_more_is_gone():
    assert covered.merged({TAGS: {A: given("x")}}, {}, {A}) == {}


def test_what_is_written_is_read_back(tmp_path):
    facts = [fact(A, ("x",), ("t",)), fact(B, error="ValidationException")]
    shown = covered.merged({}, covered.shown_by(facts), ())
    covered.write(shown, tmp_path / "covered.json")
    assert covered.read(tmp_path / "covered.json") == shown
    assert covered.read(tmp_path / "none.json") == {}


def test_what_is_new_in_a_later_version_is_named_with_it(tmp_path):
    old = {TAGS: {A: given("x")}}
    new = {TAGS: {A: given("x", "y")}, Place("sagemaker", "AddTags", Client.BOTO3): {A: given("z")}}
    assert covered.with_new(Since("1", {}), old, new, "1") == Since("1", {})
    since = covered.with_new(Since("1", {}), old, new, "2")
    covered.write_since(since, tmp_path / "since.json")
    read = covered.read_since(tmp_path / "since.json")
    assert read.of("sagemaker", "ListTags", "given", "x") == "1"
    assert read.of("sagemaker", "ListTags", "given", "y") == "2"
    assert read.of("sagemaker", "AddTags") == "2"
    assert covered.with_new(since, old, new, "3") == since


def test_paths_are_told_together():
    paths = ["A", "B[].C", "B[].D.E", "B[].D.F", "G.H"]
    assert compact(paths) == "`A, B[].{C, D.{E, F}}, G.H`"
