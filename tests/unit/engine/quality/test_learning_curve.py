"""A candidate that has learnt from a sample: its report shows what more rows have brought."""

from dataclasses import replace

from windvane.engine.quality.learning_curve import curve_of
from windvane.engine.quality.report import quality_report
from windvane.engine.reports.drawing import picture_of
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note

FACTS = {
    "metric": "RMSE",
    "rows": ("6250", "25000"),
    "scores": ("51.5", "50.25"),
    "is_rising": 1,
}


def test_the_curve_is_that_of_its_note():
    notes = [Note(NoteCode.NOT_REFITTED), Note(NoteCode.LEARNING_CURVE, FACTS)]
    assert curve_of(notes) == ((6250, 51.5), (25000, 50.25))
    assert curve_of(notes[:1]) == ()


def test_a_report_shows_it_as_a_picture_with_its_numbers(judge_values):
    curve = ((6250, 51.5), (25000, 50.25))
    report = quality_report(
        replace(judge_values([1.0, 2.0], [1.0, 2.0]), learning_curve=curve), {}, []
    )
    [section] = report.sections
    figure = section.blocks[1]
    assert list(figure.numbers.rows) == [("6,250", "51.5"), ("25,000", "50.25")]
    assert ">6,250<" in picture_of(figure, "curve").svg


def test_without_one_there_is_no_such_section(judge_values):
    assert quality_report(judge_values([1.0, 2.0], [1.0, 2.0]), {}, []).sections == []
