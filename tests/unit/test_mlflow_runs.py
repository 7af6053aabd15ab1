"""Runs end as what they show has ended, and as FAILED with the reason if they are not logged as a whole."""

import pytest
from recorded_mlflow import Recorded

from windvane.mlflow_runs import (
    Ending,
    LoggedCandidate,
    log_candidate,
    logged_run,
    without_credentials,
)

pytestmark = pytest.mark.filterwarnings("ignore:::mlflow.*", "ignore:::pydantic.*")

REFUSED = OSError("https://someone:secret@mlflow/api does not answer")
REASON = "Windvane could not log all of it: https://mlflow/api does not answer"


def log_two_candidates(client):
    with logged_run(client, "1", "job", {}) as parent:
        log_candidate(client, "1", parent, LoggedCandidate("a", {}, {"score": 1.0}))
        log_candidate(client, "1", parent, LoggedCandidate("b", {}, {}, failure="out of memory"))


@pytest.mark.slow
def test_runs_of_what_was_logged_are_finished_and_failed_candidates_say_why():
    client = Recorded()
    log_two_candidates(client)
    found = {"job": ("FINISHED", ""), "a": ("FINISHED", ""), "b": ("FAILED", "out of memory")}
    assert client.found() == found


def test_when_logging_stops_half_way_no_run_is_left_running_and_the_reason_has_no_password():
    client = Recorded(("log_batch", "a", REFUSED))
    with pytest.raises(OSError, match="does not answer"):
        log_two_candidates(client)
    assert client.found() == {"job": ("FAILED", REASON), "a": ("FAILED", REASON)}


def test_what_is_raised_is_why_logging_stopped_when_mlflow_takes_no_reason_either():
    client = Recorded(("log_batch", "b", REFUSED), ("set_tag", "b", ValueError("too long")))
    with pytest.raises(OSError, match="does not answer"):
        log_two_candidates(client)
    found = client.found()
    assert (found["job"], found["b"]) == (("FAILED", REASON), ("FAILED", ""))


def test_an_interrupted_run_is_failed():
    client = Recorded()
    with pytest.raises(KeyboardInterrupt), logged_run(client, "1", "job", {}):
        raise KeyboardInterrupt
    assert client.found() == {"job": ("FAILED", f"{REASON.partition(':')[0]}: KeyboardInterrupt")}


def test_a_run_that_goes_on_keeps_its_id_and_loses_the_reason_of_the_earlier_attempt():
    client = Recorded()
    with pytest.raises(OSError, match="disk"), logged_run(client, "1", "job", {}):
        raise OSError("disk")
    with logged_run(client, "1", "job", {}, begun="run 0") as run_id:
        assert client.runs[run_id].status == "RUNNING"
    assert client.found() == {"job": ("FINISHED", "")}


def test_a_run_ends_as_what_it_shows():
    client = Recorded()
    with logged_run(client, "1", "job", {}, Ending("KILLED")):
        pass
    assert client.found() == {"job": ("KILLED", "")}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "403 Client Error for url: https://store/a/b?X-Amz-Credential=me&X-Amz-Signature=secret (it says why)",
            "403 Client Error for url: https://store/a/b (it says why)",
        ),
        (
            "Max retries exceeded with url: /a/b?sv=1&sig=secret (Caused by it)",
            "Max retries exceeded with url: /a/b (Caused by it)",
        ),
        ("https://me:secret@store/a?sig=secret", "https://store/a"),
        ("Is it there? No = no", "Is it there? No = no"),
    ],
)
def test_signatures_of_addresses_are_not_told(said, told):
    """Stores of artefacts are reached by signed addresses, and whoever reads the experiment sees the notes of its runs."""
    assert without_credentials(OSError(said)) == told
