"""What requests of Application Auto Scaling are about: a variant, its target, and the words for what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from windvane.control.members import Request
from windvane.control.rules import Rule
from windvane.domain.scaling import DIMENSION, NAMESPACE, RESOURCE_ID, ScalableTarget, target_name
from windvane.errors import ScalingObjectMissing
from windvane.names import Scope
from windvane.store.base import Transaction


def scaled_here(request: Request) -> Iterator[str]:
    """Yield what is wrong with how a request names scalable targets.

    source    the first sentence is AWS's own
    """
    ids = [request["ResourceId"]] if "ResourceId" in request else request.get("ResourceIds", [])
    if (
        request["ServiceNamespace"] != NAMESPACE
        or request.get("ScalableDimension", DIMENSION) != DIMENSION
        or not all(RESOURCE_ID.fullmatch(one) for one in ids)
    ):
        yield (
            "Unsupported service namespace, resource type or scalable dimension. Here they are "
            f"'{NAMESPACE}', endpoint/NAME/variant/VARIANT and '{DIMENSION}'."
        )


ADDRESS_RULES: tuple[Rule, ...] = (scaled_here,)


@dataclass(frozen=True)
class Address:
    """A variant as requests name it."""

    endpoint: str
    variant: str


def address_of(resource_id: str) -> Address:
    """Return the parts of a resource id that was checked."""
    match = RESOURCE_ID.fullmatch(resource_id)
    if match is None:
        raise ValueError(resource_id)
    return Address(*match.groups())


def named(scope: Scope, resource_id: str) -> str:
    """Return the name of the target of a resource id that was checked."""
    address = address_of(resource_id)
    return target_name(scope, address.endpoint, address.variant)


def find_target(tx: Transaction, scope: Scope, resource_id: str, *, done: str) -> ScalableTarget:
    """Return the target that is registered for a resource.

    done      what was to be done, as AWS's message has it: `found` or `registered`
    raises    ScalingObjectMissing
    source    the text is AWS's own
    """
    target = tx.find(ScalableTarget, scope, named(scope, resource_id))
    if target is None:
        raise ScalingObjectMissing(f"No scalable target {done} for {described(resource_id)}")
    return target


def described(resource_id: str) -> str:
    return (
        f"service namespace: {NAMESPACE}, resource ID: {resource_id}, "
        f"scalable dimension: {DIMENSION}"
    )
