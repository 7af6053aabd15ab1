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
