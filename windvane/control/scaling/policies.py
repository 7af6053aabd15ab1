"""Scaling policies: put, described, deleted. Target tracking on the requests that an instance has a minute, and steps that
alarms ask for."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from windvane.control.members import Request, Unserved, first
from windvane.control.rules import Rule, check, refused
from windvane.control.scaling.addressing import (
    ADDRESS_RULES,
    described,
    find_target,
    named,
)
from windvane.control.scaling.paging import Pages, ScalingPage
from windvane.control.scaling.step_rules import CONFIG as STEP_CONFIG
from windvane.control.scaling.step_rules import step_scaling, stepped
from windvane.domain.scaling import METRIC, ScalableTarget, ScalingPolicy, policy_name, target_arn
from windvane.errors import InvalidRequest, LimitExceeded, ScalingObjectMissing
from windvane.names import PageTokens, Scope
from windvane.store.base import Query, Store, Transaction

MOST_POLICIES = 50
"""source    "Quotas for Application Auto Scaling": scaling policies per scalable target"""

TRACKING, STEPS = "TargetTrackingScaling", "StepScaling"
CONFIG = "TargetTrackingScalingPolicyConfiguration"
_PREDEFINED = f"{CONFIG}.PredefinedMetricSpecification.PredefinedMetricType"
_PAGE = 10


def why_not_served(request: Request) -> Iterator[str]:
    """Yield the reasons that clients cannot know."""
    if first(request, f"{CONFIG}.CustomizedMetricSpecification") is not None:
        yield (
            "Customized metrics cannot be published to this server: use the predefined "
            f"metric {METRIC}, or {STEPS} with an alarm on a metric of the endpoint."
        )
    for kind, config in ((TRACKING, STEP_CONFIG), (STEPS, CONFIG)):
        if request.get("PolicyType") == kind and config in request:
            yield f"{config} does not go with the PolicyType {kind}."


def tracked(request: Request) -> Iterator[str]:
    config = request.get(CONFIG)
    if config is None:
        return
    if config["TargetValue"] <= 0 or config["TargetValue"] > 2.0**360:
        yield (
            f"TargetValue is {config['TargetValue']:g}; it must be above 0 and at most 2^360: so many requests "
            "each instance has a minute."
        )
    if first(request, _PREDEFINED) is None:
        yield f"{CONFIG} must have a PredefinedMetricSpecification of the type {METRIC}."
    for name in ("ScaleOutCooldown", "ScaleInCooldown"):
        if config.get(name, 0) < 0:
            yield f"{name} is {config[name]}; it must be 0 or more seconds."


PUT_POLICY_RULES: tuple[Rule, ...] = (
    *ADDRESS_RULES,
    refused(
        Unserved("PolicyType", (TRACKING, STEPS)),
        Unserved("PredictiveScalingPolicyConfiguration"),
        Unserved(f"{CONFIG}.CustomizedMetricSpecification"),
        Unserved(_PREDEFINED, (METRIC,)),
        Unserved(f"{CONFIG}.PredefinedMetricSpecification.ResourceLabel"),
    ),
    why_not_served,
    tracked,
    stepped,
)


class ScalingPolicies:
    """The operations on scaling policies."""

    def __init__(self, store: Store, tokens: PageTokens, clock: Callable[[], datetime]) -> None:
        self._store, self._tokens, self._clock = store, tokens, clock

    def put(self, scope: Scope, request: Request) -> ScalingPolicy:
        """Make a policy, or change the one of the name; what is left out of an existing policy's configuration is as by
        default.

        raises    InvalidRequest, ScalingObjectMissing, LimitExceeded
        """
        check(PUT_POLICY_RULES, request)
        with self._store.transaction() as tx:
            target = find_target(tx, scope, request["ResourceId"], done="registered")
            name = policy_name(target, request["PolicyName"])
            before = tx.find(ScalingPolicy, scope, name)
            if before is None:
                policy = self._new(tx, target, name, request)
                tx.insert(policy)
                return policy
            policy = replace(before, modified=self._clock())
            if request.get("PolicyType", policy_type(policy)) != policy_type(policy):
                raise InvalidRequest(
                    f"The scaling policy {policy.policy_name} is of the type {policy_type(policy)}: "
                    "delete it to make one of another type."
                )
            if (config := _config_of(policy_type(policy))) in request:
                policy = replace(policy, **_configured(config, request[config]))
            tx.update(policy)
            return policy

    def _new(
        self, tx: Transaction, target: ScalableTarget, name: str, request: Request
    ) -> ScalingPolicy:
        config = _config_of(request.get("PolicyType", TRACKING))
        if missing := [one for one in ("PolicyType", config) if one not in request]:
            raise InvalidRequest(
                f"{' and '.join(missing)} must be given when a policy is made: PolicyType is {TRACKING} or "
                f"{STEPS}."
            )
        used = len(tx.children(ScalingPolicy, target.arn))
        if used >= MOST_POLICIES:
            raise LimitExceeded(
                "scaling policies of a scalable target", MOST_POLICIES, used, 1, "Policies"
            )
        now = self._clock()
        return ScalingPolicy(
            scope=target.scope,
            name=name,
            created=now,
            modified=now,
            parent=target.arn,
            policy_name=request["PolicyName"],
            id=str(uuid.uuid4()),
            resource_id=target.resource_id,
            **_configured(config, request[config]),
        )

    def describe(self, scope: Scope, request: Request) -> ScalingPage[ScalingPolicy]:
        """Return a page of the policies. Of all targets, a page may have fewer policies than asked for: those of other
        names are left out of it.

        raises    InvalidRequest, InvalidPageToken
        """
        check(ADDRESS_RULES, request)
        pages = Pages(self._tokens, "DescribeScalingPolicies", scope, request, _PAGE)
        names = set(request.get("PolicyNames", ()))
        with self._store.snapshot() as tx:
            if "ResourceId" in request:
                parent = target_arn(scope, named(scope, request["ResourceId"]))
                own = tx.children(ScalingPolicy, parent)
                return pages.cut([one for one in own if not names or one.policy_name in names])
            page = pages.stored(tx, ScalingPolicy, Query(scope=scope, descending=False))
        chosen = tuple(one for one in page.records if not names or one.policy_name in names)
        return ScalingPage(chosen, page.next_token)

    def delete(self, scope: Scope, request: Request) -> None:
        """Delete a scaling policy.

        raises    InvalidRequest, ScalingObjectMissing
        """
        check(ADDRESS_RULES, request)
        with self._store.transaction() as tx:
            target = find_target(tx, scope, request["ResourceId"], done="found")
            name = policy_name(target, request["PolicyName"])
            policy = tx.find(ScalingPolicy, scope, name)
            if policy is None:
                raise ScalingObjectMissing(
                    f"No scaling policy found for {described(request['ResourceId'])}, "
                    f"policy name: {request['PolicyName']}"
                )
            tx.delete(policy)


def policy_type(policy: ScalingPolicy) -> str:
    """Return PolicyType on the wire."""
    return TRACKING if policy.steps is None else STEPS


def _config_of(kind: str) -> str:
    return STEP_CONFIG if kind == STEPS else CONFIG


def _configured(name: str, config: Request) -> dict[str, Any]:
    """Return the fields of a policy that a configuration gives."""
    if name == STEP_CONFIG:
        return {"target_value": 0.0, "steps": step_scaling(config)}
    return {
        "target_value": float(config["TargetValue"]),
        "scale_out_cooldown_s": config.get("ScaleOutCooldown"),
        "scale_in_cooldown_s": config.get("ScaleInCooldown"),
        "disable_scale_in": config.get("DisableScaleIn"),
    }
