"""With every sentence worded otherwise pages tell the same, since they go by codes."""

from __future__ import annotations

import pytest
from unit.console.pages.test_data import test_a_report_that_failed_says_why
from unit.console.pages.test_job import (
    desk,
    test_each_report_that_is_missing_is_told,
    test_what_a_completed_job_lacks_is_a_failed_phase,
)
from unit.notes.rewording import reword

__all__ = [
    "desk",
    "test_a_report_that_failed_says_why",
    "test_each_report_that_is_missing_is_told",
    "test_what_a_completed_job_lacks_is_a_failed_phase",
]


@pytest.fixture(autouse=True)
def _reworded(monkeypatch: pytest.MonkeyPatch) -> None:
    reword(monkeypatch)
