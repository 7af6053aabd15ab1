import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windvane.engine.definitions.literals import assignments, call, literal

TEXTS = st.text(st.characters() | st.sampled_from("'\"\\\n\r\u2028{}%!\ud83d"), max_size=30)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_every_value_reads_back_as_it_was(value):
    assert ast.literal_eval(literal(value)) == value


@given(TEXTS)
def test_a_text_is_one_line_of_characters_that_can_be_seen(text):
    written = literal(text)
    assert written.isprintable()
    assert written[0] in "'\""


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES))
def test_a_call_and_assignments_hold_the_values_and_nothing_else(values):
    tree = ast.parse(call("one.two", values), mode="eval").body
    assert {one.arg: ast.literal_eval(one.value) for one in tree.keywords} == values
    assert not tree.args
    made = ast.parse(assignments(values)).body
    assert {one.targets[0].id: ast.literal_eval(one.value) for one in made} == values


def test_sequences_become_lists_and_long_ones_a_line_each():
    assert literal(("a", 1)) == '["a", 1]'
    assert literal(["x" * 50, "y" * 50]).count("\n") == 3


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), [float("nan")]])
def test_a_number_that_is_not_finite_is_refused(value):
    with pytest.raises(ValueError, match="cannot be written"):
        literal(value)


@pytest.mark.parametrize("value", [b"bytes", {1: 2}, {"a": object()}, {1, 2}])
def test_what_is_no_plain_data_is_refused(value):
    with pytest.raises(TypeError):
        literal(value)


@pytest.mark.parametrize("name", ["a b", "", "1a", "a;b", "\N{MICRO SIGN}"])
def test_a_name_that_is_no_identifier_is_refused(name):
    with pytest.raises(ValueError, match="no name for a variable"):
        assignments({name: 1})
    with pytest.raises(ValueError, match="no name for a variable"):
        call(f"a.{name}", {})
