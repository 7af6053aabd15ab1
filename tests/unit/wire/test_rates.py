"""So many requests of each account in a second."""

from __future__ import annotations

import pytest

from windvane.errors import Throttled
from windvane.wire.rates import AccountRates


def test_an_account_is_throttled_and_others_are_not():
    now = [0.0]
    rates = AccountRates(5, lambda: now[0])
    for _ in range(10):
        rates.admit("a")
    with pytest.raises(Throttled):
        rates.admit("a")
    rates.admit("b")
    now[0] += 0.2
    rates.admit("a")
    with pytest.raises(Throttled):
        rates.admit("a")


def test_without_a_limit_nothing_is_counted():
    rates = AccountRates()
    for _ in range(10_000):
        rates.admit("a")


def admitted(rates, n=100):
    """How many of these requests are let through."""
    made = 0
    for _ in range(n):
        try:
            rates.admit("a")
        except Throttled:
            continue
        made += 1
    return made


def test_servers_that_hear_of_each_other_keep_to_one_rate_together():
    now = [0.0]
    servers = [AccountRates(10, lambda: now[0]) for _ in range(2)]
    made = []
    for _ in range(10):
        now[0] += 2
        made.append(sum(admitted(server) for server in servers))
        told = [server.told_others() for server in servers]
        for server, heard in zip(servers, reversed(told), strict=True):
            server.hear([heard])
    assert made[0] == 40, "nobody had heard of anything"
    assert made[5:] == [20] * 5


def test_an_account_that_uses_one_server_alone_has_nearly_all_of_its_rate_there():
    now = [0.0]
    rates = AccountRates(10, lambda: now[0])
    rates.hear([{"another": 9.0}])
    assert admitted(rates) == 20
    rates.hear([{"a": 2.0}])
    now[0] += 10
    assert admitted(rates) == 16
    rates.hear([{"a": 100.0}])
    now[0] += 10
    assert admitted(rates) == 10, "its share"
