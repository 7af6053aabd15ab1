"""On PYTHONPATH it makes time pass quickly in a Python process, before any other package is imported.

Nothing sleeps long, and `time.time` is ahead by what was not slept: clients that poll every ten or thirty seconds come to
the same end, by the same calls, in a fraction of the time. Requests are signed by `datetime`, which is left alone.
"""

import time

LONGEST_S = 0.5

_sleep, _now = time.sleep, time.time
_skipped_s = 0.0


def _sleep_shortly(seconds):
    global _skipped_s
    slept = min(seconds, LONGEST_S)
    _sleep(slept)
    _skipped_s += seconds - slept


def _now_ahead():
    return _now() + _skipped_s


time.sleep = _sleep_shortly
time.time = _now_ahead
