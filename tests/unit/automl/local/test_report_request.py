from pathlib import Path

import pytest

from windvane.automl.local.report_request import (
    OF_FORECAST,
    OF_TABLE,
    Kind,
    Reported,
    ReportRequest,
    ReportStatus,
    reports_end,
    reports_s,
)


def test_a_commission_survives_the_way_through_json():
    asked = ReportRequest(Path("/a"), 3, (Kind.EXPLANATION,), Path("/b"), 1.5, 2, 512, 0.5)
    assert ReportRequest.from_json(asked.to_json()) == asked


def test_what_became_of_a_report_survives_the_way_through_an_event():
    one = Reported(Kind.QUALITY, ReportStatus.CUT, "There was no time.")
    assert Reported.from_event({"event": "report", "elapsed_s": 1.0, **one.to_event()}) == one


@pytest.mark.parametrize("budget_s", [1, 5, 60, 7200])
def test_reports_never_take_more_than_a_third_of_a_job(budget_s):
    assert 0 < reports_s(budget_s) <= 0.3 * budget_s


def test_a_job_that_ends_early_does_not_wait_for_its_deadline():
    assert reports_end(now=10, deadline=1000, kept_s=60) == 70
    assert reports_end(now=10, deadline=15, kept_s=60) == 15


@pytest.mark.parametrize(
    ("kinds", "is_of_table"),
    [(OF_TABLE, True), ((Kind.EXPLANATION,), True), (OF_FORECAST, False)],
)
def test_the_reports_of_a_table_are_told_from_those_of_a_forecast(kinds, is_of_table):
    asked = ReportRequest(Path("/a"), 3, kinds, Path("/b"), 1.5, 2, 512, 0.5)
    assert asked.is_of_table is is_of_table
