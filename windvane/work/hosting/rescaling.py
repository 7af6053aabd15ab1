"""Scaling that was decided, carried out: as UpdateEndpointWeightsAndCapacities would, and told in the audit log."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from windvane.control.scaling.activities import begin, instances_of, scaling_request
from windvane.control.scaling.deciding import Decision
from windvane.domain.deployment import Endpoint, EndpointStatus
from windvane.domain.scaling import (
    SERVICE_PRINCIPAL,
    SERVICE_ROLE,
    ScalableTarget,
    service_role_arn,
)
from windvane.store.base import Store, Transaction
from windvane.wire.call import Caller, Credential, RequestRecord
from windvane.wire.faults import INTERNAL, fault_of

Decide = Callable[[Transaction, ScalableTarget, int], Decision | None]
"""Says what is to be done for a target, given how many instances there are."""


class Audit(Protocol):
    """The audit log, for what no request asks for."""

    def check(self, record: RequestRecord) -> None:
        """Check that changes can be recorded.

        raises    StoreUnusable while changes cannot be recorded
        """

    def note(self, record: RequestRecord) -> None:
        """Record what was done."""


class Rescaling:
    """Changes the instances of targets.

    instance_limit    model processes that an account may have
    """

    def __init__(self, store: Store, audit: Audit, instance_limit: int) -> None:
        self._store, self._audit, self._instance_limit = store, audit, instance_limit

    def carry_out(self, target: ScalableTarget, decide: Decide, now: datetime) -> bool:
        """Do what is decided for a target, if anything is; it is decided again in the transaction that records it. Return
        whether something was tried.

        raises    StoreUnusable while changes cannot be recorded
        """
        with self._store.snapshot() as tx:
            if _due(tx, target, decide) is None:
                return False
        record = _record(target)
        self._audit.check(record)
        with self._store.transaction() as tx:
            due = _due(tx, target, decide)
            if due is None:
                return False
            current, decision = due
            refusal = begin(tx, current, decision, now, self._instance_limit)
        record.parameters = scaling_request(current, decision.capacity)
        if refusal is not None:
            fault = fault_of(refusal, record.service) or INTERNAL
            record.error_code, record.status = fault.code, fault.status
            record.error_message = str(refusal)
        self._audit.note(record)
        return True


def _due(
    tx: Transaction, looked: ScalableTarget, decide: Decide
) -> tuple[ScalableTarget, Decision] | None:
    """Return a target as it is recorded now, and what is to be done for it."""
    target = tx.find(ScalableTarget, looked.scope, looked.name)
    endpoint = tx.by_arn(Endpoint, looked.parent)
    if target is None or endpoint is None or endpoint.status is not EndpointStatus.IN_SERVICE:
        return None
    capacity = instances_of(endpoint, target.variant)
    if not capacity:
        return None
    decision = decide(tx, target, capacity)
    return None if decision is None else (target, decision)


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
