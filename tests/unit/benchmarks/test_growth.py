import os
import subprocess
import sys

from benchmarks.growth import Held, held_by, lowest, measured, trend

MINUTES = [minute / 60 for minute in range(120)]


def test_what_grows_by_two_percent_an_hour_fails():
    found = trend(MINUTES, [1000 + 20 * hours for hours in MINUTES])
    assert round(found.per_hour, 3) == 0.020
    assert found.verdict == "FAIL"


def test_what_goes_up_and_down_passes():
    found = trend(MINUTES, [1000 + minute % 5 for minute in range(120)])
    assert abs(found.per_hour) < 0.001
    assert found.verdict == "PASS"


def test_a_run_too_short_for_its_noise_is_unclear():
    found = trend(MINUTES[:6], [1000, 1030, 980, 1010, 1040, 990])
    assert found.verdict == "UNCLEAR"


def test_few_points_tell_nothing():
    assert trend(MINUTES[:4], [1.0, 2.0, 3.0, 4.0]) is None


def test_the_least_is_of_those_that_were_there_throughout():
    looks = [
        {"server 1": Held(5, 4, 30), "task 2": Held(9, 9, 9)},
        {"server 1": Held(6, 3, 29)},
    ]
    assert lowest(looks) == {"server 1": Held(5, 3, 29)}


def test_processes_are_known_by_their_data_folder(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"],
        env={**os.environ, "WINDVANE_DATA_DIR": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        process.stdout.readline()
        found = measured(tmp_path)
        assert len(found) == 2
        assert found["all"].proportional > 0
        assert found["all"].descriptors >= 3
    finally:
        process.communicate()
    assert held_by(process.pid) is None
