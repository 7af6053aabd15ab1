"""docs/conformance.md is what the data, the rules and the service models give, and the data name what there is.

What fails here is mended by `make conformance`, or for a few tests by `make conformance TESTS=...`.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from conformance import covered
from conformance.differences import differences
from conformance.effects import effect_of, effects
from conformance.members import describe, served
from conformance.page import PAGE, page
from conformance.s3tests import ceph_tests
from conformance.shapes import all_leaves

from windvane.wire.model import load_service

ROOT = Path(__file__).resolve().parents[2]
SHOWN = covered.read()
_NAMED_ALONE = ("sts", "iam")


@cache
def names_in(file):
    tree = ast.parse((ROOT / file).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def exists(test):
    file, _, name = test.partition("::")
    return (ROOT / file).is_file() and name.rpartition("::")[2] in names_in(file)


def test_the_page_is_what_the_data_give():
    assert PAGE.read_text() == page(SHOWN, covered.read_since())


def test_every_test_that_is_named_exists():
    named = {test for tests in SHOWN.values() for test in tests}
    assert {test for test in named if not exists(test)} == set()


def test_every_operation_that_is_served_is_asked_for_by_a_test_and_no_other_is_named():
    assert {(place.service, place.operation) for place in SHOWN} == set(served())


@pytest.mark.parametrize(("service", "operation"), served())
def test_members_are_those_of_the_service_model(service, operation):
    model = load_service(service).operation(operation)
    marks = {
        mark
        for place, tests in SHOWN.items()
        if (place.service, place.operation) == (service, operation)
        for mark in frozenset().union(*tests.values())
    }
    for kind, shape in (("given", model.input_shape), ("answered", model.output_shape)):
        assert {one.name for one in marks if one.kind == kind} <= set(all_leaves(shape))


def test_the_page_tells_of_every_member():
    for one in describe(SHOWN, covered.read_since()):
        model = load_service(one.service).operation(one.name)
        told = [member.path for member in one.answered] + one.silent
        assert sorted(told) == sorted(all_leaves(model.output_shape))
        refused = [m.refusal for m in one.given if m.refusal is not None and not m.refusal.accepted]
        given = {member.path for member in one.given}
        for leaf in all_leaves(model.input_shape):
            assert leaf in given or any(refusal.covers(leaf) for refusal in refused), leaf


def test_every_refused_member_is_shown_to_be_refused():
    """Where the message names its place as a path; those of STS and IAM name the member alone."""
    for one in describe(SHOWN, covered.read_since()):
        for member in one.given:
            if (
                member.refusal is not None
                and not member.refusal.accepted
                and one.service not in _NAMED_ALONE
            ):
                assert member.tests, f"{one.name} {member.path}"


def test_the_tests_of_the_differences_exist():
    assert [one.test for one in differences() if one.test and not exists(one.test)] == []


def test_effects_are_of_members_that_there_are_and_named_once():
    for effect in effects():
        service, name = effect.operation.split()
        leaves = all_leaves(load_service(service).operation(name).input_shape)
        for path in effect.paths:
            alone = replace(effect, paths=(path,))
            covered_by_it = [leaf for leaf in leaves if alone.covers(leaf)]
            assert covered_by_it, (effect.operation, path)
            assert {effect_of(effect.operation, leaf) for leaf in covered_by_it} == {effect}
        assert bool(effect.why) != exists(effect.test), effect


def test_the_page_of_operations_names_every_member_without_effect():
    text = (ROOT / "docs" / "operations.md").read_text()
    for effect in effects():
        for path in effect.paths if effect.why else ():
            member = path.rpartition(".")[2]
            assert f"`{member}`" in text, (effect.operation, path)


def test_a_test_that_is_gone_is_noticed():
    assert exists("tests/conformance/test_page.py::test_a_test_that_is_gone_is_noticed")
    assert not exists("tests/conformance/test_page.py::test_of_yesterday")
    assert not exists("tests/conformance/test_gone.py::test_of_yesterday")


def test_ceph_tests_that_do_not_pass_stand_once_with_their_reason():
    names = [name for group in ceph_tests().unmet for name in group.tests]
    assert len(set(names)) == len(names)
    assert all(group.why.endswith(".") for group in ceph_tests().unmet)
    assert not any(mark in name for name in names for mark in ceph_tests().names)
