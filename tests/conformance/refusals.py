"""Every member of a request that is refused, read off the rules that refuse it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from conformance.places import path_of
from conformance.shapes import all_leaves

from windvane.api.automl_request.rules import CREATE_JOB_RULES
from windvane.api.automl_request.v2 import PROBLEM, REFUSED, V2_RULES, place_in_v2
from windvane.api.identity import refused_members
from windvane.api.runtime import UNSERVED
from windvane.api.sts import HONOURED
from windvane.control.alarms.rules import PUT_RULES
from windvane.control.alarms.service import DESCRIBE_RULES
from windvane.control.endpoint_configs import CREATE_CONFIG_RULES
from windvane.control.endpoints import CREATE_ENDPOINT_RULES, UPDATE_ENDPOINT_RULES
from windvane.control.members import Unserved
from windvane.control.models import CREATE_MODEL_RULES
from windvane.control.rules import Refused, Rule
from windvane.control.scaling.policies import PUT_POLICY_RULES
from windvane.control.step_rules import CREATE_PROCESSING_JOB_RULES, CREATE_TRAINING_JOB_RULES
from windvane.control.steps import LIST_RULES
from windvane.control.transform_rules import CREATE_TRANSFORM_JOB_RULES
from windvane.wire.model import load_service

_RULES: dict[str, tuple[Rule, ...]] = {
    "CreateAutoMLJob": CREATE_JOB_RULES,
    "CreateModel": CREATE_MODEL_RULES,
    "CreateEndpointConfig": CREATE_CONFIG_RULES,
    "CreateEndpoint": CREATE_ENDPOINT_RULES,
    "UpdateEndpoint": UPDATE_ENDPOINT_RULES,
    "CreateTrainingJob": CREATE_TRAINING_JOB_RULES,
    "CreateProcessingJob": CREATE_PROCESSING_JOB_RULES,
    "CreateTransformJob": CREATE_TRANSFORM_JOB_RULES,
    "ListTrainingJobs": LIST_RULES,
}

_REASONS = Path(__file__).with_name("refused.toml")


@dataclass(frozen=True)
class Refusal:
    """path        of the member; what is below it is refused with it
    accepted    the values that are not refused
    """

    service: str
    operation: str
    path: str
    accepted: tuple[Any, ...] = ()

    @property
    def is_of_a_problem(self) -> bool:
        """Whether it is the configuration of a kind of problem."""
        return self.path.removeprefix(f"{PROBLEM}.") in REFUSED

    def covers(self, leaf: str) -> bool:
        return leaf == self.path or leaf.startswith(
            (f"{self.path}.", f"{self.path}[", f"{self.path}{{")
        )


def refusals() -> list[Refusal]:
    """In the order of services, operations and rules."""
    found = [
        Refusal("sagemaker", operation, path_of(one.path), one.accepted)
        for operation, rules in _RULES.items()
        for one in _members(rules)
    ]
    return [
        *found,
        *_of_v2(),
        *_of_the_runtime(),
        *_of_sts(),
        *_of_iam(),
        *_of_scaling(),
        *_of_alarms(),
    ]


def _members(rules: Iterable[Rule]) -> Iterator[Unserved]:
    for rule in rules:
        if isinstance(rule, Refused):
            yield from rule.members


def _of_v2() -> Iterator[Refusal]:
    for one in _members((*CREATE_JOB_RULES, *V2_RULES)):
        place = ".".join(name[0].lower() + name[1:] for name in one.path.split("."))
        told = place_in_v2(place.replace("*", "1.member"))
        yield Refusal("sagemaker", "CreateAutoMLJobV2", path_of(told), one.accepted)
    for name in REFUSED:
        yield Refusal("sagemaker", "CreateAutoMLJobV2", f"{PROBLEM}.{name}")


def _of_the_runtime() -> Iterator[Refusal]:
    for name in UNSERVED:
        yield Refusal("sagemaker-runtime", "InvokeEndpoint", name)


def _of_sts() -> Iterator[Refusal]:
    for operation, honoured in HONOURED.items():
        for name in load_service("sts").operation(operation).input_shape.members:
            if name not in honoured:
                yield Refusal("sts", operation, name)


def _of_iam() -> Iterator[Refusal]:
    for (service, operation), members in refused_members().items():
        for name in members:
            yield Refusal(service, operation, name)


def _of_scaling() -> Iterator[Refusal]:
    for one in _members(PUT_POLICY_RULES):
        yield Refusal(
            "application-autoscaling", "PutScalingPolicy", path_of(one.path), one.accepted
        )


def _of_alarms() -> Iterator[Refusal]:
    for operation, rules in (("PutMetricAlarm", PUT_RULES), ("DescribeAlarms", DESCRIBE_RULES)):
        for one in _members(rules):
            yield Refusal("cloudwatch", operation, path_of(one.path), one.accepted)


@cache
def _reasons() -> dict[str, str]:
    table = tomllib.loads(_REASONS.read_text())["reason"]
    return {member: entry["why"] for entry in table for member in entry["members"]}


def reason_for(refusal: Refusal) -> str:
    """raises    LookupError if there is none"""
    if refusal.service == "sagemaker-runtime":
        return UNSERVED[refusal.path]
    if refusal.is_of_a_problem:
        return REFUSED[refusal.path.removeprefix(f"{PROBLEM}.")]
    return _reasons()[_reason_key(refusal)]


def _reason_key(refusal: Refusal) -> str:
    parts = refusal.path.split(".")
    ends = [".".join(parts[start:]) for start in range(len(parts))]
    found = next((end for end in ends if end in _reasons()), None)
    if found is None:
        raise LookupError(f"refused.toml says nothing of {refusal.operation} {refusal.path}")
    return found


def unused_reasons() -> set[str]:
    read = [
        one for one in refusals() if one.service != "sagemaker-runtime" and not one.is_of_a_problem
    ]
    return _reasons().keys() - {_reason_key(one) for one in read}


def unknown_paths() -> list[Refusal]:
    """Refusals of what the service model does not have."""
    return [
        one
        for one in refusals()
        if not any(
            one.covers(leaf)
            for leaf in all_leaves(load_service(one.service).operation(one.operation).input_shape)
        )
    ]
