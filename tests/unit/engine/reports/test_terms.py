"""Terms of a report are explained at its end."""

from windvane.engine.reports.document import Report, Section, Table, Text
from windvane.engine.reports.terms import TITLE, with_terms
from windvane.glossary import TERMS


def a_report(*blocks):
    return Report("Title", "What it is about.", [], [Section("Part", blocks)])


def explained(report):
    last = with_terms(report).sections[-1]
    return [block.text.partition(":")[0] for block in last.blocks] if last.title == TITLE else []


def test_each_term_that_is_used_is_explained_once_in_the_order_of_the_glossary():
    report = a_report(Text("SHAP values of each fold."), Text("A fold has one SHAP value."))
    assert explained(report) == ["fold", "SHAP value"]
    assert f"fold: {TERMS['fold']}" in [
        block.text for block in with_terms(report).sections[-1].blocks
    ]


def test_terms_that_are_explained_together_are_found_by_either():
    assert explained(a_report(Text("The recall is low."))) == ["precision, recall"]


def test_part_of_a_word_is_no_term():
    assert explained(a_report(Text("Untargeted, manifold and uplifting."))) == []


def test_values_of_a_table_are_no_terms_but_its_head_is():
    assert explained(a_report(Table(("Threshold",), [("lift",)]))) == ["threshold"]


def test_a_report_without_terms_stays_as_it_is():
    report = a_report(Text("Nothing to explain."))
    assert with_terms(report) is report
