"""control/alarms/evaluating: states of alarms, by the tables of CloudWatch's documentation."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from windvane.control.alarms.evaluating import (
    Value,
    evaluate,
    periods_of,
    told_values,
    windows,
    with_verdict,
)
from windvane.domain.alarms import (
    Actions,
    Alarm,
    AlarmState,
    Comparison,
    Metric,
    Missing,
    Rule,
    Watched,
)
from windvane.names import Scope

NOW = datetime(2026, 1, 2, 12, 0, 30, tzinfo=UTC)
OK, ALARM, UNKNOWN = AlarmState.OK, AlarmState.ALARM, AlarmState.UNKNOWN
RULE = Rule(Comparison.GREATER, 10.0, 3)
VALUES = {"0": 5.0, "X": 20.0, "-": None}
BEFORE = UNKNOWN
"""The state that an alarm of the tables is in."""


def alarm(rule: Rule = RULE) -> Alarm:
    return Alarm(
        scope=Scope("111122223333", "us-east-1"),
        name="a",
        created=NOW,
        modified=NOW,
        configured=NOW,
        changed=NOW,
        turned=NOW,
        watched=Watched("e", "A", Metric.INVOCATIONS, "Sum", 60),
        rule=rule,
        actions=Actions(),
    )


def values(text: str) -> list[Value]:
    begins = windows(NOW, 60, len(text))
    return [Value(begin, VALUES[one]) for begin, one in zip(begins, text, strict=True)]


def state(text: str, rule: Rule, before: AlarmState = BEFORE) -> AlarmState:
    return evaluate(rule, values(text), before).state


@pytest.mark.parametrize(
    ("points", "missing", "ignore", "breaching", "not_breaching"),
    [
        ("0-X-X", OK, OK, OK, OK),
        ("0----", OK, OK, OK, OK),
        ("-----", UNKNOWN, BEFORE, ALARM, OK),
        ("0XX-X", ALARM, ALARM, ALARM, ALARM),
        ("--X--", ALARM, BEFORE, ALARM, OK),
    ],
)
def test_three_of_three(points, missing, ignore, breaching, not_breaching):
    """source    "Configuring how CloudWatch alarms treat missing data", its first table"""
    found = [state(points, replace(RULE, missing=one)) for one in (None, *Missing)]
    assert found == [missing, breaching, not_breaching, ignore, missing]


@pytest.mark.parametrize(
    ("points", "missing", "ignore", "breaching", "not_breaching"),
    [
        ("0-X-X", ALARM, ALARM, ALARM, ALARM),
        ("00X0X", ALARM, ALARM, ALARM, ALARM),
        ("0-X--", OK, OK, ALARM, OK),
        ("----0", OK, OK, ALARM, OK),
        ("---X-", ALARM, BEFORE, ALARM, OK),
    ],
)
def test_two_of_three(points, missing, ignore, breaching, not_breaching):
    """source    the same, its second table"""
    rule = replace(RULE, to_alarm=2)
    found = [state(points, replace(rule, missing=one)) for one in (None, *Missing)]
    assert found == [missing, breaching, not_breaching, ignore, missing]


def test_one_value_that_has_just_come_changes_nothing_where_three_are_needed():
    assert state("----X", RULE, OK) is OK
    assert state("----X", RULE, UNKNOWN) is UNKNOWN


@pytest.mark.parametrize(
    ("comparison", "breaching"),
    [
        (Comparison.GREATER, [False, False, True]),
        (Comparison.GREATER_OR_EQUAL, [False, True, True]),
        (Comparison.LESS, [True, False, False]),
        (Comparison.LESS_OR_EQUAL, [True, True, False]),
    ],
)
def test_comparisons(comparison, breaching):
    assert [comparison.holds(value, 10.0) for value in (9.9, 10.0, 10.1)] == breaching


def test_a_state_that_changes_says_why_as_aws_does():
    verdict = evaluate(RULE, values("00XXX"), OK)
    before = replace(alarm(), state=OK)
    after = with_verdict(before, verdict, NOW)
    assert (after.state, after.is_acted, after.turned, after.changed) == (ALARM, False, NOW, NOW)
    assert after.state_reason == (
        "Threshold Crossed: 3 out of the last 3 datapoints [20.0 (02/01/26 11:59:00), "
        "20.0 (02/01/26 11:58:00), 20.0 (02/01/26 11:57:00)] were greater than the threshold (10.0) "
        "(minimum 3 datapoints for OK -> ALARM transition)."
    )
    told = json.loads(after.state_data)
    assert (told["recentDatapoints"], told["threshold"]) == ([20.0, 20.0, 20.0], 10.0)
    assert told["startDate"] == "2026-01-02T11:57:00.000+0000"
    assert told_values(after.state_data) == [20.0, 20.0, 20.0]
    assert with_verdict(after, verdict, NOW + timedelta(minutes=1)) is after


@pytest.mark.parametrize(
    ("rule", "points", "reason"),
    [
        (
            replace(RULE, periods=1),
            "--0",
            (
                "Threshold Crossed: 1 out of the last 1 datapoints [5.0 (02/01/26 11:59:00)] was not greater than "
                "the threshold (10.0) (minimum 1 datapoint for ALARM -> OK transition)."
            ),
        ),
        (replace(RULE, periods=1), "---", "Insufficient Data: 1 datapoint was unknown."),
        (
            replace(RULE, periods=2, missing=Missing.NOT_BREACHING),
            "----",
            (
                "Threshold Crossed: 2 missing datapoints were treated as [NonBreaching] (minimum 2 datapoints for "
                "ALARM -> OK transition)."
            ),
        ),
    ],
)
def test_reasons(rule, points, reason):
    before = replace(alarm(rule), state=ALARM)
    assert with_verdict(before, evaluate(rule, values(points), ALARM), NOW).state_reason == reason


def test_of_many_values_the_newest_are_told():
    rule = Rule(Comparison.GREATER, 10.0, 360)
    begins = windows(NOW, 10, periods_of(rule))
    seen = [Value(begin, 20.0 + n) for n, begin in enumerate(begins)]
    after = with_verdict(alarm(rule), evaluate(rule, seen, UNKNOWN), NOW)
    assert len(after.state_reason) <= 1023
    assert len(after.state_data) <= 4000
    assert told_values(after.state_data)[-1] == 20.0 + 361


@pytest.mark.parametrize("data", ["", "{", "[]", "3", '{"recentDatapoints": 3}', "[" * 4000])
def test_data_that_tells_no_values(data):
    assert told_values(data) == []


def test_values_that_no_metric_has_are_not_told():
    """They come with SetAlarmState, from anyone who may set an alarm."""
    huge = ["1" + "0" * 400, "-1e308", "1e999", "NaN", "true", '"3"', "null"]
    assert told_values(f'{{"recentDatapoints": [{", ".join([*huge, "3"])}]}}') == [3.0]


def test_periods_end_with_a_whole_minute_or_ten_seconds():
    minute, second = timedelta(minutes=1), timedelta(seconds=1)
    now = NOW + 7 * second
    assert windows(now, 60, 2) == [NOW - 30 * second - 2 * minute, NOW - 30 * second - minute]
    assert windows(now, 300, 1) == [NOW - 30 * second - 5 * minute]
    assert windows(now, 20, 2) == [NOW - 40 * second, NOW - 20 * second]
