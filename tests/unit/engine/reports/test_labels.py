from hypothesis import given
from hypothesis import strategies as st
from matplotlib.cbook import is_math_text
from matplotlib.text import Text

from windvane.engine.reports.labels import drawn, seen


@given(st.text(alphabet=st.characters(), max_size=50), st.integers(1, 30))
def test_every_text_becomes_one_line_of_characters_that_can_be_seen(text, limit):
    shown = seen(text, limit)
    assert len(shown) <= limit
    assert shown.isprintable()
    shown.encode()


def test_what_is_harmless_stays_as_it_is():
    assert seen("Größe <m²> 漢字") == "Größe <m²> 漢字"


@given(st.text(st.sampled_from("$\\^_{}\n\u202e") | st.characters(), max_size=40))
def test_no_label_of_a_picture_is_taken_for_a_formula(label):
    text = drawn(label, 24)
    assert not is_math_text(text)
    assert len(text.replace(r"\$", "$")) <= 24


def test_short_labels_are_drawn_as_they_are():
    assert drawn("Grün 7") == "Grün 7"
    assert Text()._preprocess_math(drawn("$5 to $10")) == ("$5 to $10", False)
