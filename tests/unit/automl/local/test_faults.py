import pytest

from windvane.automl.local.faults import fault_of
from windvane.errors import DataFault, JobFault
from windvane.executor.base import End, Ended
from windvane.notes.note import said


def test_data_at_fault_and_jobs_at_fault_say_so_themselves():
    for classes, kind in ((("DataFault", "JobFault"), DataFault), (("JobFault",), JobFault)):
        ended = Ended("series", End.FAILED, note=said("Row 3 has no date."), error_classes=classes)
        fault = fault_of(ended, "The series could not be read.", 60, 100)
        assert type(fault) is kind
        assert str(fault) == "Row 3 has no date."


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (End.OUT_OF_TIME, "exceeded the job's time limit of 60 s"),
        (End.OUT_OF_MEMORY, "exceeded the job's memory limit of 100 MB"),
        (End.CRASHED, "It crashed."),
    ],
)
def test_other_ends_are_told_with_what_failed(end, told):
    ended = Ended("series", end, note=said("It crashed."))
    text = str(fault_of(ended, "The series could not be read.", 60, 100))
    assert text.startswith("The series could not be read. ")
    assert told in text
