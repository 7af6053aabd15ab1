"""Scalable targets: registered, described, deregistered, tagged. The autoscaler brings their variants within their bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from windvane.control.endpoints import find_endpoint
from windvane.control.members import Request
from windvane.control.rules import check
from windvane.control.scaling.addressing import ADDRESS_RULES, address_of, find_target, named
from windvane.control.scaling.paging import Pages, ScalingPage
from windvane.control.tags import MAX_TAGS
from windvane.domain.deployment import Endpoint, EndpointStatus, Variant
from windvane.domain.scaling import ScalableTarget, Suspended, resource_id, target_name
from windvane.errors import (
    InvalidRequest,
    LimitExceeded,
    ScalingResourceMissing,
    TooManyTags,
)
from windvane.names import PageTokens, Scope
from windvane.store.base import Query, Store, Transaction

MOST_TARGETS = 500
"""Of an account, in all regions: any name may be a region's, and the autoscaler reads targets of all of them every second.

source    "Quotas for Application Auto Scaling": scalable targets per resource type; AWS has as many in a region
"""

_PAGE = 50
_SUSPENDED = {
    "DynamicScalingInSuspended": "scale_in",
    "DynamicScalingOutSuspended": "scale_out",
    "ScheduledScalingSuspended": "scheduled",
}


class ScalableTargets:
    """The operations on scalable targets."""

    def __init__(self, store: Store, tokens: PageTokens, clock: Callable[[], datetime]) -> None:
        self._store, self._tokens, self._clock = store, tokens, clock

    def register(self, scope: Scope, request: Request) -> ScalableTarget:
        """Register a target, or change the one that there is; what is left out stays.

        raises    InvalidRequest, LimitExceeded
        """
        check(ADDRESS_RULES, request)
        address = address_of(request["ResourceId"])
        with self._store.transaction() as tx:
            endpoint = find_endpoint(tx, scope, address.endpoint)
            variant = _scalable(endpoint, address.variant)
            name = target_name(scope, endpoint.name, variant.name)
            before = tx.find(ScalableTarget, scope, name)
            if before is None:
                return self._add(tx, endpoint, variant, request)
            if request.get("Tags"):
                raise InvalidRequest(
                    f"The scalable target {before.arn} exists: Tags can be given when it is registered first, "
                    "and by TagResource."
                )
            changed = _with_request(before, request)
            tx.update(replace(changed, failed=None, modified=self._clock()))
            return changed

    def _add(
        self, tx: Transaction, endpoint: Endpoint, variant: Variant, request: Request
    ) -> ScalableTarget:
        scope, now = endpoint.scope, self._clock()
        if missing := [n for n in ("MinCapacity", "MaxCapacity") if n not in request]:
            raise InvalidRequest(
                f"{' and '.join(missing)} must be given when a scalable target is registered first."
            )
        used = tx.count(ScalableTarget, ("",), account=scope.account)
        if used >= MOST_TARGETS:
            raise LimitExceeded("scalable targets", MOST_TARGETS, used, 1, "Targets")
        target = ScalableTarget(
            scope=scope,
            name=target_name(scope, endpoint.name, variant.name),
            created=now,
            modified=now,
            parent=endpoint.arn,
            endpoint=endpoint.name,
            variant=variant.name,
            min_capacity=request["MinCapacity"],
            max_capacity=request["MaxCapacity"],
        )
        target = _with_request(target, request)
        tx.insert(target)
        _set_tags(tx, target, request.get("Tags", {}))
        return target

    def describe(self, scope: Scope, request: Request) -> ScalingPage[ScalableTarget]:
        """Return a page of the scalable targets.

        raises    InvalidRequest, InvalidPageToken
        """
        check(ADDRESS_RULES, request)
        pages = Pages(self._tokens, "DescribeScalableTargets", scope, request, _PAGE)
        with self._store.snapshot() as tx:
            if ids := request.get("ResourceIds"):
                names = [named(scope, one) for one in ids]
                return pages.cut(tx.named(ScalableTarget, scope, names))
            return pages.stored(tx, ScalableTarget, Query(scope=scope, descending=False))

    def deregister(self, scope: Scope, request: Request) -> None:
        """Deregister a scalable target.

        raises    InvalidRequest, ScalingObjectMissing
        """
        check(ADDRESS_RULES, request)
        with self._store.transaction() as tx:
            tx.delete(find_target(tx, scope, request["ResourceId"], done="found"))

    def tags(self, scope: Scope, arn: str) -> dict[str, str]:
        """Return the tags of a scalable target.

        raises    ScalingResourceMissing
        """
        with self._store.snapshot() as tx:
            return tx.tags(_by_arn(tx, scope, arn).arn)

    def add_tags(self, scope: Scope, arn: str, tags: Mapping[str, str]) -> None:
        """Add tags to a scalable target.

        raises    ScalingResourceMissing, TooManyTags, InvalidRequest
        """
        with self._store.transaction() as tx:
            _set_tags(tx, _by_arn(tx, scope, arn), tags)

    def remove_tags(self, scope: Scope, arn: str, keys: Iterable[str]) -> None:
        """Remove tags of a scalable target.

        raises    ScalingResourceMissing
        """
        with self._store.transaction() as tx:
            tx.remove_tags(_by_arn(tx, scope, arn).arn, keys)


def variant_of(endpoint: Endpoint, name: str) -> Variant | None:
    """Return a variant of what an endpoint is to run."""
    return next((one.variant for one in endpoint.desired if one.variant.name == name), None)


def _scalable(endpoint: Endpoint, name: str) -> Variant:
    """Return a variant of an endpoint that can be scaled.

    raises    InvalidRequest for a variant that has no instances to be counted
    """
    variant = variant_of(endpoint, name)
    if endpoint.status in (EndpointStatus.DELETING, EndpointStatus.FAILED):
        raise InvalidRequest(
            f'The endpoint "{endpoint.arn}" is {endpoint.status}: it cannot be scaled.'
        )
    if variant is None:
        raise InvalidRequest(
            f'The variant name(s) "{name}" is/are not present within endpoint configuration "{endpoint.config_name}".'
        )
    if variant.serverless is not None:
        raise InvalidRequest(
            f"The variant of {resource_id(endpoint.name, name)} is serverless and has no instances: its processes "
            "come and go with requests, without a scalable target."
        )
    return variant


def _with_request(target: ScalableTarget, request: Request) -> ScalableTarget:
    """Return the target with what a request changes.

    raises    InvalidRequest
    """
    given = request.get("SuspendedState", {})
    told = {field: given[name] for name, field in _SUSPENDED.items() if name in given}
    suspended: Suspended = replace(target.suspended, **told)
    least = request.get("MinCapacity", target.min_capacity)
    most = request.get("MaxCapacity", target.max_capacity)
    if least < 1:
        raise InvalidRequest(
            f"MinCapacity is {least}; a variant has at least one instance: it must be 1 or more."
        )
    if most < least:
        raise InvalidRequest(
            f"Maximum capacity cannot be less than minimum capacity: MaxCapacity is {most}, MinCapacity {least}."
        )
    return replace(target, min_capacity=least, max_capacity=most, suspended=suspended)


def _by_arn(tx: Transaction, scope: Scope, arn: str) -> ScalableTarget:
    target = tx.by_arn(ScalableTarget, arn)
    if target is None or target.scope != scope or target.arn != arn:
        raise ScalingResourceMissing(f"No scalable target found for ARN: {arn}")
    return target


def _set_tags(tx: Transaction, target: ScalableTarget, tags: Mapping[str, str]) -> None:
    reserved = sorted(key for key in tags if key.lower().startswith("aws:"))
    if reserved:
        raise InvalidRequest(f"The tag key '{reserved[0]}' starts with 'aws:', which is reserved.")
    tx.set_tags(target.arn, dict(tags))
    if len(tx.tags(target.arn)) > MAX_TAGS:
        raise TooManyTags(f"A scalable target can have at most {MAX_TAGS} tags.")
