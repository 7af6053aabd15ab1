"""Children at once, and what their parent does meanwhile."""

import time

from windvane.automl.local.crew import Crew
from windvane.process.child import Ending


def test_something_is_done_while_a_child_runs_until_there_is_nothing_left(tmp_path):
    crew = Crew(1, 1000)
    go = tmp_path / "go"

    def work() -> None:
        until = time.monotonic() + 10
        while not go.exists() and time.monotonic() < until:
            time.sleep(0.01)

    left = [True, True, False]

    def meanwhile() -> bool:
        more = left.pop(0)
        if not more:
            go.touch()
        return more

    crew.start("a", work, time.time() + 20)
    work, ended = crew.next_ended(meanwhile)
    assert (work, ended.ending) == ("a", Ending.FINISHED)
    assert left == []


def test_a_child_that_ends_first_is_told_before_all_is_done():
    crew = Crew(1, 1000)
    calls = []

    def meanwhile() -> bool:
        calls.append(1)
        time.sleep(0.05)
        return True

    crew.start("a", lambda: None, time.time() + 20)
    assert crew.next_ended(meanwhile)[0] == "a"
    assert len(calls) < 50


def test_a_child_whose_time_is_over_is_killed():
    crew = Crew(1, 1000)
    crew.start("a", lambda: time.sleep(30), time.time() + 0.1)
    assert crew.next_ended()[1].ending is Ending.KILLED_TIME


def test_who_waits_for_something_else_as_well_waits_no_longer():
    crew = Crew(1, 1000)
    crew.start("a", lambda: time.sleep(30), time.time() + 60)
    assert crew.ended_unless(lambda: True) is None
    assert not crew.is_idle
    crew.stop()


def test_what_ends_before_that_is_told():
    crew = Crew(1, 1000)
    crew.start("a", lambda: None, time.time() + 60)
    work, ended = crew.ended_unless(lambda: False)
    assert (work, ended.ending) == ("a", Ending.FINISHED)
