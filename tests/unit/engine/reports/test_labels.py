from hypothesis import given
from hypothesis import strategies as st

from windvane.engine.reports.labels import drawn, seen


@given(st.text(alphabet=st.characters(), max_size=50), st.integers(1, 30))
def test_every_text_becomes_one_line_of_characters_that_can_be_seen(text, limit):
    shown = seen(text, limit)
    assert len(shown) <= limit
    assert shown.isprintable()
    shown.encode()


def test_what_is_harmless_stays_as_it_is():
    assert seen("Größe <m²> 漢字") == "Größe <m²> 漢字"


def test_a_picture_has_no_formulas():
    assert drawn("$x$") == r"\$x\$"
