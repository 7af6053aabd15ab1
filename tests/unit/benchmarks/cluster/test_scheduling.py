import argparse

from benchmarks.cluster.scheduling import run


def test_workers_do_the_recorded_jobs_and_say_how_long_they_held_the_store():
    asked = argparse.Namespace(workers=1, jobs=1, candidates=3, pace=0.0)
    found = run("", 1, asked)
    assert found.jobs == 1
    assert found.tasks > 5
    assert len(found.held_s["claim"]) == len(found.held_s["finish"]) == found.tasks
    assert all(seconds > 0 for kind in found.held_s.values() for seconds in kind)
