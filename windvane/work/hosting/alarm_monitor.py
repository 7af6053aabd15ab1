"""The alarm monitor: decides the states of alarms from the requests to their endpoints, and does what alarms ask for.

Every ten seconds it looks at the alarms of the endpoints that this server looks after. A state is recorded before its actions
are done, so that they are done after a restart, too; while an alarm is in ALARM they are done again each time it is looked at.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from windvane.control.alarms.evaluating import (
    Value,
    Verdict,
    evaluate,
    periods_of,
    told_values,
    windows,
    with_verdict,
)
from windvane.control.scaling.activities import instances_of
from windvane.control.scaling.deciding import Decision
from windvane.control.scaling.stepping import Breach, decide_step
from windvane.domain.alarms import Alarm, AlarmState, Metric
from windvane.domain.deployment import Endpoint
from windvane.domain.resource import Kind
from windvane.domain.scaling import ScalableTarget, ScalingPolicy
from windvane.errors import NewerRecord
from windvane.names import Scope, arn
from windvane.serving.metrics import Capacities, Requests, requests_of, value_of
from windvane.serving.readings import Snapshot
from windvane.serving.tally import SLOT_S
from windvane.store.base import Store, Transaction
from windvane.work.hosting.rescaling import Rescaling

_LOG = logging.getLogger(__name__)

_LOOK_S = 1.0

Figures = Callable[[Scope, str], Snapshot]
"""What is known of the requests to an endpoint, on all servers."""

_Looked = tuple[datetime, Alarm]
"""When the newest period began that an alarm was decided by, and the alarm as it was then."""

VariantName = tuple[Scope, str, str]
"""Scope, lower-case endpoint name, variant."""


class AlarmMonitor:
    """`start` once, `stop` once, from any thread but its own.

    figures    asked in its thread
    hosts      whether the endpoint of this ARN is this server's to look after
    leads      whether it looks after what nobody else does: alarms of endpoints that there are not
    """

    def __init__(
        self,
        store: Store,
        figures: Figures,
        rescaling: Rescaling,
        clock: Callable[[], datetime],
        *,
        hosts: Callable[[str], bool] = lambda _: True,
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        self._store, self._figures, self._clock = store, figures, clock
        self._rescaling, self._hosts, self._leads = rescaling, hosts, leads
        self._capacities: dict[VariantName, Capacities] = {}
        self._slot = 0
        self._looked: dict[str, _Looked] = {}
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alarms", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop looking at alarms; what is due is done after the next start."""
        self._is_stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def look(self) -> None:
        """Look at the alarms, if ten seconds have ended since they were looked at."""
        now = self._clock().astimezone(UTC)
        slot = int(now.timestamp()) // SLOT_S
        if slot == self._slot:
            return
        self._slot = slot
        with self._store.snapshot() as tx:
            alarms, endpoints = _with_endpoints(tx, tx.every(Alarm, ("",)))
        own = [one for one in alarms if self._is_own(one, endpoints)]
        self._note_capacities(own, endpoints, now)
        requests: dict[VariantName, Requests] = {}
        self._looked = {one.arn: self._looked[one.arn] for one in own if one.arn in self._looked}
        for alarm in own:
            try:
                self._look_at(alarm, requests, now)
            except Exception:  # noqa: BLE001 - the end of one alarm's part of a round
                _LOG.exception("%s could not be looked at; it is in ten seconds.", alarm.arn)

    def _run(self) -> None:
        while not self._is_stopping.wait(_LOOK_S):
            try:
                self.look()
            except Exception:  # noqa: BLE001 - the end of a round: alarms are looked at whatever happens
                _LOG.exception("A round of alarms failed; the next one tries again.")

    def _is_own(self, alarm: Alarm, endpoints: dict[str, Endpoint]) -> bool:
        named = _endpoint_arn(alarm)
        return self._hosts(named) if named in endpoints else self._leads()

    def _note_capacities(
        self, own: Sequence[Alarm], endpoints: dict[str, Endpoint], now: datetime
    ) -> None:
        """Keep how many instances there are, which the store does not say of the past."""
        kept: dict[VariantName, Capacities] = {}
        for alarm in own:
            endpoint = endpoints.get(_endpoint_arn(alarm))
            name = _variant_name(alarm)
            if endpoint is not None and name not in kept:
                kept[name] = self._capacities.get(name, Capacities())
                kept[name].note(now, instances_of(endpoint, alarm.watched.variant))
        self._capacities = kept

    def _look_at(self, alarm: Alarm, requests: dict[VariantName, Requests], now: datetime) -> None:
        if not alarm.is_acted:  # set by hand, or not done before a restart
            alarm = self._act(alarm, told_values(alarm.state_data), now)
        begins = windows(now, alarm.watched.period_s, periods_of(alarm.rule))
        if self._looked.get(alarm.arn) == (begins[-1], alarm):
            return
        values = [Value(begin, self._value(alarm, begin, requests)) for begin in begins]
        verdict = evaluate(alarm.rule, values, alarm.state)
        current = self._recorded(alarm, verdict, now)
        if current is None:
            return
        if current.state is AlarmState.ALARM or not current.is_acted:
            known = [one.value for one in verdict.known if one.value is not None]
            current = self._act(current, known, now)
        self._looked[alarm.arn] = begins[-1], current

    def _value(
        self, alarm: Alarm, begin: datetime, requests: dict[VariantName, Requests]
    ) -> float | None:
        """Return the value of the period that began then; None if it is missing.

        requests    of variants that were asked for in this round
        """
        watched, name = alarm.watched, _variant_name(alarm)
        if name not in requests:
            snapshot = self._figures(alarm.scope, watched.endpoint)
            requests[name] = requests_of(snapshot, watched.variant)
        known, period_s = requests[name], watched.period_s
        if not known.knows(begin):
            return None
        if watched.metric is Metric.PER_INSTANCE:
            capacities = self._capacities.get(name, Capacities())
            return known.per_instance(begin, period_s, capacities)
        return value_of(known.counts(begin, period_s), watched.metric, watched.statistic)

    def _recorded(self, alarm: Alarm, verdict: Verdict, now: datetime) -> Alarm | None:
        """Record the state that follows. Return the alarm as it is then; None if it was changed meanwhile, and is looked at
        anew in ten seconds."""
        after = with_verdict(alarm, verdict, now)
        if after is alarm:
            return alarm
        with self._store.transaction() as tx:
            current = tx.find(Alarm, alarm.scope, alarm.name)
            if current is None or not _is_same(current, alarm):
                return None
            tx.update(after)
        return after

    def _act(self, alarm: Alarm, values: Sequence[float], now: datetime) -> Alarm:
        """Ask the policies of the alarm's state, and record that they were asked. Return the alarm as it is then.

        values    that the state was decided by; at the threshold, if there are none
        """
        if alarm.is_enabled:
            differences = [value - alarm.rule.threshold for value in values] or [0.0]
            for policy in alarm.actions.of(alarm.state):
                self._ask(policy, Breach(alarm.name, differences), now)
        if alarm.is_acted:
            return alarm
        with self._store.transaction() as tx:
            current = tx.find(Alarm, alarm.scope, alarm.name)
            if current is not None and _is_same(current, alarm):
                tx.update(replace(current, is_acted=True))
        return replace(alarm, is_acted=True)

    def _ask(self, policy_arn: str, breach: Breach, now: datetime) -> None:
        with self._store.snapshot() as tx:
            policy = tx.by_arn(ScalingPolicy, policy_arn)
            target = None if policy is None else tx.by_arn(ScalableTarget, policy.parent)
        if policy is None or target is None:
            _LOG.warning("The alarm %s asks %s, which is gone.", breach.alarm, policy_arn)
            return

        def decided(tx: Transaction, target: ScalableTarget, capacity: int) -> Decision | None:
            current = tx.by_arn(ScalingPolicy, policy_arn)
            return None if current is None else decide_step(target, current, capacity, breach, now)

        self._rescaling.carry_out(target, decided, now)


def _with_endpoints(
    tx: Transaction, alarms: Sequence[Alarm]
) -> tuple[list[Alarm], dict[str, Endpoint]]:
    """Return the endpoints of alarms, each read once, by the ARN that alarms name; and the alarms, less those of endpoints that
    a newer version has written."""
    found, newer = dict[str, Endpoint](), set[str]()
    for named in {_endpoint_arn(one) for one in alarms}:
        try:
            endpoint = tx.by_arn(Endpoint, named)
        except NewerRecord:
            newer.add(named)
        else:
            found |= {} if endpoint is None else {named: endpoint}
    return [one for one in alarms if _endpoint_arn(one) not in newer], found


def _endpoint_arn(alarm: Alarm) -> str:
    return arn(alarm.scope, Kind.ENDPOINT, alarm.watched.endpoint)


def _variant_name(alarm: Alarm) -> VariantName:
    return alarm.scope, alarm.watched.endpoint.lower(), alarm.watched.variant


def _is_same(current: Alarm, looked: Alarm) -> bool:
    """Return whether nobody put, switched or set an alarm since it was looked at."""
    return current == replace(looked, is_acted=current.is_acted)
