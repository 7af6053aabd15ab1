"""The autoscaler: keeps the instances of scalable targets in step with their bounds and policies.

Level-triggered like hosting, which brings to life what is asked for here: each round settles what was begun, measures, and
begins what is due. Whatever is decided is decided again in the transaction that records it, so that two servers on one store
do not both do it.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from windvane.control.scaling.activities import begin, instances_of, scaling_request, settle
from windvane.control.scaling.deciding import Decision, decide
from windvane.control.scaling.measuring import Count, Measurements, VariantKey
from windvane.domain.deployment import Endpoint, EndpointStatus
from windvane.domain.scaling import (
    SERVICE_PRINCIPAL,
    SERVICE_ROLE,
    ActivityStatus,
    ScalableTarget,
    ScalingActivity,
    ScalingPolicy,
    service_role_arn,
)
from windvane.names import Scope
from windvane.store.base import Store, Transaction
from windvane.wire.call import Caller, Credential, RequestRecord
from windvane.wire.faults import INTERNAL, fault_of

_LOG = logging.getLogger(__name__)

_LOOK_S = 1.0
_TELL_AGAIN_S = 30.0

Arrivals = Callable[[], Mapping[tuple[Scope, str, str], int]]
"""Requests that came so far, by scope, lower-case endpoint name and variant."""


class Audit(Protocol):
    """The audit log, for what no request asks for."""

    def check(self, record: RequestRecord) -> None:
        """raises    StoreUnusable while changes cannot be recorded"""

    def note(self, record: RequestRecord) -> None:
        """Record what was done."""


@dataclass(frozen=True)
class _Looked:
    """A target with its endpoint, whose requests are counted."""

    target: ScalableTarget
    endpoint: Endpoint

    @property
    def key(self) -> VariantKey:
        return self.target.arn, self.target.created

    @property
    def is_out_of_bounds(self) -> bool:
        """Of what can be changed now."""
        capacity = instances_of(self.endpoint, self.target.variant)
        is_free = self.endpoint.status is EndpointStatus.IN_SERVICE and capacity > 0
        return is_free and not self.target.min_capacity <= capacity <= self.target.max_capacity


class Autoscaler:
    """`start` once, `stop` once, from any thread but its own.

    arrivals        asked in its thread
    period_s        that requests are averaged over; a minute on AWS
    instance_limit  model processes that an account may have
    """

    def __init__(
        self,
        store: Store,
        arrivals: Arrivals,
        audit: Audit,
        clock: Callable[[], datetime],
        *,
        period_s: float = 60.0,
        instance_limit: int = 20,
    ) -> None:
        self._store, self._arrivals = store, arrivals
        self._audit, self._clock = audit, clock
        self._instance_limit = instance_limit
        self._measurements = Measurements(period_s)
        self._look_s = min(_LOOK_S, period_s / 2)
        self._tell_again: dict[str, float] = {}
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="autoscaler", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """What was begun is settled after the next start."""
        self._is_stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def look(self) -> None:
        """Take one round."""
        now = self._clock()
        with self._store.snapshot() as tx:
            open_ = tx.every(ScalingActivity, (ActivityStatus.IN_PROGRESS,))
            looked = _looked(tx)
        for activity in open_:
            with self._apart(activity.parent):
                self._settle(activity, now)
        fresh = self._measure(looked, now)
        for one in looked:
            if one.key in fresh or one.is_out_of_bounds:
                with self._apart(one.endpoint.arn):
                    self._scale(one, now)
        there = {one.endpoint.arn for one in looked}
        self._tell_again = {arn: at for arn, at in self._tell_again.items() if arn in there}

    def _run(self) -> None:
        while not self._is_stopping.wait(self._look_s):
            try:
                self.look()
            except Exception:  # noqa: BLE001 - the end of a round: scaling goes on whatever happens
                _LOG.exception("A round of scaling failed; the next one tries again.")

    @contextmanager
    def _apart(self, arn: str) -> Iterator[None]:
        """What concerns one endpoint alone: if it goes wrong, a later round tries again. It is told of once in a while."""
        try:
            yield
        except Exception:  # noqa: BLE001 - the end of one endpoint's part of a round
            now = time.monotonic()
            if now >= self._tell_again.get(arn, now):
                _LOG.exception("%s cannot be scaled; it is tried again and again.", arn)
                self._tell_again[arn] = now + _TELL_AGAIN_S

    def _settle(self, activity: ScalingActivity, now: datetime) -> None:
        with self._store.transaction() as tx:
            current = tx.find(ScalingActivity, activity.scope, activity.name)
            if current is not None and current.status is ActivityStatus.IN_PROGRESS:
                settle(tx, current, now)

    def _measure(self, looked: Sequence[_Looked], now: datetime) -> set[VariantKey]:
        """Return the targets that policies have something new to go by."""
        arrivals = self._arrivals() if looked else {}
        counts: dict[VariantKey, Count] = {}
        for one in looked:
            place = one.endpoint.scope, one.endpoint.name.lower(), one.target.variant
            if instances := instances_of(one.endpoint, one.target.variant):
                counts[one.key] = Count(arrivals.get(place, 0), instances)
        return self._measurements.observe(counts, now)

    def _scale(self, looked: _Looked, now: datetime) -> None:
        with self._store.snapshot() as tx:
            if self._due(tx, looked, now) is None:
                return
        record = _record(looked.target)
        self._audit.check(record)
        with self._store.transaction() as tx:
            due = self._due(tx, looked, now)
            if due is None:
                return
            target, decision = due
            refusal = begin(tx, target, decision, now, self._instance_limit)
        record.parameters = scaling_request(target, decision.capacity)
        if refusal is not None:
            fault = fault_of(refusal, record.service) or INTERNAL
            record.error_code, record.status = fault.code, fault.status
            record.error_message = str(refusal)
        self._audit.note(record)

    def _due(
        self, tx: Transaction, looked: _Looked, now: datetime
    ) -> tuple[ScalableTarget, Decision] | None:
        """Return a target as it is recorded now, and what is to be done for it."""
        target = tx.find(ScalableTarget, looked.target.scope, looked.target.name)
        endpoint = tx.by_arn(Endpoint, looked.target.parent)
        if target is None or endpoint is None or endpoint.status is not EndpointStatus.IN_SERVICE:
            return None
        capacity = instances_of(endpoint, target.variant)
        if not capacity:
            return None
        policies = tx.children(ScalingPolicy, target.arn)
        points = self._measurements.points((target.arn, target.created))
        decision = decide(target, policies, capacity, points, now)
        return None if decision is None else (target, decision)


def _looked(tx: Transaction) -> Sequence[_Looked]:
    return [
        _Looked(target, endpoint)
        for target in tx.every(ScalableTarget, ("",))
        if (endpoint := tx.by_arn(Endpoint, target.parent)) is not None
    ]


def _record(target: ScalableTarget) -> RequestRecord:
    """Return what the audit log tells of a scaling: as AWS's does, a call by the service's own role."""
    scope = target.scope
    credential = Credential(
        account=scope.account,
        access_key="",
        secret_key="",
        principal_arn=f"arn:aws:sts::{scope.account}:assumed-role/{SERVICE_ROLE}/AutoScaling-UpdateDesiredCapacity",
        user_id=f"{SERVICE_ROLE}:AutoScaling-UpdateDesiredCapacity",
        permanent=False,
        role_arn=service_role_arn(scope.account),
    )
    return RequestRecord(
        request_id=str(uuid.uuid4()),
        source_ip=SERVICE_PRINCIPAL,
        user_agent=SERVICE_PRINCIPAL,
        service="sagemaker",
        operation="UpdateEndpointWeightsAndCapacities",
        caller=Caller(scope.account, scope.region, credential),
        account=scope.account,
        resources=(target.parent,),
        status=200,
    )
