"""Budgets run on the clock they are given."""

from unit.engine.explain.made_up import FakeClock

from windvane.engine.explain.budget import Budget


def test_time_is_used_up_and_shared():
    clock = FakeClock()
    budget = Budget(10, clock)
    clock.seconds = 4
    assert (budget.used_s, budget.left_s, budget.is_over()) == (4, 6, False)
    share = budget.share(0.5)
    assert share.left_s == 3
    clock.seconds = 7
    assert share.is_over()
    assert not budget.is_over()
    clock.seconds = 12
    assert budget.is_over()
    assert budget.share(0.5).left_s == 0
