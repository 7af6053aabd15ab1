"""Alarms put, described, deleted, switched and set by hand. Whoever looks after their endpoints decides their states."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from windvane.control.alarms.evaluating import turned
from windvane.control.alarms.rules import PUT_RULES, actions_of, rule_of, watched_of
from windvane.control.members import Request, Unserved
from windvane.control.rules import Rule, check, refused
from windvane.control.scaling.paging import Pages, ScalingPage
from windvane.control.tags import MAX_TAGS
from windvane.domain.alarms import Actions, Alarm, AlarmState, alarm_arn
from windvane.domain.scaling import ScalingPolicy
from windvane.errors import (
    AlarmMissing,
    AlarmTagsMissing,
    InvalidRequest,
    LimitExceeded,
    MalformedReason,
)
from windvane.names import PageTokens, Scope
from windvane.store.base import Store, Transaction

MOST_ALARMS = 500
"""Of an account, in all regions: a server looks at each of them every ten seconds."""

_MOST_OF_A_PAGE, _USUAL_PAGE = 100, 50

DESCRIBE_RULES: tuple[Rule, ...] = (
    refused(Unserved("ChildrenOfAlarmName"), Unserved("ParentsOfAlarmName")),
)


class Alarms:
    """The operations on alarms."""

    def __init__(self, store: Store, tokens: PageTokens, clock: Callable[[], datetime]) -> None:
        self._store, self._tokens, self._clock = store, tokens, clock

    def put(self, scope: Scope, request: Request) -> None:
        """Make an alarm, or change the one of the name: its state stays, all else is as the request has it.

        raises    InvalidRequest, LimitExceeded
        """
        check(PUT_RULES, request)
        now = self._clock()
        with self._store.transaction() as tx:
            before = tx.find(Alarm, scope, request["AlarmName"])
            alarm = _put(scope, request, before, now)
            _check_actions(tx, scope, alarm.actions)
            if before is not None:
                tx.update(alarm)
                return
            used = tx.count(Alarm, ("",), account=scope.account)
            if used >= MOST_ALARMS:
                raise LimitExceeded("alarms", MOST_ALARMS, used, 1, "Alarms")
            tx.insert(alarm)
            _set_tags(tx, alarm, {one["Key"]: one["Value"] for one in request.get("Tags", ())})

    def describe(self, scope: Scope, request: Request) -> ScalingPage[Alarm]:
        """Return a page of the alarms, by their names.

        raises    InvalidRequest, InvalidPageToken
        """
        check(DESCRIBE_RULES, request)
        if "AlarmNames" in request and "AlarmNamePrefix" in request:
            raise InvalidRequest("AlarmNames and AlarmNamePrefix exclude each other.")
        asked = {name: value for name, value in request.items() if name != "MaxRecords"}
        asked["MaxResults"] = request.get("MaxRecords", _USUAL_PAGE)
        pages = Pages(self._tokens, "DescribeAlarms", scope, asked, _MOST_OF_A_PAGE)
        if "MetricAlarm" not in request.get("AlarmTypes", ("MetricAlarm",)):
            return pages.cut(())
        with self._store.snapshot() as tx:
            found = [one for one in _of(tx, scope) if _is_asked_for(one, request)]
        return pages.cut(sorted(found, key=lambda alarm: alarm.name))

    def asking(self, scope: Scope, policies: Iterable[ScalingPolicy]) -> Mapping[str, list[Alarm]]:
        """Return the alarms that ask each of these policies, by the policy's ARN; oldest first."""
        arns = {policy.arn for policy in policies if policy.steps is not None}
        if not arns:
            return {}
        with self._store.snapshot() as tx:
            alarms = _of(tx, scope)
        return {arn: [one for one in alarms if arn in one.actions.every] for arn in arns}

    def delete(self, scope: Scope, request: Request) -> None:
        """Delete alarms: all of these, or none if one is missing.

        raises    AlarmMissing
        """
        with self._store.transaction() as tx:
            for alarm in [_existing(tx, scope, name) for name in request["AlarmNames"]]:
                tx.delete(alarm)

    def set_state(self, scope: Scope, request: Request) -> None:
        """Set the state of an alarm, until it is looked at again; the actions of the state are done.

        raises    AlarmMissing, MalformedReason
        """
        data = request.get("StateReasonData", "")
        if data:
            _check_data(data)
        with self._store.transaction() as tx:
            alarm = _existing(tx, scope, request["AlarmName"])
            state = AlarmState(request["StateValue"])
            tx.update(turned(alarm, state, request["StateReason"], data, self._clock()))

    def switch(self, scope: Scope, request: Request, *, on: bool) -> None:
        """Switch the actions of alarms on or off; those that are missing are left out.

        source    EnableAlarmActions names no error for them
        """
        now = self._clock()
        with self._store.transaction() as tx:
            for name in request["AlarmNames"]:
                alarm = _find(tx, scope, name)
                if alarm is not None and alarm.is_enabled is not on:
                    tx.update(replace(alarm, is_enabled=on, configured=now, modified=now))

    def tags(self, scope: Scope, arn: str) -> dict[str, str]:
        """Return the tags of an alarm.

        raises    AlarmTagsMissing
        """
        with self._store.snapshot() as tx:
            return tx.tags(_by_arn(tx, scope, arn).arn)

    def add_tags(self, scope: Scope, arn: str, tags: Mapping[str, str]) -> None:
        """Add tags to an alarm.

        raises    AlarmTagsMissing, InvalidRequest
        """
        with self._store.transaction() as tx:
            _set_tags(tx, _by_arn(tx, scope, arn), tags)

    def remove_tags(self, scope: Scope, arn: str, keys: Iterable[str]) -> None:
        """Remove tags of an alarm.

        raises    AlarmTagsMissing
        """
        with self._store.transaction() as tx:
            tx.remove_tags(_by_arn(tx, scope, arn).arn, keys)


def _put(scope: Scope, request: Request, before: Alarm | None, now: datetime) -> Alarm:
    if before is not None and before.name != request["AlarmName"]:
        raise InvalidRequest(
            f"There is an alarm '{before.name}': names of alarms differ by more than case here."
        )
    alarm = before or Alarm(
        scope=scope,
        name=request["AlarmName"],
        created=now,
        modified=now,
        configured=now,
        changed=now,
        turned=now,
        watched=watched_of(request),
        rule=rule_of(request),
        actions=Actions(),
    )
    return replace(
        alarm,
        modified=now,
        configured=now,
        watched=watched_of(request),
        rule=rule_of(request),
        actions=actions_of(request),
        description=request.get("AlarmDescription"),
        unit=request.get("Unit"),
        is_enabled=request.get("ActionsEnabled", True),
    )


def _check_actions(tx: Transaction, scope: Scope, actions: Actions) -> None:
    for arn in dict.fromkeys(actions.every):
        policy = tx.by_arn(ScalingPolicy, arn)
        if policy is None or policy.scope != scope or policy.arn != arn:
            raise InvalidRequest(f"There is no scaling policy {arn} in this account and region.")
        if policy.steps is None:
            raise InvalidRequest(
                f"The scaling policy {policy.policy_name} tracks a target, which needs no alarm: an alarm asks "
                "policies of the type StepScaling."
            )


def _check_data(data: str) -> None:
    try:
        is_object = isinstance(json.loads(data), dict)
    except (ValueError, RecursionError) as error:
        raise MalformedReason("StateReasonData must be a JSON object.") from error
    if not is_object:
        raise MalformedReason("StateReasonData must be a JSON object.")


def _of(tx: Transaction, scope: Scope) -> Sequence[Alarm]:
    return [one for one in tx.every(Alarm, ("",), scope.account) if one.scope == scope]


def _is_asked_for(alarm: Alarm, request: Request) -> bool:
    prefix = request.get("ActionPrefix", "")
    return (
        alarm.name in request.get("AlarmNames", (alarm.name,))
        and alarm.name.startswith(request.get("AlarmNamePrefix", ""))
        and alarm.state == request.get("StateValue", alarm.state)
        and (not prefix or any(one.startswith(prefix) for one in alarm.actions.every))
    )


def _find(tx: Transaction, scope: Scope, name: str) -> Alarm | None:
    alarm = tx.find(Alarm, scope, name)
    return alarm if alarm is not None and alarm.name == name else None


def _existing(tx: Transaction, scope: Scope, name: str) -> Alarm:
    alarm = _find(tx, scope, name)
    if alarm is None:
        raise AlarmMissing(f"There is no alarm {alarm_arn(scope, name)}.")
    return alarm


def _by_arn(tx: Transaction, scope: Scope, arn: str) -> Alarm:
    alarm = tx.by_arn(Alarm, arn)
    if alarm is None or alarm.scope != scope or alarm.arn != arn:
        raise AlarmTagsMissing(f"There is no alarm {arn}.")
    return alarm


def _set_tags(tx: Transaction, alarm: Alarm, tags: Mapping[str, str]) -> None:
    reserved = sorted(key for key in tags if key.lower().startswith("aws:"))
    if reserved:
        raise InvalidRequest(f"The tag key '{reserved[0]}' starts with 'aws:', which is reserved.")
    tx.set_tags(alarm.arn, dict(tags))
    if len(tx.tags(alarm.arn)) > MAX_TAGS:
        raise InvalidRequest(f"An alarm can have at most {MAX_TAGS} tags.")
