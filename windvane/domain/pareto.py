"""The front of what is good and quick: what nothing else beats in both."""

from __future__ import annotations

from collections.abc import Sequence


def front(gains: Sequence[float], latencies_s: Sequence[float]) -> list[bool]:
    """Return for each candidate whether none of the others is both as good and as quick: of a front every member is the
    best of those that take no longer. Of candidates equal in both, the first alone is on it.

    gains         higher is better
    latencies_s   of one row, as long as `gains`

    >>> front([0.9, 0.8, 0.7], [2.0, 3.0, 1.0])
    [True, False, True]
    """
    order = sorted(range(len(gains)), key=lambda i: (latencies_s[i], -gains[i], i))
    on_it = [False] * len(gains)
    best = float("-inf")
    for i in order:
        if gains[i] > best:
            on_it[i], best = True, gains[i]
    return on_it
