"""Where reports lie, and the request that makes them."""

from datetime import UTC, datetime

from windvane.domain.candidate import Candidate
from windvane.domain.reports import report_job_name
from windvane.names import Scope


def test_a_job_of_the_longest_names_has_a_name_that_fits() -> None:
    now = datetime.now(UTC)
    candidate = Candidate(
        scope=Scope("000000000000", "us-east-1"),
        name=f"{'a' * 32}-250-0123abcd",
        created=now,
        modified=now,
        index=250,
        algorithm="xgboost",
        recipe="dpp0",
        hyperparameters={},
    )
    name = report_job_name(candidate, 99)
    assert len(name) <= 63
    assert name == report_job_name(candidate, 99) != report_job_name(candidate, 98)
