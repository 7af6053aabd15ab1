"""What state an alarm is in: a pure function of the values of its metric, and of the state that it was in.

Values are looked at over two periods more than the alarm names: if enough of them are there, the newest count and nothing is
missing; if not, what is missing counts as the alarm says.

source    "Configuring how CloudWatch alarms treat missing data", with the tables of its examples; "Alarm evaluation"
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from windvane.domain.alarms import MOST_VALUE, Alarm, AlarmState, Comparison, Missing, Rule

LOOKED_BACK = 2
"""Periods before those that an alarm names."""

MOST_TOLD = 20
"""Values that a reason tells; an alarm may look at 360."""

_WORDS = {
    Comparison.GREATER: "greater than",
    Comparison.GREATER_OR_EQUAL: "greater than or equal to",
    Comparison.LESS: "less than",
    Comparison.LESS_OR_EQUAL: "less than or equal to",
}


@dataclass(frozen=True)
class Value:
    """The value of a metric over one period.

    begin    of the period
    value    None if it is missing
    """

    begin: datetime
    value: float | None


@dataclass(frozen=True)
class Verdict:
    """The state that an alarm is to be in.

    known    the values that it was decided by, oldest first
    n_missing
             periods beside them
    """

    state: AlarmState
    known: tuple[Value, ...]
    n_missing: int


def periods_of(rule: Rule) -> int:
    """Return how many of the newest periods are looked at."""
    return rule.periods + LOOKED_BACK


def evaluate(rule: Rule, values: Sequence[Value], state: AlarmState) -> Verdict:
    """Return what state follows.

    values    of `periods_of` periods one after the other, oldest first
    state     that the alarm is in
    """
    known = [one for one in values if one.value is not None][-rule.periods :]
    n_missing = rule.periods - len(known)
    n_breaching = sum(
        rule.comparison.holds(one.value, rule.threshold) for one in known if one.value is not None
    )
    found = _state(rule, values, state, n_breaching, n_missing, len(known))
    return Verdict(found, tuple(known), n_missing)


def _state(
    rule: Rule,
    values: Sequence[Value],
    state: AlarmState,
    n_breaching: int,
    n_missing: int,
    n_known: int,
) -> AlarmState:
    needed = rule.breaching_to_alarm
    missing = rule.missing or Missing.MISSING
    if n_missing and missing is Missing.BREACHING:
        n_breaching += n_missing
    if n_breaching >= needed:
        return AlarmState.ALARM
    if not n_missing or missing in (Missing.BREACHING, Missing.NOT_BREACHING):
        return AlarmState.OK
    if n_breaching < n_known:
        return AlarmState.OK
    if missing is Missing.IGNORE:
        return state
    if not n_known:
        return AlarmState.UNKNOWN
    oldest = next(age for age, one in enumerate(values) if one.value is not None)
    return AlarmState.ALARM if len(values) - oldest >= needed else state


def with_verdict(alarm: Alarm, verdict: Verdict, now: datetime) -> Alarm:
    """Return the alarm in the state that follows; itself if that is the one that it is in."""
    if verdict.state is alarm.state:
        return alarm
    return turned(alarm, verdict.state, _reason(alarm, verdict), _data(alarm, verdict, now), now)


def turned(alarm: Alarm, state: AlarmState, reason: str, data: str, now: datetime) -> Alarm:
    """Return the alarm in a state that was decided, or set: its actions are due if it is another one."""
    is_another = state is not alarm.state
    return replace(
        alarm,
        state=state,
        state_reason=reason,
        state_data=data,
        changed=now,
        turned=now if is_another else alarm.turned,
        is_acted=alarm.is_acted and not is_another,
        modified=now,
    )


def told_values(data: str) -> list[float]:
    """Return the newest values that the data of a state's reason tells, less those that no metric has; none if it is no such
    data."""
    try:
        told = json.loads(data)["recentDatapoints"]
        return [float(one) for one in told if type(one) in (int, float) and abs(one) <= MOST_VALUE]
    except (ValueError, TypeError, KeyError, RecursionError):
        return []


def _reason(alarm: Alarm, verdict: Verdict) -> str:
    """Return the reason of a state, in AWS's words.

    source    StateReason in answers of DescribeAlarms
    """
    rule, n = alarm.rule, len(verdict.known)
    if verdict.state is AlarmState.UNKNOWN:
        return (
            f"Insufficient Data: {_counted(verdict.n_missing)} {_were(verdict.n_missing)} unknown."
        )
    newest = verdict.known[-MOST_TOLD:]
    listed = ", ".join(f"{one.value} ({one.begin:%d/%m/%y %H:%M:%S})" for one in reversed(newest))
    more = ", ..." if n > len(newest) else ""
    told = (
        [f"{n} out of the last {rule.periods} datapoints [{listed}{more}] {_were(n)}"] if n else []
    )
    is_beyond = "" if verdict.state is AlarmState.ALARM else "not "
    compared = f"{is_beyond}{_WORDS[rule.comparison]} the threshold ({rule.threshold})"
    if n:
        told = [f"{told[0]} {compared}"]
    if verdict.n_missing and rule.missing in (Missing.BREACHING, Missing.NOT_BREACHING):
        word = "Breaching" if rule.missing is Missing.BREACHING else "NonBreaching"
        told.append(
            f"{_counted(verdict.n_missing, 'missing ')} {_were(verdict.n_missing)} treated as [{word}]"
        )
    needed = _counted(rule.breaching_to_alarm)
    transition = f"(minimum {needed} for {alarm.state} -> {verdict.state} transition)"
    return f"Threshold Crossed: {' and '.join(told)} {transition}."[:1023]


def _counted(n: int, kind: str = "") -> str:
    return f"{n} {kind}datapoint{'' if n == 1 else 's'}"


def _were(n: int) -> str:
    return "was" if n == 1 else "were"


def _data(alarm: Alarm, verdict: Verdict, now: datetime) -> str:
    """Return the same for programs.

    source    StateReasonData in answers of DescribeAlarms
    """
    newest = verdict.known[-MOST_TOLD:]
    data = {
        "version": "1.0",
        "queryDate": _moment(now),
        "statistic": alarm.watched.statistic,
        "period": alarm.watched.period_s,
        "recentDatapoints": [one.value for one in newest],
        "threshold": alarm.rule.threshold,
        "evaluatedDatapoints": [
            {"timestamp": _moment(one.begin), "value": one.value} for one in reversed(newest)
        ],
    }
    if newest:
        data["startDate"] = _moment(newest[0].begin)
    return json.dumps(data)


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def windows(now: datetime, period_s: int, n: int) -> list[datetime]:
    """Return when the newest n periods began, oldest first: they end with the last whole minute, and those of less than a
    minute with the last whole ten seconds."""
    beat = min(period_s, 60) if period_s >= 60 else 10
    end = int(now.timestamp()) // beat * beat
    last = datetime.fromtimestamp(end, now.tzinfo)
    return [last - timedelta(seconds=period_s * (n - i)) for i in range(n)]
