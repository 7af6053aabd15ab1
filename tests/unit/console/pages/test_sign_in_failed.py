"""Attack 16, at the console: sign-ins that fail are counted, and throttled."""

from __future__ import annotations

from unit.console.conftest import KEY

FORM = {"access_key": KEY, "secret_key": "wrong", "region": "us-east-1"}


def test_attack_16_too_many_failed_sign_ins_are_throttled(console):
    browser = console.browser()
    statuses = [browser.post("/console/sign-in", FORM).status for _ in range(102)]
    assert set(statuses[:100]) == {401}
    assert statuses[-1] == 429
    assert browser.get("/console/enter?link=none").status == 429
