import pytest

from windvane.engine.forecasting.keys import key_of, parts_of

PARTS = [
    ("tea", "north"),
    ("a | b", "c"),
    ("a", "b | c"),
    ("a\\", "| b"),
    (" a ", " | ", "\\|"),
    ("", "", "x"),
    ("alone | with a bar",),
]


@pytest.mark.parametrize("parts", PARTS)
def test_parts_are_found_again_whatever_is_in_them(parts):
    assert parts_of(key_of(parts), len(parts)) == parts


def test_different_parts_have_different_keys():
    assert len({key_of(parts) for parts in PARTS}) == len(PARTS)


def test_a_key_of_another_number_of_parts_is_refused():
    with pytest.raises(ValueError, match="2 parts and not 3"):
        parts_of("tea | north", 3)
