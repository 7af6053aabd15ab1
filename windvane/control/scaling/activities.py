"""Scaling activities: begun, settled, described. What is decided is asked of the endpoint as a client would ask it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from windvane.control.endpoints import rescale_endpoint
from windvane.control.members import Request
from windvane.control.rules import check
from windvane.control.scaling.addressing import ADDRESS_RULES, address_of
from windvane.control.scaling.deciding import Decision
from windvane.control.scaling.paging import Pages, ScalingPage
from windvane.domain.deployment import Endpoint, EndpointStatus
from windvane.domain.resource import Kind
from windvane.domain.scaling import (
    ActivityStatus,
    Cause,
    ScalableTarget,
    ScalingActivity,
    activities_of,
    activity_name,
    target_name,
)
from windvane.errors import CallerFault
from windvane.names import PageTokens, Scope, arn
from windvane.store.base import Query, Store, Transaction

KEPT = timedelta(weeks=6)
"""source    DescribeScalingActivities in Application Auto Scaling's API reference"""

MOST_KEPT = 1000
"""Of one endpoint."""

_PAGE = 50


class ScalingActivities:
    """The operation DescribeScalingActivities."""

    def __init__(self, store: Store, tokens: PageTokens, clock: Callable[[], datetime]) -> None:
        self._store, self._tokens, self._clock = store, tokens, clock

    def describe(self, scope: Scope, request: Request) -> ScalingPage[ScalingActivity]:
        """Return the newest first.

        raises    InvalidRequest, InvalidPageToken
        """
        check(ADDRESS_RULES, request)
        pages = Pages(self._tokens, "DescribeScalingActivities", scope, request, _PAGE)
        query = Query(scope=scope, created_after=self._clock() - KEPT)
        if "ResourceId" in request:
            address = address_of(request["ResourceId"])
            query = replace(
                query,
                parent=arn(scope, Kind.ENDPOINT, address.endpoint),
                name_contains=activities_of(address.variant),
            )
        with self._store.snapshot() as tx:
            return pages.stored(tx, ScalingActivity, query)


def scaling_request(target: ScalableTarget, capacity: int) -> Request:
    """Return the request of UpdateEndpointWeightsAndCapacities that gives a target so many instances."""
    wish = {"VariantName": target.variant, "DesiredInstanceCount": capacity}
    return {"EndpointName": target.endpoint, "DesiredWeightsAndCapacities": [wish]}


def begin(
    tx: Transaction,
    target: ScalableTarget,
    decision: Decision,
    now: datetime,
    instance_limit: int,
) -> CallerFault | None:
    """Ask for other instances, and record that; also that it could not be. Return why not.

    instance_limit    model processes that the account may have
    """
    activity_id = str(uuid.uuid4())
    activity = ScalingActivity(
        scope=target.scope,
        name=activity_name(target.variant, activity_id),
        created=now,
        modified=now,
        parent=target.parent,
        id=activity_id,
        endpoint=target.endpoint,
        variant=target.variant,
        capacity=decision.capacity,
        cause=decision.cause,
        policy=decision.policy.policy_name if decision.policy else "",
        policy_id=decision.policy.id if decision.policy else "",
        alarm=decision.alarm,
        before=decision.before,
    )
    request = scaling_request(target, decision.capacity)
    refusal: CallerFault | None = None
    try:
        with tx.savepoint():
            rescale_endpoint(tx, target.scope, request, now, instance_limit)
    except CallerFault as fault:
        refusal = fault
        activity = replace(activity, status=ActivityStatus.FAILED, ended=now, failure=fault.note)
        tx.update(replace(target, failed=now))
    _forget_old(tx, activity)
    tx.insert(activity)
    return refusal


def settle(tx: Transaction, activity: ScalingActivity, now: datetime) -> None:
    """Record how a scaling in progress ended, if it has: cooldowns count from then."""
    endpoint = tx.by_arn(Endpoint, activity.parent)
    if endpoint is None or endpoint.status is not EndpointStatus.IN_SERVICE:
        return
    status = _ending(endpoint, activity)
    failure = endpoint.failure if status is ActivityStatus.FAILED else None
    tx.update(replace(activity, status=status, ended=now, failure=failure, modified=now))
    name = target_name(activity.scope, activity.endpoint, activity.variant)
    target = tx.find(ScalableTarget, activity.scope, name)
    if target is None:
        return
    if status is ActivityStatus.FAILED:
        tx.update(replace(target, failed=now))
    elif activity.cause is Cause.HIGH:
        out = replace(target, scaled_out=now, scaled_out_to=activity.capacity)
        tx.update(replace(out, scaled_out_from=activity.before))
    elif activity.cause is Cause.LOW:
        tx.update(replace(target, scaled_in=now))


def instances_of(endpoint: Endpoint, variant: str) -> int:
    """Return how many instances of a variant run; 0 if none or if it is serverless."""
    running = (one.variant for one in endpoint.running if one.variant.name == variant)
    return next((one.instance_count for one in running if one.serverless is None), 0)


def _ending(endpoint: Endpoint, activity: ScalingActivity) -> ActivityStatus:
    if instances_of(endpoint, activity.variant) == activity.capacity:
        return ActivityStatus.SUCCESSFUL
    return ActivityStatus.OVERRIDDEN if endpoint.failure is None else ActivityStatus.FAILED


def _forget_old(tx: Transaction, activity: ScalingActivity) -> None:
    """Make room for one more: of an endpoint's activities the newest are kept, of six weeks."""
    oldest = Query(scope=activity.scope, parent=activity.parent, descending=False)
    excess = tx.total(ScalingActivity, oldest) + 1 - MOST_KEPT
    if excess > 0:
        for one in tx.page(ScalingActivity, replace(oldest, limit=excess)).records:
            tx.delete(one)
    overdue = replace(oldest, created_before=activity.created - KEPT)
    for one in tx.page(ScalingActivity, overdue).records:
        tx.delete(one)
